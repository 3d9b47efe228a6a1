import { beforeEach, expect } from 'vitest'
import { parseIp } from '../../../src/loader/address/ip.ts'
import type { NetlinkSocket } from '../../../src/loader/netlink/core/socket.ts'
import type { Choice } from '../../../src/programs/load-balancer/control/mark-and-map.ts'
import {
  applyNetfilter,
  type GuardedTraffic,
  netfilterState,
  removeNetfilter,
} from '../../../src/programs/load-balancer/control/netfilter-gear.ts'
import { Rollback } from '../../../src/programs/load-balancer/control/rollback.ts'
import { describe, test } from '../support/kernel-test.ts'
import { run, testNamespaces } from '../support/namespaces.ts'

const namespaces = testNamespaces()
let socket: NetlinkSocket
let nft: (...args: string[]) => string

beforeEach(() => {
  const namespace = namespaces.create('gear')
  socket = namespaces.open(namespace, 'netfilter')
  nft = (...args) => run(namespace, 'nft', ...args)
})

const backend = (index: number, address: string, snat?: string): Choice => ({
  index,
  address: parseIp(address),
  port: 8000 + index,
  snatAddress: snat === undefined ? undefined : parseIp(snat),
})
const frontends = [{ address: parseIp('192.0.2.1'), protocol: 6, port: 80 }]
const byProgram: GuardedTraffic = { ifindexes: [1], frontends, choices: undefined }
const byNetfilter: GuardedTraffic = {
  ifindexes: [1],
  frontends,
  choices: [backend(0, '10.0.0.1', '10.0.0.9')],
}
const others: GuardedTraffic = {
  ifindexes: [],
  frontends: [],
  choices: [backend(0, '10.0.0.2'), backend(4095, '10.0.0.3', '10.0.0.9')],
}

/** Every state that the table can be in, by our own doing. */
const states: Readonly<Record<string, GuardedTraffic | undefined>> = {
  'no table': undefined,
  'the program translates': byProgram,
  'netfilter translates': byNetfilter,
  'netfilter translates, otherwise': others,
  'netfilter translates to nobody': { ...others, choices: [] },
}
const changes = Object.entries(states).flatMap(([from, before]) =>
  Object.entries(states).flatMap(([to, after]) =>
    after === undefined || from === to ? [] : [{ from, before, to, after }],
  ),
)

describe('a change of the table is made whole, and undone whole', () => {
  test.each(changes)('$from → $to', ({ before, after }) => {
    if (before !== undefined) applyNetfilter(socket, before, new Rollback())
    const rollback = new Rollback()
    applyNetfilter(socket, after, rollback)
    expect(netfilterState(socket, after)).toBe('ok')
    if (before !== undefined) expect(netfilterState(socket, before)).toBe('changed')
    // What the rest of a command may have done to the table since.
    applyNetfilter(socket, others, new Rollback())
    expect(rollback.run()).toEqual([])
    if (before === undefined) expect(nft('list', 'ruleset')).toBe('')
    else expect(netfilterState(socket, before)).toBe('ok')
  })
})

test('what somebody else has made of the table is repaired, and not put back', () => {
  applyNetfilter(socket, byNetfilter, new Rollback())
  nft('add rule inet tsbpf_lb translate accept')
  expect(netfilterState(socket, byNetfilter)).toBe('changed')
  const rollback = new Rollback()
  applyNetfilter(socket, byNetfilter, rollback)
  rollback.run()
  expect(netfilterState(socket, byNetfilter)).toBe('ok')
  removeNetfilter(socket)
  expect(netfilterState(socket, byNetfilter)).toBe('missing')
  expect(nft('list', 'ruleset')).toBe('')
})
