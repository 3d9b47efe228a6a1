import { afterEach, beforeAll, expect } from 'vitest'
import { StateLock } from '../../../src/programs/load-balancer/control/lock.ts'
import { atWork, service } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import { type Snapshot, snapshot } from '../support/snapshot.ts'

let lab: Lab
let before: Snapshot
useLab({ backends: 1 }, (made) => {
  lab = made
})

const up = ['up', 'eth0', ...service('80', '10.2.1.2:7000')]

beforeAll(async () => {
  await lab.backends[0]?.peer.listenEcho({ port: 7000 })
  before = snapshot(lab)
})

afterEach(async () => {
  await lab.lb.try('down')
  expect(snapshot(lab)).toEqual(before)
})

test('ten backends added at once are all there', async () => {
  await lab.lb.run(...up)
  const added = Array.from({ length: 10 }, (_, i) => `10.2.1.2:${7001 + i}`)
  await Promise.all(added.map((backend) => lab.lb.run('backend', 'add', '80', backend)))
  const { backends } = await lab.lb.service('tcp/80')
  expect(backends.map(({ backend }) => backend).sort()).toEqual(['10.2.1.2:7000', ...added].sort())
  expect(backends.every(({ state }) => state === 'active')).toBe(true)
})

test('of one change made three times at once, one is made', async () => {
  await lab.lb.run(...up)
  const outcomes = await Promise.all(
    Array.from({ length: 3 }, () => lab.lb.try('backend', 'add', '80', '10.2.1.2:7001')),
  )
  expect(outcomes.map(({ code }) => code).sort()).toEqual([0, 1, 1])
  expect((await lab.lb.service('tcp/80')).backends).toHaveLength(2)
})

test('three first ups at once all succeed, and of three downs one', async () => {
  const ups = await Promise.all([lab.lb.try(...up), lab.lb.try(...up), lab.lb.try(...up)])
  for (const outcome of ups) expect(outcome).toMatchObject({ code: 0, stderr: '' })
  expect((await lab.client.peer.connect({ host: lab.vip, port: 80 })).server).toBe('b1')
  const downs = await Promise.all([lab.lb.try('down'), lab.lb.try('down'), lab.lb.try('down')])
  expect(downs.map(({ code }) => code).sort()).toEqual([0, 3, 3])
  expect(snapshot(lab)).toEqual(before)
})

test('ups and downs at once end in one of the two', async () => {
  await lab.lb.run(...up)
  const outcomes = await Promise.all([
    lab.lb.try('down'),
    lab.lb.try(...up),
    lab.lb.try('down'),
    lab.lb.try(...up),
  ])
  for (const outcome of outcomes) expect([0, 3], outcome.stderr).toContain(outcome.code)
  const status = await lab.lb.try('status')
  if (status.code === 0)
    expect((await lab.client.peer.connect({ host: lab.vip, port: 80 })).server).toBe('b1')
  else expect(snapshot(lab)).toEqual(before)
})

test('Ctrl-C ends the waiting', async () => {
  await lab.lb.run(...up)
  using lock = await StateLock.take(lab.pins, 0)
  expect(lock).toBeDefined()
  const waiting = lab.lb.start(...up, '--lock-timeout', '3600')
  await atWork(waiting)
  waiting.process.kill('SIGINT')
  expect(await waiting.outcome).toMatchObject({ code: 130, stdout: '' })
})

test('a command that another keeps waiting too long says so and changes nothing', async () => {
  await lab.lb.run(...up)
  const running = snapshot(lab)
  using lock = await StateLock.take(lab.pins, 0)
  expect(lock).toBeDefined()
  for (const command of [
    [...up, '--lock-timeout', '1'],
    ['backend', 'add', '80', '10.2.1.2:7001', '--lock-timeout', '0.2'],
    ['service', 'remove', '80', '--lock-timeout', '0'],
    ['down', 'eth0', '--lock-timeout', '0'],
  ]) {
    const outcome = await lab.lb.try(...command)
    expect(outcome).toMatchObject({ code: 1, stdout: '' })
    expect(outcome.stderr).toMatch(
      /^error: another tsbpf-lb command is changing the balancer[^\n]*\nhint: [^\n]*--lock-timeout SECONDS/,
    )
  }
  // Looking needs no lock.
  expect((await lab.lb.service('tcp/80')).backends).toHaveLength(1)
  lock?.release()
  expect(snapshot(lab)).toEqual(running)
  await lab.lb.run('backend', 'add', '80', '10.2.1.2:7001', '--lock-timeout', '0')
})
