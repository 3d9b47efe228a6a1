import { afterEach, beforeAll, expect } from 'vitest'
import type { UpResult } from '../../../src/programs/load-balancer/control/up.ts'
import { service } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import type { EchoConnection } from '../support/peer.ts'
import { type Snapshot, snapshot } from '../support/snapshot.ts'

let lab: Lab
let before: Snapshot
useLab({ backends: 2 }, (made) => {
  lab = made
})

const up = ['up', 'eth0', ...service('80', '10.2.1.2:7000', '10.2.2.2:7000')]

beforeAll(async () => {
  for (const { peer } of lab.backends) await peer.listenEcho({ port: 7000 })
  before = snapshot(lab)
})

afterEach(async () => {
  await lab.lb.run('down')
  expect(snapshot(lab)).toEqual(before)
})

async function open(count: number): Promise<EchoConnection[]> {
  return await Promise.all(
    Array.from({ length: count }, () => lab.client.peer.connect({ host: lab.vip, port: 80 })),
  )
}

async function expectAlive(connections: readonly EchoConnection[], word: string): Promise<void> {
  const answers = connections.map((connection) => lab.client.peer.exchange(connection, word))
  expect(await Promise.all(answers)).toEqual(connections.map(() => word))
}

test('open connections survive a second up, which replaces the program', async () => {
  const first = await lab.lb.json<UpResult>(...up)
  expect(first.outcome).toBe('attached')
  const connections = await open(10)
  await expectAlive(connections, 'before')

  // Words go to and fro all the while.
  let replacing = true
  const talk = (async () => {
    let rounds = 0
    while (replacing) await expectAlive(connections, `round ${rounds++}`)
    return rounds
  })()
  const second = await lab.lb.json<UpResult>(...up)
  const third = await lab.lb.json<UpResult>('up', 'eth0')
  replacing = false
  expect(await talk).toBeGreaterThan(0)

  expect([second.outcome, third.outcome]).toEqual(['replaced', 'replaced'])
  expect(new Set([first, second, third].map(({ program }) => program.id)).size).toBe(3)
  expect((await lab.lb.status()).interfaces).toMatchObject([
    { name: 'eth0', program: { id: third.program.id } },
  ])
  await expectAlive(connections, 'after')
  await expectAlive(await open(4), 'new')
})

test('a second up drains the backends it no longer names; their connections stay', async () => {
  await lab.lb.run(...up, '--scheduler', 'round-robin')
  const connections = await open(4)
  expect(connections.map(({ server }) => server).sort()).toEqual(['b1', 'b1', 'b2', 'b2'])
  await lab.lb.run('up', 'eth0', ...service('80', '10.2.2.2:7000'))
  await expectAlive(connections, 'still here')
  const fresh = await open(4)
  expect(fresh.map(({ server }) => server)).toEqual(['b2', 'b2', 'b2', 'b2'])
  expect(await lab.lb.backend('tcp/80', '10.2.1.2:7000')).toMatchObject({ state: 'draining', active: 2 })
})

test('open connections survive kill -9 of a second up', async () => {
  await lab.lb.run(...up)
  const connections = await open(6)
  const started = Date.now()
  await lab.lb.run(...up)
  const duration = Date.now() - started
  // killed.test.ts kills at every step; here it is the real signal, wherever it hits.
  for (const part of [0.5, 0.7, 0.85]) {
    const { process, outcome } = lab.lb.start(...up)
    const timer = setTimeout(() => process.kill('SIGKILL'), duration * part)
    await outcome
    clearTimeout(timer)
    await expectAlive(connections, `killed at ${part}`)
    await expectAlive(await open(2), 'new')
  }
  await lab.lb.run(...up)
  await expectAlive(connections, 'after')
})

test('after kill -9 of the first up, down removes what it left and up works', async () => {
  const started = Date.now()
  await lab.lb.run(...up)
  const duration = Date.now() - started
  await lab.lb.run('down')
  for (const part of [0.7, 0.85]) {
    const { process, outcome } = lab.lb.start(...up)
    const timer = setTimeout(() => process.kill('SIGKILL'), duration * part)
    await outcome
    clearTimeout(timer)
    expect([0, 3]).toContain((await lab.lb.try('down', 'eth0')).code)
    expect(snapshot(lab), `killed at ${part}`).toEqual(before)
  }
  await lab.lb.run(...up)
  await expectAlive(await open(4), 'works')
})
