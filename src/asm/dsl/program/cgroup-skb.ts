import type { ProgramBuilder } from '../builder.ts'
import { SkBuff } from './context.ts'
import { type ContextRef, contextType } from './context-ref.ts'
import { type BuiltProgram, contextProgram, type ProgramOptions } from './program.ts'

/** `struct __sk_buff` as cgroup programs may use it (`cg_skb_is_valid_access` in net/core/filter.c). */
export const CgroupSkbContextType = contextType(SkBuff, {
  hidden: [
    'protocolUnused',
    'vlanProtoUnused',
    'tcClassid',
    'data',
    'dataEnd',
    'dataMeta',
    'flowKeys',
    'wireLen',
    'sk',
    'tstampType',
    'tstampTypeUnused',
  ],
  writable: ['mark', 'priority', 'cb', 'tstamp'],
  packet: 'direct',
})

/** The context of a cgroup's packet program in the DSL; the packet begins at its network header. */
export type CgroupSkbContext = ContextRef<typeof CgroupSkbContextType>

/** Verdict of a cgroup program: refused. A packet is dropped, a system call fails with EPERM. */
export const CGROUP_REJECT = 0
/** Verdict of a cgroup program: allowed, as far as this program is concerned. */
export const CGROUP_ALLOW = 1

const meaning = 'CGROUP_ALLOW (1) lets it pass, CGROUP_REJECT (0) does not.'

/**
 * A program that sees the packets which the sockets of a cgroup receive or send, from the network header on.
 *
 * ```ts
 * cgroupSkb('count', 'egress', (b, skb) => {
 *   b.atomicAdd(b.lookup(sent, 0, { otherwise: CGROUP_ALLOW }), { bytes: skb.len })
 *   b.return(CGROUP_ALLOW)
 * })
 * ```
 *
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function cgroupSkb(
  name: string,
  direction: 'ingress' | 'egress',
  write: (b: ProgramBuilder<'cgroup_skb'>, skb: CgroupSkbContext) => void,
  options: ProgramOptions = {},
): BuiltProgram {
  // Bit 1 of egress verdicts tells the sender about congestion.
  const returns =
    direction === 'ingress'
      ? { min: 0, max: 1, meaning }
      : { min: 0, max: 3, meaning: `${meaning} Add 2 to tell the sender of congestion.` }
  const kind = { type: 'cgroup_skb', returns, attach: { type: `cgroup_inet_${direction}` } } as const
  return contextProgram(kind, name, CgroupSkbContextType, 'skb', write, options)
}
