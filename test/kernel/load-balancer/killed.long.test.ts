import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { parseBackend, parseService } from '../../../src/programs/load-balancer/control/endpoint.ts'
import { FaultyCommands, stepsToTry } from '../support/faulty-commands.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import { type Snapshot, snapshot } from '../support/snapshot.ts'

let lab: Lab
let commands: FaultyCommands
let before: Snapshot
useLab({ backends: 2 }, (made) => {
  lab = made
})

beforeAll(async () => {
  for (const { peer } of lab.backends) await peer.listenEcho({ port: 7000 })
  commands = new FaultyCommands(lab.balancer.namespace)
  before = snapshot(lab)
})

afterEach(async () => {
  await commands.try('down', {})
  expect(snapshot(lab)).toEqual(before)
})

afterAll(async () => {
  await commands.end()
})

const services = [
  { ...parseService('80'), backends: ['10.2.1.2:7000', '10.2.2.2:7000'].map(parseBackend) },
  { ...parseService('udp/53'), backends: [parseBackend('10.2.1.2:5300')], scheduler: 'round-robin' },
]
const up = { interface: 'eth0', services }

/** `down` removes whatever is there; if that is nothing, it says so. */
async function downLeavesNothing(step: string, ...args: unknown[]): Promise<void> {
  const { code, error } = await commands.try('down', ...args)
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
    const { steps } = await commands.run('up', { ...up, attach })
    await commands.run('down')
    for (const step of stepsToTry(steps)) {
      await commands.kill(step, 'up', { ...up, attach })
      await downLeavesNothing(`up killed at step ${step}`, { interface: 'eth0' })
    }
  },
)

test.each(['tcx', 'clsact'])('up works after an up (%s) that was killed at any step', async (attach) => {
  const { steps } = await commands.run('up', { ...up, attach })
  await commands.run('down')
  for (const step of stepsToTry(steps)) {
    await commands.kill(step, 'up', { ...up, attach })
    await commands.run('up', { ...up, attach })
    await expectBalanced(`up killed at step ${step}`)
    await downLeavesNothing(`up after up killed at step ${step}`, { interface: 'eth0' })
  }
})

test('down works after a down that was killed at any step', async () => {
  await commands.run('up', up)
  const { steps } = await commands.run('down', { interface: 'eth0' })
  for (const step of stepsToTry(steps)) {
    await commands.run('up', up)
    await commands.kill(step, 'down', { interface: 'eth0' })
    await downLeavesNothing(`down killed at step ${step}`, { interface: 'eth0' })
  }
})

test('a service can be removed and added again after its removal was killed at any step', async () => {
  const choice = { service: parseService('80') }
  await commands.run('up', up)
  const { steps } = await commands.run('removeService', choice)
  await commands.run('addService', services[0])
  for (const step of stepsToTry(steps)) {
    const what = `removal killed at step ${step}`
    const open = await lab.client.peer.connect({ host: lab.vip, port: 80 })
    await commands.kill(step, 'removeService', choice)
    const again = await commands.try('removeService', choice)
    if (again.code !== 'NOT_FOUND') expect(again.error, what).toBeUndefined()
    await commands.run('addService', { ...services[0], backends: [parseBackend('10.2.2.2:7000')] })
    expect((await lab.lb.service('tcp/80')).backends, what).toMatchObject([
      { backend: '10.2.2.2:7000', state: 'active', active: 0, connections: 0 },
    ])
    await expectBalanced(what)
    await lab.client.peer.close(open, 'reset')
    await commands.run('removeService', choice)
    await commands.run('addService', services[0])
  }
})

test('a backend can be removed and added again after its removal was killed at any step', async () => {
  const choice = { service: parseService('80') }
  const backend = parseBackend('10.2.1.2:7000')
  await commands.run('up', up)
  const { steps } = await commands.run('removeBackend', choice, backend)
  await commands.run('addBackend', choice, backend)
  for (const step of stepsToTry(steps)) {
    const what = `removal killed at step ${step}`
    await commands.kill(step, 'removeBackend', choice, backend)
    const again = await commands.try('removeBackend', choice, backend)
    if (again.code !== 'NOT_FOUND') expect(again.error, what).toBeUndefined()
    await expectBalanced(what)
    await commands.run('addBackend', choice, backend)
    expect((await lab.lb.service('tcp/80')).backends, what).toHaveLength(2)
  }
})
