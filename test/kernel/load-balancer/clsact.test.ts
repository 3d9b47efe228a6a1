import { afterEach, beforeAll, beforeEach, expect } from 'vitest'
import {
  addBpfFilter,
  addClsact,
  deleteBpfFilter,
  deleteClsact,
  listBpfFilters,
  listQdiscs,
} from '../../../src/loader/netlink/route/traffic-control.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import type { UpResult } from '../../../src/programs/load-balancer/control/up.ts'
import { returning } from '../bpf/sample-programs.ts'
import { service } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import { type Snapshot, snapshot } from '../support/snapshot.ts'

let lab: Lab
let before: Snapshot
let eth0: number
useLab({ backends: 1 }, (made) => {
  lab = made
})

const up = ['up', 'eth0', '--attach', 'clsact', ...service('80', '10.2.1.2:7000')]

beforeAll(async () => {
  await lab.backends[0]?.peer.listenEcho({ port: 7000 })
})

beforeEach(() => {
  eth0 = lab.balancer.ifindex('eth0')
  before = snapshot(lab)
})

afterEach(async () => {
  await lab.lb.try('down')
  expect(snapshot(lab)).toEqual(before)
})

const hasClsact = (): boolean => listQdiscs(lab.balancer.route, eth0).some(({ kind }) => kind === 'clsact')
const filters = (): string[] =>
  listBpfFilters(lab.balancer.route, eth0, 'ingress').map(({ name, priority }) => `${priority} ${name}`)

/** Attaches a filter of somebody else's, before ours. @returns removes it */
function addForeignFilter(): () => void {
  const { route } = lab.balancer
  // TC_ACT_UNSPEC: go on with the next filter.
  using program = loadProgram(returning('theirs', -1), { maps: new Map() })
  const place = { ifindex: eth0, direction: 'ingress', priority: 7, handle: 1 } as const
  addBpfFilter(route, { ...place, programFd: program.fd.number, name: 'theirs' })
  return () => deleteBpfFilter(route, place)
}

test('a clsact filter balances, is replaced in place by a second up, and goes with its qdisc', async () => {
  const first = await lab.lb.json<UpResult>(...up)
  expect(first).toMatchObject({ outcome: 'attached', mode: 'clsact' })
  expect(filters()).toEqual(['49152 lb_ingress'])
  expect(snapshot(lab).tcx).toEqual([])
  const connection = await lab.client.peer.connect({ host: lab.vip, port: 80 })
  expect(connection).toMatchObject({ server: 'b1' })

  const second = await lab.lb.json<UpResult>(...up)
  expect(second).toMatchObject({ outcome: 'replaced', mode: 'clsact' })
  // Without --attach the way it is attached stays.
  const third = await lab.lb.json<UpResult>('up', 'eth0')
  expect(third).toMatchObject({ outcome: 'replaced', mode: 'clsact' })
  expect(filters()).toEqual(['49152 lb_ingress'])
  expect((await lab.lb.status()).interfaces).toMatchObject([
    { name: 'eth0', mode: 'clsact', program: { id: third.program.id, name: 'lb_ingress' } },
  ])
  expect(await lab.client.peer.exchange(connection, 'word')).toBe('word')

  await lab.lb.run('down')
  expect(hasClsact()).toBe(false)
})

test('a qdisc that was there stays, with what is on it', async () => {
  addClsact(lab.balancer.route, eth0)
  const removeFilter = addForeignFilter()
  try {
    const withTheirs = snapshot(lab)
    await lab.lb.run(...up)
    expect(filters()).toEqual(['7 theirs', '49152 lb_ingress'])
    expect((await lab.client.peer.connect({ host: lab.vip, port: 80 })).server).toBe('b1')
    await lab.lb.run('down', 'eth0')
    expect(snapshot(lab)).toEqual(withTheirs)
  } finally {
    removeFilter()
    deleteClsact(lab.balancer.route, eth0)
  }
})

test('our qdisc stays when somebody else uses it by now', async () => {
  await lab.lb.run(...up)
  const removeFilter = addForeignFilter()
  try {
    await lab.lb.run('down', 'eth0')
    expect(filters()).toEqual(['7 theirs'])
  } finally {
    removeFilter()
    deleteClsact(lab.balancer.route, eth0)
  }
})

test('the way of attaching cannot change while it is up', async () => {
  await lab.lb.run('up', 'eth0', ...service('80', '10.2.1.2:7000'))
  const running = snapshot(lab)
  const refused = await lab.lb.try(...up)
  expect(refused).toMatchObject({ code: 2, stdout: '' })
  expect(refused.stderr).toMatch(/attached to eth0 by tcx[\s\S]*tsbpf-lb down eth0/)
  expect(snapshot(lab)).toEqual(running)
})

test('a filter that somebody has removed is seen in status and put back by up', async () => {
  await lab.lb.run(...up)
  deleteClsact(lab.balancer.route, eth0)
  expect((await lab.lb.status()).interfaces).toMatchObject([{ name: 'eth0', program: null }])
  expect(await lab.lb.run('status')).toContain('NOT ATTACHED')
  expect(await lab.lb.json<UpResult>(...up)).toMatchObject({ outcome: 'attached' })
  expect((await lab.client.peer.connect({ host: lab.vip, port: 80 })).server).toBe('b1')
})
