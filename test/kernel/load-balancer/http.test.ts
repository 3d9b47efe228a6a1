import { afterAll, beforeAll, expect } from 'vitest'
import { service } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import { installed, run } from '../support/namespaces.ts'

let lab: Lab
useLab({ backends: 2 }, (made) => {
  lab = made
})

beforeAll(async () => {
  for (const { peer } of lab.backends) await peer.listenHttp({ port: 8080 })
  await lab.lb.run('up', 'eth0', ...service('80', '10.2.1.2:8080', '10.2.2.2:8080'))
})

afterAll(async () => {
  await lab.lb.run('down', 'eth0')
})

test('a client gets an answer from a backend, which sees the balancer as its client', async () => {
  const [answer] = await lab.client.peer.get({ host: lab.vip, port: 80 })
  expect(answer?.status).toBe(200)
  expect(answer?.body).toMatch(/^b([12]) 10\.2\.\1\.1:\d+$/)
})

test('curl gets one, too', (context) => {
  if (!installed('curl')) context.skip('curl is not installed')
  expect(run(lab.client.namespace, 'curl', '-sS', `http://${lab.vip}/`)).toMatch(/^b[12] /)
})

test('a backend that refuses connections does so to the client, at once', async () => {
  await lab.lb.run('service', 'add', '81', '--backend', '10.2.1.2:9')
  const [answer] = await lab.client.peer.get({ host: lab.vip, port: 81 })
  expect(answer).toEqual({ error: 'ECONNREFUSED' })
})

test('200 connections at once carry a megabyte each, up or down, without a changed byte', async () => {
  const size = 1 << 20
  const opened = async () => (await lab.client.peer.counters())['Tcp.ActiveOpens'] ?? Number.NaN
  const before = await opened()
  const transfers = await lab.client.peer.transfer({ host: lab.vip, port: 80, count: 200, size })
  expect((await opened()) - before).toBe(200)
  expect(transfers).toHaveLength(200)
  for (const transfer of transfers) expect(transfer).toMatchObject({ bytes: size, same: true })
  const servers = new Set(transfers.map(({ server }) => server))
  expect([...servers].sort()).toEqual(['b1', 'b2'])
})
