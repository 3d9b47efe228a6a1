import { afterEach, beforeEach, expect } from 'vitest'
import { BpfMap } from '../../../src/loader/bpf/map.ts'
import { NetlinkSocket } from '../../../src/loader/netlink/core/socket.ts'
import { nftPriorities } from '../../../src/loader/netlink/nftables/constants.ts'
import { NftTransaction } from '../../../src/loader/netlink/nftables/transaction.ts'
import { addBpfFilter, addClsact, deleteClsact } from '../../../src/loader/netlink/route/traffic-control.ts'
import { inNamespace } from '../../../src/loader/netns/namespace.ts'
import type { BpfLink } from '../../../src/loader/program/link.ts'
import { attachTcx } from '../../../src/loader/program/link-tcx.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import { BpfProgram } from '../../../src/loader/program/program.ts'
import type { UpResult } from '../../../src/programs/load-balancer/control/up.ts'
import { counting, hits } from '../bpf/sample-programs.ts'
import { service } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { type Lab, useLab } from '../support/lab.ts'
import { snapshot } from '../support/snapshot.ts'
import { until } from '../support/until.ts'

let lab: Lab
useLab({ backends: 2 }, (made) => {
  lab = made
})

const foreign: { close(): void | Promise<void> }[] = []

beforeEach(async () => {
  for (const { peer } of lab.backends) foreign.push(closing(peer, await peer.listenEcho({ port: 7000 })))
})

afterEach(async () => {
  for (const thing of foreign.splice(0).reverse()) await thing.close()
})

function closing(peer: Lab['client']['peer'], listener: number): { close(): Promise<void> } {
  return { close: async () => await peer.stop(listener) }
}

/** A program that somebody else has loaded; it lets everything pass. */
function foreignProgram(name: string): BpfProgram {
  const map = BpfMap.create(hits)
  foreign.push(map)
  const program = loadProgram(counting(name), { maps: new Map([['hits', map]]) })
  foreign.push(program)
  return program
}

async function useBalancer(): Promise<void> {
  const up = ['up', 'eth0', ...service('80', '10.2.1.2:7000'), ...service('udp/53', '10.2.2.2:5300')]
  const { program } = await lab.lb.json<UpResult>(...up)
  const connections = await Promise.all(
    Array.from({ length: 5 }, () => lab.client.peer.connect({ host: lab.vip, port: 80 })),
  )
  expect(connections.map(({ server }) => server)).toEqual(['b1', 'b1', 'b1', 'b1', 'b1'])
  await lab.lb.run('service', 'add', 'tcp/203.0.113.10:81', '--backend', '10.2.2.2:7000')
  await lab.lb.run('backend', 'add', '80', '10.2.2.2:7000,weight=7')
  await lab.lb.run('backend', 'drain', '80', '10.2.1.2:7000')
  await lab.lb.run('up', 'eth0')
  expect(await lab.lb.run('down', 'eth0')).toMatch(/down on eth0.*5 connections ended/)
  await until(
    'the kernel to free the program',
    () => {
      const still = BpfProgram.openId(program.id)
      still?.close()
      return still === undefined
    },
    (freed) => freed,
  )
}

test('down leaves a clean machine as it was', async () => {
  const before = snapshot(lab)
  expect(before).toMatchObject({ pins: [], tcx: [], filters: [], nfTables: [], connections: 0 })
  await useBalancer()
  expect(snapshot(lab)).toEqual(before)
  const again = await lab.lb.try('down', 'eth0')
  expect(again).toMatchObject({ code: 3, stdout: '' })
  expect(again.stderr).toContain('nothing to take down')
  expect(snapshot(lab)).toEqual(before)
})

test('what others have made stays', async () => {
  const { balancer } = lab
  const ifindex = balancer.ifindex('eth0')
  // Forwarding between two interfaces is on already, on the third it is not.
  balancer.sysctl('net.ipv4.conf.be1.forwarding', 1)
  addClsact(balancer.route, ifindex)
  foreign.push({ close: () => deleteClsact(balancer.route, ifindex) })
  const filter = foreignProgram('their_filter')
  for (const direction of ['ingress', 'egress'] as const)
    addBpfFilter(balancer.route, {
      ...{ ifindex, direction, priority: 10, handle: 1 },
      ...{ programFd: filter.fd.number, name: 'theirs' },
    })
  const link = inNamespace(balancer.namespace, (): BpfLink => {
    return attachTcx(foreignProgram('their_tcx'), { ifindex, direction: 'ingress' })
  })
  foreign.push(link)
  const table = { family: 'ip', name: 'theirs' } as const
  const netfilter = inNamespace(balancer.namespace, () => NetlinkSocket.open('netfilter'))
  foreign.push(netfilter, {
    close: () => new NftTransaction('test').deleteTable(table).commit(netfilter),
  })
  const base = { type: 'filter', hook: 'forward', priority: nftPriorities.filter } as const
  new NftTransaction('test')
    .createTable({ ...table, comment: 'not ours', chains: [{ name: 'forward', base }] })
    .commit(netfilter)

  const before = snapshot(lab)
  expect(before.filters).toHaveLength(2)
  expect(before.tcx).toHaveLength(1)
  expect(before.nfTables).toHaveLength(1)
  await useBalancer()
  expect(snapshot(lab)).toEqual(before)
})
