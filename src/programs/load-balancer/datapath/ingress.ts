import { TCX_NEXT } from '../../../asm/dsl/program/context.ts'
import type { BuiltProgram } from '../../../asm/dsl/program/program.ts'
import { tc } from '../../../asm/dsl/program/program.ts'
import { ethernetHeaderLength } from '../../../asm/packet/ethernet.ts'
import { drop } from './account.ts'
import { open, passKnown, tupleOf } from './connection.ts'
import * as conntrack from './conntrack.ts'
import { AF_INET, frontends } from './maps.ts'
import { openByMark } from './open-by-mark.ts'
import { parseFlow } from './parse.ts'

/** Name of the program in the kernel. */
export const ingressName = 'lb_ingress'

/**
 * Times a packet is looked up before it is given up: once more after its finished entry was removed, once more
 * after another CPU has made the entry first.
 */
const attempts = 3

/**
 * Who says how a new connection is translated: `kfunc`, the program itself, by conntrack's functions for BPF; `mark`,
 * netfilter, by the mark that stands for the program's choice.
 */
export type Translation = 'kfunc' | 'mark'

/** What the program is built for. */
export interface IngressOptions {
  /** Bytes in front of the IP header: 14 on Ethernet, 0 on interfaces without a link header (tun, WireGuard). */
  readonly linkHeader?: number
  /** `kfunc` when absent; `mark` for kernels whose verifier refuses that. */
  readonly translate?: Translation
}

/**
 * The load balancer's program at TC ingress. It sees to it that every packet for a service belongs to an entry of
 * the kernel's connection table that says how to translate it; netfilter, next on the packet's way, translates it
 * and its replies. Whatever is not dropped goes on to the next program on the interface (TCX_NEXT).
 */
export function ingress(options: IngressOptions = {}): BuiltProgram {
  return tc(ingressName, (b, skb) => {
    const flow = parseFlow(b, skb, options.linkHeader ?? ethernetHeaderLength)
    const frontend = b.lookup(
      frontends,
      {
        address: [flow.destination, 0, 0, 0],
        port: flow.destinationPort,
        protocol: flow.protocol,
        family: AF_INET,
      },
      { otherwise: TCX_NEXT },
    )
    const tuple = tupleOf(b, flow)
    const { service } = frontend
    b.for(attempts, () => {
      const { Ipv4Tuple, LookupOptions, lookup } = conntrack
      b.acquire(lookup, [skb, tuple.tuple, Ipv4Tuple.size, tuple.options, LookupOptions.size], {
        some: (ct) => passKnown(b, skb, flow, ct),
        none: () =>
          options.translate === 'mark' ? openByMark(b, skb, service) : open(b, skb, tuple, service),
      })
    })
    drop(b, 'dropClash')
  })
}
