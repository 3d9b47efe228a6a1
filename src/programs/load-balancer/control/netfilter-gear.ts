/**
 * The nf_tables table that makes netfilter translate. The conntrack kfuncs only write the connection table; the
 * hooks that rewrite packets exist in a network namespace while it has a nat chain and a rule that uses conntrack.
 * Ours also stands guard: a packet for a service that nothing has translated (its entry expired a moment ago, or
 * conntrack called it invalid) must not reach this host's own stack, which would answer it with a reset.
 */
import type { NetlinkSocket } from '../../../loader/netlink/core/socket.ts'
import { nftPriorities } from '../../../loader/netlink/nftables/constants.ts'
import { tableDifferences } from '../../../loader/netlink/nftables/differences.ts'
import {
  connectionStateNot,
  countAndDrop,
  destinationIn,
  destinationKey,
  hostNumber,
  inputInterfaceIn,
} from '../../../loader/netlink/nftables/matches.ts'
import type { TableSpec } from '../../../loader/netlink/nftables/specs.ts'
import { readTable, ruleCounter } from '../../../loader/netlink/nftables/state.ts'
import { NftTransaction } from '../../../loader/netlink/nftables/transaction.ts'
import type { Rollback } from './rollback.ts'

const table = { family: 'inet', name: 'tsbpf_lb' } as const
const guardChain = 'guard'

/** What the guard watches. */
export interface GuardedTraffic {
  /** Interfaces the balancer is up on. */
  readonly ifindexes: readonly number[]
  readonly frontends: readonly {
    readonly address: Uint8Array
    readonly protocol: number
    readonly port: number
  }[]
}

/** Whether the table is as it should be. */
export type NetfilterState = 'ok' | 'missing' | 'changed'

/** Makes the table, or what of it is missing or different. One atomic change; no packet sees half of it. */
export function applyNetfilter(socket: NetlinkSocket, traffic: GuardedTraffic, rollback: Rollback): void {
  const wanted = tableSpec(traffic)
  const before = readTable(socket, table)
  if (tableDifferences(wanted, before).length === 0) return
  if (before === undefined) {
    new NftTransaction('create the nf_tables table tsbpf_lb').createTable(wanted).commit(socket)
    rollback.add('the nf_tables table', () => removeNetfilter(socket))
    return
  }
  const previous = new Map(before.sets.map((set) => [set.name, set.elements]))
  const restored: TableSpec = {
    ...wanted,
    sets: (wanted.sets ?? []).map((set) => ({ ...set, elements: previous.get(set.name) ?? [] })),
  }
  if (tableDifferences(restored, before).length > 0) {
    new NftTransaction('repair the nf_tables table tsbpf_lb').replaceTable(wanted).commit(socket)
    return
  }
  // Only elements differ: the counter keeps what it has counted.
  exchangeElements(socket, restored, wanted)
  rollback.add('the sets of the nf_tables table', () => exchangeElements(socket, wanted, restored))
}

/** Removes the table, if it is there. */
export function removeNetfilter(socket: NetlinkSocket): void {
  if (readTable(socket, table) === undefined) return
  new NftTransaction('delete the nf_tables table tsbpf_lb').deleteTable(table).commit(socket)
}

/** Compares the table with what it should be. */
export function netfilterState(socket: NetlinkSocket, traffic: GuardedTraffic): NetfilterState {
  const actual = readTable(socket, table)
  if (actual === undefined) return 'missing'
  return tableDifferences(tableSpec(traffic), actual).length === 0 ? 'ok' : 'changed'
}

/** Packets that the guard has dropped since the table was made. */
export function guardDrops(socket: NetlinkSocket): bigint {
  const rules = readTable(socket, table)?.rules ?? []
  const rule = rules.find(({ chain }) => chain === guardChain)
  return (rule === undefined ? undefined : ruleCounter(rule))?.packets ?? 0n
}

function tableSpec({ ifindexes, frontends }: GuardedTraffic): TableSpec {
  return {
    ...table,
    comment: 'made by tsbpf-lb: lets netfilter translate balanced connections',
    sets: [
      { name: 'interfaces', key: ['iface_index'], elements: ifindexes.map(hostNumber) },
      {
        name: 'frontends',
        key: ['ipv4_addr', 'inet_proto', 'inet_service'],
        elements: frontends.map(({ address, protocol, port }) => destinationKey(address, protocol, port)),
      },
    ],
    chains: [
      { name: 'translate', base: { type: 'nat', hook: 'prerouting', priority: nftPriorities.dstnat } },
      {
        name: guardChain,
        base: { type: 'filter', hook: 'prerouting', priority: nftPriorities.dstnat + 5 },
        rules: [
          {
            comment: 'for a service, but not translated',
            expressions: [
              ...inputInterfaceIn('interfaces'),
              ...destinationIn('frontends', 'ipv4'),
              ...connectionStateNot('established', 'related'),
              ...countAndDrop,
            ],
          },
        ],
      },
    ],
  }
}

function exchangeElements(socket: NetlinkSocket, before: TableSpec, after: TableSpec): void {
  const transaction = new NftTransaction('update the sets of the nf_tables table tsbpf_lb')
  for (const set of after.sets ?? []) {
    const old = before.sets?.find(({ name }) => name === set.name)?.elements ?? []
    const next = set.elements ?? []
    const gone = without(old, next)
    const added = without(next, old)
    if (gone.length > 0) transaction.deleteElements(table, set.name, gone)
    if (added.length > 0) transaction.addElements(table, set.name, added)
  }
  transaction.commit(socket)
}

function without(keys: readonly Uint8Array[], others: readonly Uint8Array[]): Uint8Array[] {
  const known = new Set(others.map((key) => key.join(',')))
  return keys.filter((key) => !known.has(key.join(',')))
}
