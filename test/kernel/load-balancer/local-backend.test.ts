import { afterAll, beforeAll, expect } from 'vitest'
import { service } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import { type Snapshot, snapshot } from '../support/snapshot.ts'

let lab: Lab
let before: Snapshot
useLab({ backends: 1 }, (made) => {
  lab = made
})

beforeAll(async () => {
  const { balancer, backends, vip } = lab
  for (const { peer } of [balancer, ...backends]) {
    await peer.listenHttp({ port: 8080 })
    await peer.listenEcho({ port: 7000 })
    await peer.listenUdp({ port: 5300 })
  }
  before = snapshot(lab)
  await lab.lb.run(
    'up',
    'eth0',
    ...service('80', `${vip}:8080`, '10.2.1.2:8080'),
    ...['--scheduler', 'round-robin'],
    ...service('81', `${vip}:7000`),
    // An address of the balancer's on another interface.
    ...service('82', '10.2.1.1:7000'),
    ...service('udp/53', `${vip}:5300`),
  )
})

afterAll(async () => {
  await lab.lb.run('down')
  expect(snapshot(lab)).toEqual(before)
})

test('a backend on the balancer’s own host takes its turn beside another', async () => {
  const answers = await lab.client.peer.get({ host: lab.vip, port: 80, count: 10 })
  const servers = answers.map(({ body, error }) => error ?? body?.split(' ')[0]).sort()
  expect(servers).toEqual([...Array(5).fill('b1'), ...Array(5).fill('balancer')])
})

test.each([81, 82])('connections to a local server behind port %d carry data', async (port) => {
  const connection = await lab.client.peer.connect({ host: lab.vip, port })
  expect(connection.server).toBe('balancer')
  expect(await lab.client.peer.exchange(connection, 'word')).toBe('word')
  const [flow] = (await lab.lb.flows()).filter(({ client }) => client.endsWith(`:${connection.localPort}`))
  expect(flow).toMatchObject({ source: connection.seen, state: 'ESTABLISHED' })
  await lab.client.peer.close(connection)
})

test('bodies arrive whole', async () => {
  const transfers = await lab.client.peer.transfer({ host: lab.vip, port: 80, count: 8, size: 1 << 20 })
  for (const transfer of transfers) expect(transfer).toMatchObject({ bytes: 1 << 20, same: true })
})

test('datagrams are answered by a local server, from the address they were sent to', async () => {
  const answers = await lab.client.peer.udp({ host: lab.vip, port: 53, count: 10 })
  for (const answer of answers)
    expect(answer).toMatchObject({ server: 'balancer', from: `${lab.vip}:53`, intact: true })
})
