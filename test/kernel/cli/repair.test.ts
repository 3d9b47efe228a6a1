import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { unpin } from '../../../src/loader/bpf/bpffs.ts'
import { NetlinkSocket } from '../../../src/loader/netlink/core/socket.ts'
import { listTables } from '../../../src/loader/netlink/nftables/state.ts'
import { NftTransaction } from '../../../src/loader/netlink/nftables/transaction.ts'
import { inNamespace } from '../../../src/loader/netns/namespace.ts'
import type { UpResult } from '../../../src/programs/load-balancer/control/up.ts'
import { service } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import { type Snapshot, snapshot } from '../support/snapshot.ts'

let lab: Lab
let before: Snapshot
let netfilter: NetlinkSocket
useLab({ backends: 1 }, (made) => {
  lab = made
})

const up = ['up', 'eth0', ...service('80', '10.2.1.2:7000')]
const table = { family: 'inet', name: 'tsbpf_lb' } as const

beforeAll(async () => {
  await lab.backends[0]?.peer.listenEcho({ port: 7000 })
  netfilter = inNamespace(lab.balancer.namespace, () => NetlinkSocket.open('netfilter'))
  before = snapshot(lab)
})

beforeEach(async () => {
  await lab.lb.run(...up)
})

afterEach(async () => {
  await lab.lb.run('down')
  expect(snapshot(lab)).toEqual(before)
})

afterAll(() => {
  netfilter.close()
})

/** What `nft flush ruleset` does. */
function flushRuleset(): void {
  const flush = new NftTransaction('flush the ruleset')
  for (const { family, name } of listTables(netfilter)) flush.deleteTable({ family, name })
  flush.commit(netfilter)
}

test('status says when somebody has flushed nf_tables, and up repairs it; open connections go on', async () => {
  const { peer } = lab.client
  const connection = await peer.connect({ host: lab.vip, port: 80 })
  flushRuleset()
  expect(await lab.lb.status()).toMatchObject({ netfilter: 'missing' })
  expect(await lab.lb.run('status')).toMatch(/netfilter table: MISSING.*run `tsbpf-lb up` again/)
  expect(await lab.lb.json<UpResult>('up', 'eth0')).toMatchObject({ outcome: 'replaced' })
  expect(await lab.lb.status()).toMatchObject({ netfilter: 'ok' })
  expect(await peer.exchange(connection, 'word')).toBe('word')
  expect((await peer.connect({ host: lab.vip, port: 80 })).server).toBe('b1')
})

test('status says when somebody has changed the table, and up repairs it', async () => {
  new NftTransaction('test')
    .deleteTable(table)
    .createTable({ ...table, comment: 'empty' })
    .commit(netfilter)
  expect(await lab.lb.status()).toMatchObject({ netfilter: 'changed' })
  expect(await lab.lb.run('status')).toContain('netfilter table: CHANGED')
  await lab.lb.run('up', 'eth0')
  expect(await lab.lb.status()).toMatchObject({ netfilter: 'ok' })
  expect((await lab.client.peer.connect({ host: lab.vip, port: 80 })).server).toBe('b1')
})

test('a change of the services repairs it, too', async () => {
  flushRuleset()
  await lab.lb.run('service', 'add', '81', '--backend', '10.2.1.2:7000')
  expect(await lab.lb.status()).toMatchObject({ netfilter: 'ok' })
})

test('down works without the table', () => {
  flushRuleset()
})

test('a link that somebody has unpinned is seen in status and made again by up', async () => {
  unpin(`${lab.pins}/links/${lab.balancer.ifindex('eth0')}`)
  expect(await lab.lb.status()).toMatchObject({ interfaces: [{ name: 'eth0', program: null }] })
  expect(await lab.lb.json<UpResult>('up', 'eth0')).toMatchObject({ outcome: 'attached' })
  expect((await lab.client.peer.connect({ host: lab.vip, port: 80 })).server).toBe('b1')
})

test('a pin of a map that somebody has removed is told apart from a balancer that is not there', async () => {
  unpin(`${lab.pins}/maps/lb_services`)
  const status = await lab.lb.try('status')
  expect(status).toMatchObject({ code: 3, stdout: '' })
  expect(status.stderr).toMatch(/killed before it was done\nhint: .*`tsbpf-lb down`/)
})
