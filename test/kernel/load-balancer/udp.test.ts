import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { service } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'

let lab: Lab
useLab({ backends: 2 }, (made) => {
  lab = made
})

const echo = 5300
const plain = 5301
const closed = 5302
const backends = (port: number): string[] => [`10.2.1.2:${port}`, `10.2.2.2:${port}`]

beforeAll(async () => {
  for (const { peer } of lab.backends) {
    await peer.listenUdp({ port: echo })
    await peer.listenUdp({ port: plain, named: false })
  }
  await lab.lb.run(
    'up',
    'eth0',
    ...service('udp/53', ...backends(echo)),
    ...service('udp/54', ...backends(plain)),
    ...service('udp/55', ...backends(closed)),
  )
})

afterEach(async () => {
  expect((await lab.lb.status()).counters).toMatchObject({ dropClash: 0, dropUntranslated: 0 })
})

afterAll(async () => {
  await lab.lb.run('down')
})

test('many clients’ datagrams are answered, from the address they were sent to', async () => {
  const count = 100
  const answers = await lab.client.peer.udp({ host: lab.vip, port: 53, count })
  expect(answers).toHaveLength(count)
  for (const answer of answers) expect(answer).toMatchObject({ from: `${lab.vip}:53`, intact: true })
  expect(new Set(answers.map(({ server }) => server))).toEqual(new Set(['b1', 'b2']))
  const { backends } = await lab.lb.service('udp/53')
  expect(backends.reduce((sum, { connections }) => sum + connections, 0)).toBe(count)
})

test('datagrams from one port go to one backend', async () => {
  const servers = new Set<string | undefined>()
  for (let i = 0; i < 10; i++) {
    const [answer] = await lab.client.peer.udp({ host: lab.vip, port: 53, localPort: 41_000 })
    servers.add(answer?.server)
  }
  expect([...servers]).toEqual([expect.stringMatching(/^b[12]$/)])
})

test.each([1472, 1473, 4000, 65_000])(
  'a datagram of %d bytes arrives whole, and so does its echo',
  async (size) => {
    const before = await lab.client.peer.counters()
    const answers = await lab.client.peer.udp({ host: lab.vip, port: 54, count: 3, size })
    for (const answer of answers) expect(answer).toMatchObject({ from: `${lab.vip}:54`, intact: true })
    const after = await lab.client.peer.counters()
    const fragmented = Number(after['Ip.FragOKs']) - Number(before['Ip.FragOKs'])
    const reassembled = Number(after['Ip.ReasmOKs']) - Number(before['Ip.ReasmOKs'])
    // 1472 bytes are the most that fit into a packet of 1500.
    if (size <= 1472) expect({ fragmented, reassembled }).toEqual({ fragmented: 0, reassembled: 0 })
    else expect(Math.min(fragmented, reassembled)).toBeGreaterThanOrEqual(3)
  },
)

test('a closed port on the backend is reported to the client', async () => {
  const [answer] = await lab.client.peer.udp({ host: lab.vip, port: 55 })
  expect(answer).toEqual({ error: 'ECONNREFUSED' })
})
