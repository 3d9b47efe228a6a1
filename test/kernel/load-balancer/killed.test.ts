import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { parseBackend, parseService } from '../../../src/programs/load-balancer/control/endpoint.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import { Remote } from '../support/remote.ts'
import { type Snapshot, snapshot } from '../support/snapshot.ts'

let lab: Lab
let killable: Remote
let before: Snapshot
useLab({ backends: 2 }, (made) => {
  lab = made
})

/**
 * Trying every step takes a minute; every day some do. With TSBPF_TEST_EVERY_STEP=1, or whenever the order of steps
 * is changed, all of them.
 */
const stride = process.env.TSBPF_TEST_EVERY_STEP === '1' ? 1 : 8

beforeAll(async () => {
  for (const { peer } of lab.backends) await peer.listenEcho({ port: 7000 })
  killable = new Remote(lab.balancer.namespace, './crash-process.js', 'killable')
  before = snapshot(lab)
})

afterEach(async () => {
  await command('down', {})
  expect(snapshot(lab)).toEqual(before)
})

afterAll(async () => {
  await killable.end()
})

const services = [
  { ...parseService('80'), backends: ['10.2.1.2:7000', '10.2.2.2:7000'].map(parseBackend) },
  { ...parseService('udp/53'), backends: [parseBackend('10.2.1.2:5300')], scheduler: 'round-robin' },
]
const up = { interface: 'eth0', services }

interface Result {
  /** Changes to the kernel's state it has made. */
  readonly steps: number
  readonly killed: boolean
  readonly error?: string
  readonly code?: string
}

async function command(method: string, ...args: unknown[]): Promise<Result> {
  return await killable.call(method, { with: args })
}

async function succeed(method: string, ...args: unknown[]): Promise<Result> {
  const result = await command(method, ...args)
  expect(result, method).not.toHaveProperty('error')
  return result
}

async function killed(step: number, method: string, ...args: unknown[]): Promise<void> {
  const result = await killable.call<Result>(method, { with: args, killAt: step })
  expect(result).toMatchObject({ steps: step, killed: true })
}

/** Steps of a command to kill it at, given how many it has. */
function pointsOf(steps: number): number[] {
  expect(steps).toBeGreaterThan(4)
  return Array.from({ length: Math.ceil(steps / stride) }, (_, i) => Math.min(i * stride, steps - 1))
}

/** `down` removes whatever is there; if that is nothing, it says so. */
async function downLeavesNothing(step: string, ...args: unknown[]): Promise<void> {
  const { code, error } = await command('down', ...args)
  if (code !== 'NOT_FOUND') expect(error, step).toBeUndefined()
  expect(snapshot(lab), step).toEqual(before)
}

async function expectBalanced(step: string): Promise<void> {
  const connection = await lab.client.peer.connect({ host: lab.vip, port: 80 })
  expect(await lab.client.peer.exchange(connection, step)).toBe(step)
  await lab.client.peer.close(connection)
}

test.each(['tcx', 'clsact'])(
  'down cleans up after an up (%s) that was killed at any step',
  async (attach) => {
    const { steps } = await succeed('up', { ...up, attach })
    await succeed('down')
    for (const step of pointsOf(steps)) {
      await killed(step, 'up', { ...up, attach })
      await downLeavesNothing(`up killed at step ${step}`, { interface: 'eth0' })
    }
  },
)

test.each(['tcx', 'clsact'])('up works after an up (%s) that was killed at any step', async (attach) => {
  const { steps } = await succeed('up', { ...up, attach })
  await succeed('down')
  for (const step of pointsOf(steps)) {
    await killed(step, 'up', { ...up, attach })
    await succeed('up', { ...up, attach })
    await expectBalanced(`up killed at step ${step}`)
    await downLeavesNothing(`up after up killed at step ${step}`, { interface: 'eth0' })
  }
})

test('down works after a down that was killed at any step', async () => {
  await succeed('up', up)
  const { steps } = await succeed('down', { interface: 'eth0' })
  for (const step of pointsOf(steps)) {
    await succeed('up', up)
    await killed(step, 'down', { interface: 'eth0' })
    await downLeavesNothing(`down killed at step ${step}`, { interface: 'eth0' })
  }
})

test('a service can be removed and added again after its removal was killed at any step', async () => {
  const choice = { service: parseService('80') }
  await succeed('up', up)
  const { steps } = await succeed('removeService', choice)
  await succeed('addService', services[0])
  for (const step of pointsOf(steps)) {
    const what = `removal killed at step ${step}`
    const open = await lab.client.peer.connect({ host: lab.vip, port: 80 })
    await killed(step, 'removeService', choice)
    const again = await command('removeService', choice)
    if (again.code !== 'NOT_FOUND') expect(again.error, what).toBeUndefined()
    await succeed('addService', { ...services[0], backends: [parseBackend('10.2.2.2:7000')] })
    expect((await lab.lb.service('tcp/80')).backends, what).toMatchObject([
      { backend: '10.2.2.2:7000', state: 'active', active: 0, connections: 0 },
    ])
    await expectBalanced(what)
    await lab.client.peer.close(open, 'reset')
    await succeed('removeService', choice)
    await succeed('addService', services[0])
  }
})

test('a backend can be removed and added again after its removal was killed at any step', async () => {
  const choice = { service: parseService('80') }
  const backend = parseBackend('10.2.1.2:7000')
  await succeed('up', up)
  const { steps } = await succeed('removeBackend', choice, backend)
  await succeed('addBackend', choice, backend)
  for (const step of pointsOf(steps)) {
    const what = `removal killed at step ${step}`
    await killed(step, 'removeBackend', choice, backend)
    const again = await command('removeBackend', choice, backend)
    if (again.code !== 'NOT_FOUND') expect(again.error, what).toBeUndefined()
    await expectBalanced(what)
    await succeed('addBackend', choice, backend)
    expect((await lab.lb.service('tcp/80')).backends, what).toHaveLength(2)
  }
})
