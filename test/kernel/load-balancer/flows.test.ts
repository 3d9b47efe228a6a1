import { afterAll, beforeAll, expect } from 'vitest'
import { service } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import { installed, run } from '../support/namespaces.ts'
import type { EchoConnection } from '../support/peer.ts'

let lab: Lab
const open: EchoConnection[] = []
useLab({ backends: 2 }, (made) => {
  lab = made
})

beforeAll(async () => {
  for (const { peer } of lab.backends) {
    await peer.listenEcho({ port: 7000 })
    await peer.listenUdp({ port: 5300 })
  }
  const both = (port: number): string[] => [`10.2.1.2:${port}`, `10.2.2.2:${port}`]
  await lab.lb.run('up', 'eth0', ...service('80', ...both(7000)), ...service('udp/53', ...both(5300)))
  for (let i = 0; i < 6; i++) open.push(await lab.client.peer.connect({ host: lab.vip, port: 80 }))
  for (const connection of open) await lab.client.peer.exchange(connection, 'word')
  await lab.client.peer.udp({ host: lab.vip, port: 53, count: 3 })
})

afterAll(async () => {
  await lab.lb.run('down')
})

test('flows shows each connection as its two ends see it', async () => {
  const tcp = (await lab.lb.flows()).filter(({ protocol }) => protocol === 'tcp')
  const shown = tcp.map(({ client, vip, backend, source }) => ({ client, vip, backend, source }))
  const expected = open.map(({ localPort, seen, server }) => ({
    client: `10.1.0.2:${localPort}`,
    vip: '10.1.0.1:80',
    backend: server === 'b1' ? '10.2.1.2:7000' : '10.2.2.2:7000',
    source: seen,
  }))
  const byClient = (a: { client: string }, b: { client: string }): number => a.client.localeCompare(b.client)
  expect(shown.sort(byClient)).toEqual(expected.sort(byClient))
  for (const flow of tcp) expect(flow).toMatchObject({ state: 'ESTABLISHED', replied: true })
  for (const { timeout } of tcp) expect(timeout).toBeGreaterThan(60)
})

test('datagrams make flows, too', async () => {
  const udp = (await lab.lb.flows()).filter(({ protocol }) => protocol === 'udp')
  expect(udp).toHaveLength(3)
  for (const flow of udp) expect(flow).toMatchObject({ vip: '10.1.0.1:53', state: null, replied: true })
  expect(await lab.lb.run('flows')).toMatch(/^PROTO +CLIENT +VIP +BACKEND +SOURCE +STATE +TIMEOUT\n/)
})

test('conntrack -L shows the same', async (context) => {
  if (!installed('conntrack')) context.skip('conntrack is not installed')
  const lines = run(lab.balancer.namespace, 'conntrack', '-L').trim().split('\n')
  const theirs = lines
    .filter((line) => /\bmark=(?!0\b)/.test(line))
    .map((line) => {
      const ends = [...line.matchAll(/src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g)]
      const [original, reply] = ends.map(([, src, dst, sport, dport]) => [
        `${src}:${sport}`,
        `${dst}:${dport}`,
      ])
      const state = /^tcp +\d+ \d+ (\w+)/.exec(line)?.[1] ?? null
      const [protocol] = line.split(' ')
      return [protocol, original?.[0], original?.[1], reply?.[0], reply?.[1], state].join(' ')
    })
  const ours = (await lab.lb.flows()).map(({ protocol, client, vip, backend, source, state }) =>
    [protocol, client, vip, backend, source, state].join(' '),
  )
  expect(ours).toHaveLength(9)
  expect(ours.sort()).toEqual(theirs.sort())
})

test('two clients that use the same source port towards one backend are kept apart', async () => {
  await lab.lb.run('service', 'add', '81', '--backend', '10.2.1.2:7000')
  lab.client.addAddress('eth0', '10.1.0.3/24')
  const connect = (localAddress: string): Promise<EchoConnection> =>
    lab.client.peer.connect({ host: lab.vip, port: 81, localAddress, localPort: 43_000 })
  const connections = [await connect('10.1.0.2'), await connect('10.1.0.3')]
  expect(new Set(connections.map(({ seen }) => seen)).size).toBe(2)
  for (const [i, connection] of connections.entries())
    expect(await lab.client.peer.exchange(connection, `client ${i}`)).toBe(`client ${i}`)
  const flows = (await lab.lb.flows()).filter(({ vip }) => vip === '10.1.0.1:81')
  expect(flows.map(({ client }) => client).sort()).toEqual(['10.1.0.2:43000', '10.1.0.3:43000'])
  expect(flows.map(({ source }) => source).sort()).toEqual(connections.map(({ seen }) => seen).sort())
})

test('a connection that was closed goes from ESTABLISHED to its end', async () => {
  const [connection] = open
  if (connection === undefined) throw new Error('not connected')
  await lab.client.peer.close(connection)
  const flow = (await lab.lb.flows()).find(({ client }) => client === `10.1.0.2:${connection.localPort}`)
  expect(['TIME_WAIT', 'LAST_ACK', 'CLOSE']).toContain(flow?.state)
})
