import type { ProgramBuilder } from '../../../asm/dsl/builder.ts'
import type { Int } from '../../../asm/dsl/core/values.ts'
import { type SkbContext, TCX_NEXT } from '../../../asm/dsl/program/context.ts'
import { countTraffic } from './account.ts'
import { markPrefix } from './mark.ts'
import { chooseBackend } from './schedule.ts'

/**
 * The first packet of a connection, where the kernel lets no program write its translation: chooses a backend and
 * sends the choice along with the packet. Netfilter makes the entry, gives it the mark that stands for the choice, and
 * translates by a map from mark to address (control/netfilter-gear.ts). From the next packet on the entry is in the
 * table and known as one of ours.
 *
 * The choice travels as the packet's priority, not as its mark: marks are the administrator's, who routes by them,
 * while the priority of a packet that is forwarded is set anew from its type of service further on (ip_forward).
 */
export function openByMark(b: ProgramBuilder, skb: SkbContext, service: Int<'u32'>): void {
  const backend = chooseBackend(b, service)
  b.assign(skb, { priority: backend.or(markPrefix) })
  countTraffic(b, skb, backend, 1)
  b.return(TCX_NEXT)
}
