// What must not compile about program types and their contexts; see ../types.test-d.ts.

import type { ProgramBuilder } from '../../../../../src/asm/dsl/builder.ts'
import { type KernelRef, kernelType, pointer } from '../../../../../src/asm/dsl/kernel/kernel-type.ts'
import type { CgroupSkbContext } from '../../../../../src/asm/dsl/program/cgroup-skb.ts'
import type { SockAddrContext } from '../../../../../src/asm/dsl/program/cgroup-sock-addr.ts'
import type { SkbContext } from '../../../../../src/asm/dsl/program/context.ts'
import { lsm } from '../../../../../src/asm/dsl/program/lsm.ts'
import type { SocketFilterContext } from '../../../../../src/asm/dsl/program/socket-filter.ts'
import { fentry, fexit } from '../../../../../src/asm/dsl/program/tracing.ts'
import type { XdpContext } from '../../../../../src/asm/dsl/program/xdp.ts'
import { chars } from '../../../../../src/asm/layout/bytes.ts'
import { s32, u32 } from '../../../../../src/asm/layout/scalar.ts'

declare const filtered: SocketFilterContext
declare const inCgroup: CgroupSkbContext
declare const connecting: SockAddrContext<'connect4'>
declare const sending: SockAddrContext<'sendmsg6'>
declare const skb: SkbContext
declare const ctx: XdpContext

export function verdicts(b: ProgramBuilder<'xdp'>): void {
  b.return(2)
  b.return(b.random())
  // @ts-expect-error no verdict of XDP
  b.return(7)
}

export function otherVerdicts(b: ProgramBuilder<'sk_lookup'>, sock: ProgramBuilder<'cgroup_sock'>): void {
  b.return(1)
  // @ts-expect-error neither SK_DROP nor SK_PASS
  b.return(2)
  // @ts-expect-error neither CGROUP_ALLOW nor CGROUP_REJECT
  sock.return(-1)
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

export function families(b: ProgramBuilder): void {
  b.packet(inCgroup)
  // @ts-expect-error socket filters have no direct access
  b.packet(filtered)
  b.assign(filtered, { cb: [1, 2, 3, 4, 5] })
  // @ts-expect-error only TC may
  b.assign(filtered, { mark: 1 })
  // @ts-expect-error of TC programs alone
  inCgroup.tcClassid.eq(1)
  b.assign(connecting, { userIp4: 1, userPort: 80 })
  // @ts-expect-error an IPv6 address in an IPv4 call
  connecting.userIp6.at(0)
  // @ts-expect-error known to sendmsg alone
  b.assign(connecting, { msgSourceIp4: 1 })
  b.assign(sending, { msgSourceIp6: [0, 0, 0, 1] })
  // @ts-expect-error a port is in network order
  connecting.userPort.eq(b.random())
}

const Inner = kernelType('inner', { id: s32 })
const Outer = kernelType('outer', { id: s32, inner: pointer(() => Inner), name: chars(16) })

export function kernelArguments(): void {
  const target = { function: 'f', parameters: { outer: Outer, flags: u32 } } as const
  fentry('p', target, (b, { outer, flags }) => {
    outer.inner.id.add(1)
    const object: KernelRef = outer
    b.ifPresent(outer.inner, (inner) => inner.id.add(1))
    // @ts-expect-error a number cannot be absent
    b.ifPresent(flags, () => object)
    flags.add(outer.name.size)
    // @ts-expect-error text is no number
    outer.name.add(1)
    // @ts-expect-error a member that is not declared
    outer.inner.nothing.eq(1)
    // @ts-expect-error an object is no number
    outer.inner.add(1)
    b.return(0)
  })
  // @ts-expect-error no such parameter
  fentry('p', target, (b, { nothing }) => b.return(nothing))
  // @ts-expect-error fexit has a result
  fexit('p', target, (b) => b.return(0))
  fexit('p', { ...target, returns: s32 }, (b, _, result) => {
    result.lt(0)
    // @ts-expect-error signed with unsigned
    result.add(b.random())
    b.return(0)
  })
  lsm('p', { hook: 'h', parameters: {} }, (b, _, previous) => b.return(previous))
}
