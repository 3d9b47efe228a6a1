// What must not compile about program types and their contexts; see ../types.test-d.ts.

import type { ProgramBuilder } from '../../../../../src/asm/dsl/builder.ts'
import type { SkbContext } from '../../../../../src/asm/dsl/program/context.ts'
import type { XdpContext } from '../../../../../src/asm/dsl/program/xdp.ts'

declare const skb: SkbContext
declare const ctx: XdpContext

export function verdicts(b: ProgramBuilder<'xdp'>): void {
  b.return(2)
  b.return(b.random())
  // @ts-expect-error no verdict of XDP
  b.return(7)
}

export function contexts(b: ProgramBuilder): void {
  b.packet(ctx)
  b.packet(skb)
  // @ts-expect-error neither a packet nor a context
  b.packet(5)
  b.assign(skb, { mark: 1, priority: skb.len })
  // @ts-expect-error read-only
  b.assign(skb, { len: 1 })
  // @ts-expect-error XDP's context is read-only
  b.assign(ctx, { ingressIfindex: 1 })
  // @ts-expect-error a pointer, not a number
  skb.data.add(1)
  // @ts-expect-error not there for programs on an interface
  ctx.egressIfindex.eq(1)
}
