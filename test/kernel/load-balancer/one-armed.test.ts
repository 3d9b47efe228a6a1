import { afterAll, beforeAll, expect } from 'vitest'
import { service } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import { type Snapshot, snapshot } from '../support/snapshot.ts'

let lab: Lab
let before: Snapshot
useLab({ backends: 2, shape: 'flat' }, (made) => {
  lab = made
})

beforeAll(async () => {
  for (const { peer } of lab.backends) {
    await peer.listenHttp({ port: 8080 })
    await peer.listenUdp({ port: 5300 })
  }
  before = snapshot(lab)
  const both = (port: number): string[] => [
    `${lab.backendAddress(0)}:${port}`,
    `${lab.backendAddress(1)}:${port}`,
  ]
  const services = [
    ...service('80', ...both(8080)),
    '--scheduler',
    'round-robin',
    ...service('udp/53', ...both(5300)),
  ]
  await lab.lb.run('up', 'eth0', ...services)
})

afterAll(async () => {
  await lab.lb.run('down')
  expect(snapshot(lab)).toEqual(before)
})

test('client, balancer and backends on one switch: the backends answer through the balancer', async () => {
  const answers = await lab.client.peer.get({ host: lab.vip, port: 80, count: 20 })
  const seen = answers.map(({ body }) => body?.replace(/:\d+$/, '')).sort()
  expect(seen).toEqual([...Array(10).fill(`b1 ${lab.vip}`), ...Array(10).fill(`b2 ${lab.vip}`)])
})

test('bodies and datagrams arrive whole', async () => {
  const transfers = await lab.client.peer.transfer({ host: lab.vip, port: 80, count: 8, size: 1 << 20 })
  for (const transfer of transfers) expect(transfer).toMatchObject({ bytes: 1 << 20, same: true })
  const answers = await lab.client.peer.udp({ host: lab.vip, port: 53, count: 10, size: 4000 })
  for (const answer of answers) expect(answer).toMatchObject({ from: `${lab.vip}:53`, intact: true })
})
