/**
 * The nf_tables table that makes netfilter translate. The conntrack kfuncs only write the connection table; the
 * hooks that rewrite packets exist in a network namespace while it has a nat chain and a rule that uses conntrack.
 * Where the kernel lets no program write translations, the table does that, too: see mark-and-map.ts.
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
import type { ChainSpec, MapElement, RuleSpec, TableSpec } from '../../../loader/netlink/nftables/specs.ts'
import { readTable, ruleCounter, type TableContents } from '../../../loader/netlink/nftables/state.ts'
import { NftTransaction } from '../../../loader/netlink/nftables/transaction.ts'
import { type Choice, choiceChains, choiceMaps, lostChoices } from './mark-and-map.ts'
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
  /** The backends, where the table has to translate; undefined where the program does. */
  readonly choices: readonly Choice[] | undefined
}

/** Whether the table is as it should be. */
export type NetfilterState = 'ok' | 'missing' | 'changed'

/** Makes the table, or what of it is missing or different. One atomic change; no packet sees half of it. */
export function applyNetfilter(socket: NetlinkSocket, traffic: GuardedTraffic, rollback: Rollback): void {
  const before = bring(socket, tableSpec(traffic))
  if (before === 'missing') rollback.add('the nf_tables table', () => removeNetfilter(socket))
  else if (typeof before === 'object') rollback.add('the nf_tables table', () => bring(socket, before))
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

/** Packets that netfilter has dropped for want of a translation, by reason, since the table was made. */
export interface NetfilterDrops {
  /** By the guard. */
  readonly untranslated: bigint
  /** By connection tracking, whose table is full; counted only where the table translates. */
  readonly tableFull: bigint
}

/** Reads the table's counters. */
export function netfilterDrops(socket: NetlinkSocket): NetfilterDrops {
  const rules = readTable(socket, table)?.rules ?? []
  const guard = rules.find(({ chain }) => chain === guardChain)
  const untranslated = guard === undefined ? undefined : ruleCounter(guard)?.packets
  return { untranslated: untranslated ?? 0n, tableFull: lostChoices(rules) }
}

function tableSpec({ ifindexes, frontends, choices }: GuardedTraffic): TableSpec {
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
    maps: choices === undefined ? [] : choiceMaps(choices),
    chains: [
      ...(choices === undefined ? hookChains : choiceChains()),
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

/**
 * Makes the table be as wanted.
 *
 * @returns what it was before; `foreign` when somebody else had changed it, which nobody wants back
 */
function bring(socket: NetlinkSocket, wanted: TableSpec): TableSpec | 'same' | 'missing' | 'foreign' {
  const before = readTable(socket, table)
  if (tableDifferences(wanted, before).length === 0) return 'same'
  if (before === undefined) {
    new NftTransaction('create the nf_tables table tsbpf_lb').createTable(wanted).commit(socket)
    return 'missing'
  }
  const previous = specOf(before)
  if (previous !== undefined && translates(previous) === translates(wanted))
    exchangeElements(socket, previous, wanted)
  else replace(socket, wanted, before)
  return previous ?? 'foreign'
}

/** Enough to have the hooks that translate. */
const hookChains: readonly ChainSpec[] = [
  { name: 'translate', base: { type: 'nat', hook: 'prerouting', priority: nftPriorities.dstnat } },
]

function translates({ maps = [] }: TableSpec): boolean {
  return maps.length > 0
}

/** The table as we had made it, with what is in it; undefined when somebody else has changed more than that. */
function specOf(contents: TableContents): TableSpec | undefined {
  const sets = new Map(contents.sets.map(({ name, elements }) => [name, elements]))
  const maps = new Map(contents.maps.map(({ name, elements }) => [name, elements]))
  return [undefined, []]
    .map((choices) => tableSpec({ ifindexes: [], frontends: [], choices }))
    .map((shape) => ({
      ...shape,
      sets: (shape.sets ?? []).map((set) => ({ ...set, elements: sets.get(set.name) ?? [] })),
      maps: (shape.maps ?? []).map((map) => ({ ...map, elements: maps.get(map.name) ?? [] })),
    }))
    .find((spec) => tableDifferences(spec, contents).length === 0)
}

/** Puts a table in place of the one there is; counters go on from what they have counted. */
function replace(socket: NetlinkSocket, spec: TableSpec, before: TableContents): void {
  const chains = (spec.chains ?? []).map((chain) => ({
    ...chain,
    rules: (chain.rules ?? []).map((rule) => withCount(rule, chain.name, before)),
  }))
  new NftTransaction('replace the nf_tables table tsbpf_lb').replaceTable({ ...spec, chains }).commit(socket)
}

function withCount(rule: RuleSpec, chain: string, before: TableContents): RuleSpec {
  const same = before.rules.find((other) => other.chain === chain && other.comment === rule.comment)
  const count = same === undefined ? undefined : ruleCounter(same)
  if (count === undefined) return rule
  const { packets, bytes } = count
  return {
    ...rule,
    expressions: rule.expressions.map((expression) =>
      expression.kind === 'counter' ? { ...expression, packets, bytes } : expression,
    ),
  }
}

/** Only elements differ: all else, counters included, stays as it is. */
function exchangeElements(socket: NetlinkSocket, before: TableSpec, after: TableSpec): void {
  const transaction = new NftTransaction('update the elements of the nf_tables table tsbpf_lb')
  for (const set of after.sets ?? []) {
    const old = before.sets?.find(({ name }) => name === set.name)?.elements ?? []
    const next = set.elements ?? []
    const gone = without(old, next)
    const added = without(next, old)
    if (gone.length > 0) transaction.deleteElements(table, set.name, gone)
    if (added.length > 0) transaction.addElements(table, set.name, added)
  }
  for (const map of after.maps ?? []) {
    const old = before.maps?.find(({ name }) => name === map.name)?.elements ?? []
    const next = map.elements ?? []
    const gone = withoutPairs(old, next).map(({ key }) => key)
    const added = withoutPairs(next, old)
    // Deleted first: a key that now leads elsewhere is among both.
    if (gone.length > 0) transaction.deleteElements(table, map.name, gone)
    if (added.length > 0) transaction.addMapElements(table, map.name, added)
  }
  transaction.commit(socket)
}

function without(keys: readonly Uint8Array[], others: readonly Uint8Array[]): Uint8Array[] {
  const known = new Set(others.map((key) => key.join(',')))
  return keys.filter((key) => !known.has(key.join(',')))
}

function withoutPairs(elements: readonly MapElement[], others: readonly MapElement[]): MapElement[] {
  const text = ({ key, data }: MapElement): string => `${key.join(',')}:${data.join(',')}`
  const known = new Set(others.map(text))
  return elements.filter((element) => !known.has(text(element)))
}
