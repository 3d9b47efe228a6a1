import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { makePinDirectory } from '../../../src/loader/bpf/bpffs.ts'
import { BpfMap } from '../../../src/loader/bpf/map.ts'
import { NetlinkSocket } from '../../../src/loader/netlink/core/socket.ts'
import { NftTransaction } from '../../../src/loader/netlink/nftables/transaction.ts'
import { inNamespace } from '../../../src/loader/netns/namespace.ts'
import { attachTcx } from '../../../src/loader/program/link-tcx.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import { parseBackend, parseService } from '../../../src/programs/load-balancer/control/endpoint.ts'
import { mapSpec } from '../bpf/fixture.ts'
import { returning } from '../bpf/sample-programs.ts'
import { atWork, commandPath, service, start } from '../support/command.ts'
import { FaultyCommands, stepsToTry } from '../support/faulty-commands.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, removePins, useLab } from '../support/lab.ts'
import { installed } from '../support/namespaces.ts'
import { type Snapshot, snapshot } from '../support/snapshot.ts'

let lab: Lab
let before: Snapshot
let commands: FaultyCommands
const foreign: { close(): void }[] = []
useLab({ backends: 2 }, (made) => {
  lab = made
})

const web = service('80', '10.2.1.2:7000', '10.2.2.2:7000')

beforeAll(async () => {
  for (const { peer } of lab.backends) await peer.listenEcho({ port: 7000 })
  commands = new FaultyCommands(lab.balancer.namespace)
  before = snapshot(lab)
})

afterEach(async () => {
  for (const thing of foreign.splice(0).reverse()) thing.close()
  await lab.lb.try('down')
  expect(snapshot(lab)).toEqual(before)
})

afterAll(async () => {
  await commands.end()
})

test.each([
  {
    what: 'an interface that does not exist',
    args: ['eth9', ...web],
    code: 3,
    error: /no network interface "eth9"\nhint: .*eth0, be1, be2/,
  },
  { what: 'the loopback interface', args: ['lo', ...web], code: 2, error: /lo is the loopback interface/ },
  {
    what: 'a backend without a route',
    args: ['eth0', ...service('80', '192.0.2.7:80')],
    code: 2,
    error: /no route/,
  },
  {
    what: 'a backend that is the VIP',
    args: ['eth0', ...service('80', '10.1.0.1:80')],
    code: 2,
    error: /itself balanced/,
  },
  { what: 'a service without backend', args: ['eth0', '--service', '80'], code: 2, error: /has no backend/ },
  { what: 'a service given twice', args: ['eth0', ...web, ...web], code: 2, error: /tcp\/80 is given twice/ },
  {
    what: 'a backend given twice',
    args: ['eth0', ...service('80', '10.2.1.2:80', '10.2.1.2:80')],
    code: 2,
    error: /10\.2\.1\.2:80 is given twice/,
  },
  {
    what: 'two services at one address',
    args: ['eth0', ...web, ...service('10.1.0.1:80', '10.2.1.2:7000')],
    code: 1,
    error: /10\.1\.0\.1:80 is served already by tcp\/80/,
  },
])('up with $what leaves nothing behind', async ({ args, code, error }) => {
  const outcome = await lab.lb.try('up', ...args)
  expect(outcome).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(error) })
  expect(outcome.stderr).toMatch(/^error: [^\n]+\nhint: [^\n]+\n$/)
  expect(snapshot(lab)).toEqual(before)
})

async function expectFailure(error: RegExp, state: Snapshot): Promise<void> {
  const outcome = await lab.lb.try('up', 'eth0', ...web)
  expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(error) })
  expect(snapshot(lab)).toEqual(state)
}

test('when the nf_tables table of our name belongs to somebody else, up fails and leaves it', async () => {
  const netfilter = inNamespace(lab.balancer.namespace, () => NetlinkSocket.open('netfilter'))
  // The kernel lets nobody else change it, and removes it with the socket.
  foreign.push(netfilter)
  const table = { family: 'inet', name: 'tsbpf_lb', flags: ['owner'], comment: 'theirs' } as const
  new NftTransaction('test').createTable(table).commit(netfilter)
  await expectFailure(/nf_tables table tsbpf_lb[\s\S]*EPERM/, snapshot(lab))
})

test('when the interface has no room for another program, up fails and leaves those there are', async () => {
  const ifindex = lab.balancer.ifindex('eth0')
  for (let i = 0; i < 63; i++) {
    const program = loadProgram(returning(`p${i}`, -1), { maps: new Map() })
    const link = inNamespace(lab.balancer.namespace, () =>
      attachTcx(program, { ifindex, direction: 'ingress' }),
    )
    foreign.push(program, link)
  }
  await expectFailure(/ERANGE[\s\S]*The hook holds/, snapshot(lab))
})

