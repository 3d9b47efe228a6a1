import type { ProgramBuilder } from '../../../asm/dsl/builder.ts'
import type { Int } from '../../../asm/dsl/core/values.ts'
import { type SkbContext, TC_ACT_SHOT } from '../../../asm/dsl/program/context.ts'
import { u32 } from '../../../asm/layout/scalar.ts'
import { backendStats, type CounterName, counterMap, counters } from './maps.ts'

/** Counts a packet towards a backend; a packet that GRO has put together counts as the segments it was made of. */
export function countTraffic(b: ProgramBuilder, skb: SkbContext, backend: Int<'u32'>, opened: 0 | 1): void {
  const segments = b.variable(u32, skb.gsoSegs)
  b.if(segments.get().eq(0), () => segments.set(1))
  b.lookup(backendStats, backend, {
    hit: (stats) =>
      b.assign(stats, {
        packets: stats.packets.add(segments.get()),
        bytes: stats.bytes.add(skb.len),
        ...(opened === 1 ? { connections: stats.connections.add(1) } : {}),
      }),
  })
}

/** Counts an event. */
export function count(b: ProgramBuilder, name: CounterName): void {
  b.lookup(counterMap, counters[name], {
    hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
  })
}

/** Drops the packet and says why. A packet for a service is never handed on untranslated. */
export function drop(b: ProgramBuilder, reason: CounterName & `drop${string}`): void {
  count(b, reason)
  b.return(TC_ACT_SHOT)
}
