import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import type { BackendStatus, Status } from '../../../src/programs/load-balancer/control/status.ts'
import { service } from '../support/command.ts'
import { describe, test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import type { EchoConnection } from '../support/peer.ts'

let lab: Lab
useLab({ backends: 3 }, (made) => {
  lab = made
})

beforeAll(async () => {
  for (const { peer } of lab.backends) {
    await peer.listenEcho({ port: 7000 })
    await peer.listenEcho({ port: 7001 })
  }
})

afterAll(async () => {
  await lab.lb.run('down')
})

async function up(): Promise<void> {
  const backends = ['10.2.1.2:7000', '10.2.2.2:7000']
  await lab.lb.run('up', 'eth0', ...service('80', ...backends), '--scheduler', 'round-robin')
}

async function open(count: number, port = 80): Promise<EchoConnection[]> {
  const connections: EchoConnection[] = []
  for (let i = 0; i < count; i++) connections.push(await lab.client.peer.connect({ host: lab.vip, port }))
  return connections
}

async function exchangeAll(connections: readonly EchoConnection[]): Promise<string[]> {
  return await Promise.all(connections.map((connection) => lab.client.peer.exchange(connection, 'word')))
}

const serversOf = (connections: readonly EchoConnection[]): string[] =>
  connections.map(({ server }) => server).sort()

describe('a change of the running balancer', () => {
  beforeEach(up)

  afterEach(async () => {
    await lab.lb.run('down')
  })

  test('a service is added beside another, listed and removed; only its own connections end', async () => {
    const [old] = await open(1)
    await lab.lb.run('service', 'add', '81', '--backend', '10.2.3.2:7001')
    const [added] = await open(1, 81)
    expect(added?.server).toBe('b3')
    expect(await lab.lb.json('service', 'list')).toMatchObject([
      { service: 'tcp/80', interface: 'eth0', addresses: ['10.1.0.1'], scheduler: 'round-robin' },
      { service: 'tcp/81', interface: 'eth0', addresses: ['10.1.0.1'], scheduler: 'random' },
    ])
    expect(await lab.lb.run('service', 'list')).toMatch(
      /tcp\/80[\s\S]*tcp\/81[\s\S]*10\.2\.3\.2:7001 +active/,
    )

    expect(await lab.lb.run('service', 'remove', '81')).toBe('service 81 removed, 1 connection ended\n')
    if (old === undefined || added === undefined) throw new Error('not connected')
    // Its packets reach the balancer itself now, which knows no such connection.
    expect(await lab.client.peer.exchange(added, 'word')).toBe('ECONNRESET')
    expect(await lab.client.peer.exchange(old, 'word')).toBe('word')
    expect(await lab.client.peer.tryConnect({ host: lab.vip, port: 81 })).toEqual({ error: 'ECONNREFUSED' })
    expect((await lab.lb.status()).services).toMatchObject([{ service: 'tcp/80' }])
  })

  test('an added backend gets its share of new connections', async () => {
    const before = await open(2)
    await lab.lb.run('backend', 'add', 'tcp/80', '10.2.3.2:7000,weight=2')
    expect(serversOf(await open(8))).toEqual(['b1', 'b1', 'b2', 'b2', 'b3', 'b3', 'b3', 'b3'])
    expect(await exchangeAll(before)).toEqual(['word', 'word'])
    const list = await lab.lb.json<BackendStatus[]>('backend', 'list', '80')
    expect(list).toMatchObject([
      { service: 'tcp/80', backend: '10.2.1.2:7000', weight: 1, connections: 3, active: 3, snat: '10.2.1.1' },
      { service: 'tcp/80', backend: '10.2.2.2:7000', weight: 1, connections: 3, active: 3, snat: '10.2.2.1' },
      { service: 'tcp/80', backend: '10.2.3.2:7000', weight: 2, connections: 4, active: 4, snat: '10.2.3.1' },
    ])
  })

  test('a draining backend keeps its connections and takes no new ones, until it is added again', async () => {
    const before = await open(4)
    expect(serversOf(before)).toEqual(['b1', 'b1', 'b2', 'b2'])
    await lab.lb.run('backend', 'drain', '80', '10.2.1.2:7000')
    expect(serversOf(await open(6))).toEqual(Array(6).fill('b2'))
    expect(await exchangeAll(before)).toEqual(Array(4).fill('word'))
    expect(await lab.lb.backend('tcp/80', '10.2.1.2:7000')).toMatchObject({ state: 'draining', active: 2 })
    expect(await lab.lb.run('backend', 'drain', '80', '10.2.1.2:7000')).toContain('was draining already')

    await lab.lb.run('backend', 'add', '80', '10.2.1.2:7000')
    expect(serversOf(await open(4))).toEqual(['b1', 'b1', 'b2', 'b2'])
    expect(await exchangeAll(before)).toEqual(Array(4).fill('word'))
    expect(await lab.lb.backend('tcp/80', '10.2.1.2:7000')).toMatchObject({ state: 'active', active: 4 })
  })

  test('a removed backend’s connections end, the others’ go on', async () => {
    const connections = await open(4)
    const out = await lab.lb.run('backend', 'remove', '80', '10.2.1.2:7000')
    expect(out).toBe('backend 10.2.1.2:7000 removed from 80, 2 connections ended\n')
    for (const connection of connections) {
      const expected = connection.server === 'b1' ? 'ECONNRESET' : 'word'
      expect(await lab.client.peer.exchange(connection, 'word')).toBe(expected)
    }
    const { backends } = await lab.lb.service('tcp/80')
    expect(backends).toMatchObject([{ backend: '10.2.2.2:7000', state: 'active' }])
    expect(serversOf(await open(3))).toEqual(['b2', 'b2', 'b2'])
  })

  test('a service whose backends all drain drops new connections, and counts them', async () => {
    const connections = await open(2)
    await lab.lb.run('backend', 'drain', '80', '10.2.1.2:7000')
    await lab.lb.run('backend', 'drain', '80', '10.2.2.2:7000')
    const refused = await lab.client.peer.tryConnect({ host: lab.vip, port: 80, timeout: 500 })
    expect(refused).toEqual({ error: 'timeout' })
    expect(await exchangeAll(connections)).toEqual(['word', 'word'])
    expect((await lab.lb.status()).counters.dropNoBackend).toBeGreaterThan(0)
  })
})

describe('refused, and nothing is changed:', () => {
  let before: Status

  beforeAll(async () => {
    await up()
    before = await lab.lb.status()
  })

  afterAll(async () => {
    expect(await lab.lb.status()).toEqual(before)
  })

  test.each([
    {
      args: 'service add 80 --backend 10.2.3.2:7000',
      code: 1,
      error: /tcp\/80 is there already/,
    },
    {
      args: 'service remove 443',
      code: 3,
      error: /no service tcp\/443[\s\S]*The services are: tcp\/80/,
    },
    { args: 'backend add 80 10.2.1.2:7000', code: 1, error: /has this backend already/ },
    { args: 'backend add 80 10.1.0.1:80', code: 2, error: /itself balanced/ },
    { args: 'backend add 443 10.2.1.2:7000', code: 3, error: /no service tcp\/443/ },
    { args: 'backend add 80 192.0.2.1:80', code: 2, error: /no route to 192\.0\.2\.1/ },
    {
      args: 'backend remove 80 10.2.3.2:7000',
      code: 3,
      error: /Its backends are: 10\.2\.1\.2:7000/,
    },
    { args: 'backend drain 80 10.2.3.2:7000', code: 3, error: /no backend 10\.2\.3\.2:7000/ },
    { args: 'backend list 443', code: 3, error: /no service tcp\/443/ },
    { args: 'service add 81 --backend 10.1.0.1:81', code: 2, error: /itself balanced/ },
    { args: 'service add 81 --backend 10.2.1.2:1 -i be1', code: 3, error: /not up on be1/ },
    { args: 'status be1', code: 3, error: /not up on be1[\s\S]*It is up on: eth0/ },
    { args: 'down be1', code: 3, error: /not up on be1/ },
  ])('$args', async ({ args, code, error }) => {
    const outcome = await lab.lb.try(...args.split(' '))
    expect(outcome).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(error) })
    expect(outcome.stderr).toMatch(/^error: .*\nhint: /)
  })
})