test('when a map of another kind is pinned in its place, up fails and leaves it', async () => {
  makePinDirectory(`${lab.pins}/maps`)
  using map = BpfMap.create(mapSpec('hash'))
  map.pin(`${lab.pins}/maps/lb_frontends`)
  foreign.push({ close: () => removePins(lab.pins) })
  await expectFailure(/lb_frontends/, snapshot(lab))
})

test('when sysctls cannot be written, up fails and undoes what it had done', async (context) => {
  if (!installed('unshare')) context.skip('unshare is not installed')
  const script = 'mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys && exec "$@"'
  const command = [process.execPath, commandPath, 'up', 'eth0', ...web]
  const outcome = await start(lab.balancer.namespace, 'unshare', ['-m', 'sh', '-c', script, '-', ...command])
    .outcome
  expect(outcome).toMatchObject({ code: 1, stdout: '' })
  expect(outcome.stderr).toContain('cannot write 1 to net.ipv4.conf.eth0.forwarding: EROFS')
  expect(snapshot(lab)).toEqual(before)
})

const up = {
  interface: 'eth0',
  services: [
    { ...parseService('80'), backends: ['10.2.1.2:7000', '10.2.2.2:7000'].map(parseBackend) },
    { ...parseService('udp/53'), backends: [parseBackend('10.2.1.2:5300')] },
  ],
}

test.each(['tcx', 'clsact'])('a first up (%s) that fails at any step undoes the others', async (attach) => {
  const { steps } = await commands.run('up', { ...up, attach })
  await commands.run('down')
  for (const step of stepsToTry(steps)) {
    const result = await commands.fail(step, 'up', { ...up, attach })
    expect(result.error, `step ${step}`).not.toContain('could not be undone')
    expect(snapshot(lab), `failed at step ${step}`).toEqual(before)
  }
})

test('a second up that fails at any step leaves the first as it was', async () => {
  const changed = {
    interface: 'eth0',
    services: [
      { ...parseService('80'), scheduler: 'round-robin', backends: [parseBackend('10.2.2.2:7000,weight=5')] },
      { ...parseService('81'), backends: [parseBackend('10.2.1.2:7000')] },
    ],
  }
  await commands.run('up', up)
  const { steps } = await commands.run('up', changed)
  await commands.run('down')
  await commands.run('up', up)
  const connection = await lab.client.peer.connect({ host: lab.vip, port: 80 })
  const running = { snapshot: snapshot(lab), interfaces: (await lab.lb.status()).interfaces }
  for (const step of stepsToTry(steps)) {
    const result = await commands.fail(step, 'up', changed)
    expect(result.error, `step ${step}`).not.toContain('could not be undone')
    expect(snapshot(lab), `failed at step ${step}`).toEqual(running.snapshot)
    const status = await lab.lb.status()
    expect(status.interfaces).toEqual(running.interfaces)
    expect(status.services, `failed at step ${step}`).toMatchObject([
      {
        service: 'tcp/80',
        scheduler: 'random',
        backends: [
          { backend: '10.2.1.2:7000', state: 'active', weight: 1 },
          { backend: '10.2.2.2:7000', state: 'active', weight: 1 },
        ],
      },
      { service: 'udp/53', backends: [{ backend: '10.2.1.2:5300' }] },
    ])
    expect(await lab.client.peer.exchange(connection, `step ${step}`)).toBe(`step ${step}`)
  }
})

test('Ctrl-C undoes what up has done', async () => {
  const up = lab.lb.start('up', 'eth0', ...web)
  await atWork(up)
  up.process.kill('SIGINT')
  expect(await up.outcome).toEqual({
    code: 130,
    stdout: '',
    stderr: 'interrupted; everything this command had done was undone\n',
  })
  expect(snapshot(lab)).toEqual(before)
})

test('Ctrl-C at any time leaves either nothing or the whole', async () => {
  const started = Date.now()
  await lab.lb.run('up', 'eth0', ...web)
  const duration = Date.now() - started
  await lab.lb.run('down')
  for (const part of [0.6, 0.75, 0.9]) {
    const { process, outcome } = lab.lb.start('up', 'eth0', ...web)
    const timer = setTimeout(() => process.kill('SIGINT'), duration * part)
    const { code } = await outcome
    clearTimeout(timer)
    // Undefined: the signal itself ended it, before it had begun its work or when that was done.
    expect([0, 130, undefined]).toContain(code)
    const whole = code === 0 || (code === undefined && snapshot(lab).pins.length > 0)
    if (whole) {
      await lab.client.peer.close(await lab.client.peer.connect({ host: lab.vip, port: 80 }))
      await lab.lb.run('down')
    }
    expect(snapshot(lab), `interrupted at ${part}`).toEqual(before)
  }
})
