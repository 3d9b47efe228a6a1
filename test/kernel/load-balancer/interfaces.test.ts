import { afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { deleteLink } from '../../../src/loader/netlink/route/link-changes.ts'
import { service } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import { type Snapshot, snapshot } from '../support/snapshot.ts'

let lab: Lab
let before: Snapshot
useLab({ backends: 2 }, (made) => {
  lab = made
})

const second = '10.4.0.1'
const virtual = '203.0.113.10'

beforeAll(async () => {
  for (const { peer } of lab.backends) await peer.listenEcho({ port: 7000 })
})

beforeEach(() => {
  lab.balancer.connect('eth1', `${second}/24`, lab.client, 'eth1', '10.4.0.2/24')
  before = snapshot(lab)
})

afterEach(() => {
  deleteLink(lab.balancer.route, 'eth1')
})

async function serverAt(host: string, port = 80): Promise<string> {
  const { peer } = lab.client
  const result = await peer.tryConnect({ host, port })
  if ('error' in result) return result.error
  await peer.close(result)
  return result.server
}

test('two interfaces are balanced each by its own services; down of one leaves the other', async () => {
  await lab.lb.run('up', 'eth0', ...service('80', '10.2.1.2:7000'))
  await lab.lb.run('up', 'eth1', ...service('80', '10.2.2.2:7000'))
  expect(await serverAt(lab.vip)).toBe('b1')
  expect(await serverAt(second)).toBe('b2')
  expect(await lab.lb.status()).toMatchObject({
    interfaces: [{ name: 'eth0' }, { name: 'eth1' }],
    services: [
      { service: 'tcp/80', interface: 'eth0', addresses: [lab.vip] },
      { service: 'tcp/80', interface: 'eth1', addresses: [second] },
    ],
  })
  expect(await lab.lb.json('status', 'eth1')).toMatchObject({
    interfaces: [{ name: 'eth1' }],
    services: [{ interface: 'eth1' }],
  })

  const unclear = await lab.lb.try('backend', 'drain', '80', '10.2.1.2:7000')
  expect(unclear).toMatchObject({ code: 2, stderr: expect.stringMatching(/several[\s\S]*--interface NAME/) })
  await lab.lb.run('backend', 'add', '80', '10.2.1.2:7000', '--interface', 'eth1')
  await lab.lb.run('backend', 'remove', '80', '10.2.2.2:7000', '--interface', 'eth1')
  expect(await serverAt(second)).toBe('b1')

  const connection = await lab.client.peer.connect({ host: second, port: 80 })
  expect(await lab.lb.run('down', 'eth0')).toContain('still up elsewhere')
  expect(await serverAt(lab.vip)).toBe('ECONNREFUSED')
  expect(await lab.client.peer.exchange(connection, 'word')).toBe('word')
  expect(await lab.lb.status()).toMatchObject({
    interfaces: [{ name: 'eth1' }],
    services: [{ service: 'tcp/80', interface: 'eth1' }],
    netfilter: 'ok',
  })
  expect((await lab.lb.try('down', 'eth0')).code).toBe(3)
  await lab.lb.run('down', 'eth1')
  expect(snapshot(lab)).toEqual(before)
})

test('a service at an address that no interface has is served to clients routed here, on any interface', async () => {
  const vip = service(`${virtual}:8080`, '10.2.1.2:7000')
  await lab.lb.run('up', 'eth0', ...vip)
  expect(await serverAt(virtual, 8080)).toBe('b1')
  expect(await serverAt(lab.vip, 8080)).toBe('ECONNREFUSED')
  expect(await lab.lb.service(`tcp/${virtual}:8080`)).toMatchObject({ interface: null, addresses: [virtual] })

  await lab.lb.run('up', 'eth1')
  lab.client.addRoute(second, `${virtual}/32`)
  expect(await serverAt(virtual, 8080)).toBe('b1')
  await lab.lb.run('down', 'eth0')
  expect(await serverAt(virtual, 8080)).toBe('b1')
  await lab.lb.run('down')
  expect(snapshot(lab)).toEqual(before)
})

test('an interface that was deleted is told apart, and down without a name cleans up', async () => {
  await lab.lb.run('up', 'eth0', ...service('80', '10.2.1.2:7000'))
  await lab.lb.run('up', 'eth1', ...service('81', '10.2.2.2:7000'))
  const eth1 = lab.balancer.ifindex('eth1')
  deleteLink(lab.balancer.route, 'eth1')
  const withoutEth1 = snapshot(lab)
  expect((await lab.lb.status()).interfaces).toMatchObject([
    { name: 'eth0' },
    { name: null, ifindex: eth1, program: null },
  ])
  expect(await lab.lb.run('status')).toMatch(new RegExp(`#${eth1} .*interface is gone`))
  expect(await serverAt(lab.vip)).toBe('b1')
  await lab.lb.run('down')
  expect(snapshot(lab)).toMatchObject({ links: withoutEth1.links, nfTables: [], tcx: [], pins: [] })
  lab.balancer.connect('eth1', `${second}/24`, lab.client, 'eth1', '10.4.0.2/24')
})
