/**
 * The part of the nf_tables table that translates new connections where the program cannot. The program's choice comes
 * with the packet, as its priority; as soon as the packet has an entry of its own, that becomes the entry's mark, and
 * the priority is cleared. By the mark, maps say where the connection goes and whom it seems to come from. What the
 * entry then is, mark included, is what the program itself would have made.
 */
import {
  clearPriority,
  connectionMarkByPriority,
  destinationByMark,
  destinationData,
  sourceByMark,
} from '../../../loader/netlink/nftables/actions.ts'
import { nftPriorities } from '../../../loader/netlink/nftables/constants.ts'
import type { Expression } from '../../../loader/netlink/nftables/expressions.ts'
import { connectionIsNew, hostNumber, priorityIs } from '../../../loader/netlink/nftables/matches.ts'
import type { ChainSpec, MapSpec } from '../../../loader/netlink/nftables/specs.ts'
import { type RuleState, ruleCounter } from '../../../loader/netlink/nftables/state.ts'
import { markPrefix, markPrefixMask } from '../datapath/mark.ts'
import { protocols } from './endpoint.ts'

/** A backend that the program may choose. */
export interface Choice {
  /** Its index in the program's maps. */
  readonly index: number
  readonly address: Uint8Array
  readonly port: number
  /** What it sees as source; undefined: the client's own address. */
  readonly snatAddress: Uint8Array | undefined
}

const choices = 'choices'
const destinations = 'destinations'
const sources = 'sources'
/** Chains that count the program's choices on both sides of connection tracking. */
const before = 'arrive'
const after = 'choose'

const isChoice = priorityIs(markPrefix, markPrefixMask)
const counter: Expression = { kind: 'counter', packets: 0n, bytes: 0n }

/** The maps, for these backends. */
export function choiceMaps(backends: readonly Choice[]): MapSpec[] {
  const markOf = ({ index }: Choice): Uint8Array => hostNumber((markPrefix | index) >>> 0)
  return [
    {
      name: choices,
      comment: 'the program’s choice, to the connection’s mark',
      key: ['classid'],
      data: ['mark'],
      elements: backends.map((backend) => ({ key: markOf(backend), data: markOf(backend) })),
    },
    {
      name: destinations,
      key: ['mark'],
      data: ['ipv4_addr', 'inet_service'],
      elements: backends.map((backend) => ({
        key: markOf(backend),
        data: destinationData(backend.address, backend.port),
      })),
    },
    {
      name: sources,
      key: ['mark'],
      data: ['ipv4_addr'],
      elements: backends.flatMap((backend) =>
        backend.snatAddress === undefined ? [] : [{ key: markOf(backend), data: backend.snatAddress }],
      ),
    },
  ]
}

/**
 * The chains. They mark before everything that others do with marks (mangle), and translate before other nat chains of
 * the usual priority: the program, where it translates itself, is before both, too.
 */
export function choiceChains(): ChainSpec[] {
  const source = { rules: [{ expressions: sourceByMark(sources, 'ipv4') }] }
  const { conntrack, dstnat, srcnat } = nftPriorities
  return [
    {
      name: before,
      base: { type: 'filter', hook: 'prerouting', priority: conntrack - 1 },
      rules: [{ comment: 'chosen by the program', expressions: [...isChoice, counter] }],
    },
    {
      name: after,
      base: { type: 'filter', hook: 'prerouting', priority: conntrack + 1 },
      rules: [
        { expressions: [...connectionIsNew, ...connectionMarkByPriority(choices)] },
        { comment: 'tracked, or let pass untracked', expressions: [...isChoice, counter, ...clearPriority] },
      ],
    },
    {
      name: 'translate',
      base: { type: 'nat', hook: 'prerouting', priority: dstnat - 1 },
      rules: Object.values(protocols).map((protocol) => ({
        expressions: destinationByMark(destinations, protocol, 'ipv4'),
      })),
    },
    { name: 'translate_source', base: { type: 'nat', hook: 'postrouting', priority: srcnat - 1 }, ...source },
    // A backend on this host itself: its packets never get to postrouting.
    { name: 'translate_local', base: { type: 'nat', hook: 'input', priority: srcnat - 1 }, ...source },
  ]
}

/**
 * First packets that connection tracking has dropped since the table was made: it does so when the connection table is
 * full.
 */
export function lostChoices(rules: readonly RuleState[]): bigint {
  const count = (chain: string): bigint =>
    rules
      .filter((rule) => rule.chain === chain)
      .reduce((sum, rule) => sum + (ruleCounter(rule)?.packets ?? 0n), 0n)
  // Packets may be on their way from one to the other, and were counted by the first only.
  const lost = count(before) - count(after)
  return lost > 0n ? lost : 0n
}
