import { afterEach, beforeAll, expect } from 'vitest'
import { service } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'

let lab: Lab
useLab({ backends: 3 }, (made) => {
  lab = made
})

beforeAll(async () => {
  for (const { peer } of lab.backends) await peer.listenHttp({ port: 8080 })
})

afterEach(async () => {
  await lab.lb.run('down')
})

/** Makes connections and counts which backend answered. */
async function connect(count: number): Promise<Record<string, number>> {
  const answers = await lab.client.peer.get({ host: lab.vip, port: 80, count, atOnce: 20 })
  const counts: Record<string, number> = { b1: 0, b2: 0, b3: 0 }
  for (const { body, error } of answers) {
    expect(error).toBeUndefined()
    const server = body?.split(' ')[0] ?? ''
    counts[server] = (counts[server] ?? 0) + 1
  }
  return counts
}

test('round-robin takes turns exactly by weight', async () => {
  const backends = ['10.2.1.2:8080', '10.2.2.2:8080,weight=2', '10.2.3.2:8080']
  await lab.lb.run('up', 'eth0', ...service('80', ...backends), '--scheduler', 'round-robin')
  expect(await connect(80)).toEqual({ b1: 20, b2: 40, b3: 20 })
})

test('random choice follows the weights', async () => {
  await lab.lb.run('up', 'eth0', ...service('80', '10.2.1.2:8080', '10.2.2.2:8080,weight=3'))
  const count = 400
  const { b1, b2, b3 } = await connect(count)
  expect(b3).toBe(0)
  expect(Number(b1) + Number(b2)).toBe(count)
  // Hoeffding: a sum of `count` independent choices is off by `tolerance` or more with a probability of at most
  // 2·exp(-2·tolerance²/count), here 1e-6. Equal weights would be off by 100.
  const tolerance = Math.sqrt((count * Math.log(2 / 1e-6)) / 2)
  expect(tolerance).toBeLessThan(55)
  expect(Math.abs(Number(b2) - count * 0.75)).toBeLessThan(tolerance)

  const { backends } = await lab.lb.service('tcp/80')
  expect(backends.map(({ connections }) => connections)).toEqual([b1, b2])
})
