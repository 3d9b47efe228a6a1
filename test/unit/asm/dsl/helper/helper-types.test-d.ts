// What must not compile, and what must: checked by `npm run typecheck`, never run.

import type { ProgramBuilder } from '../../../../../src/asm/dsl/builder.ts'
import type { Int, Net } from '../../../../../src/asm/dsl/core/values.ts'
import { kernelType } from '../../../../../src/asm/dsl/kernel/kernel-type.ts'
import type { SocketRef } from '../../../../../src/asm/dsl/kernel/socket.ts'
import { SocketTuple4 } from '../../../../../src/asm/dsl/kernel/socket-layouts.ts'
import { array } from '../../../../../src/asm/dsl/map/definition.ts'
import type { RefOf } from '../../../../../src/asm/dsl/memory/reference.ts'
import type { SkbContext } from '../../../../../src/asm/dsl/program/context.ts'
import { be16, be32, u32 } from '../../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../../src/asm/layout/struct.ts'

const Value = struct('value', { n: u32, port: be16 })
const list = array('list', Value, { maxEntries: 1 })

declare const tc: ProgramBuilder<'sched_cls'>
declare const xdp: ProgramBuilder<'xdp'>
declare const any: ProgramBuilder
declare const skb: SkbContext

export function helpersOfAProgramType(): void {
  const value = tc.stack(Value)
  const result: Int<'s64'> = tc.helpers.skb_store_bytes({ skb, offset: 14, from: value })
  const nothing: undefined = tc.helpers.set_hash_invalid({ skb })
  tc.helpers.skb_vlan_push({ skb, protocol: 0x8100, tag: 3 })
  tc.helpers.skb_change_proto({ skb, protocol: value.port, flags: 0 })
  xdp.helpers.redirect({ ifindex: value.n })
  // Every program type has these.
  any.helpers.ktime_get_ns()
  any.helpers.get_current_pid_tgid()
  // @ts-expect-error not in XDP programs
  xdp.helpers.skb_store_bytes
  // @ts-expect-error not in TC programs
  tc.helpers.xdp_adjust_head
  // @ts-expect-error not in every program
  any.helpers.redirect
  // @ts-expect-error it has a statement of its own
  tc.helpers.map_lookup_elem
  // @ts-expect-error an argument is missing
  tc.helpers.skb_store_bytes({ skb, offset: 14 })
  // @ts-expect-error no such argument
  tc.helpers.redirect({ ifindex: 1, index: 2 })
  // @ts-expect-error memory and not a number
  tc.helpers.skb_store_bytes({ skb, offset: 14, from: 3 })
  // @ts-expect-error a context and not memory
  tc.helpers.skb_vlan_pop({ skb: value })
  // @ts-expect-error network order
  tc.helpers.skb_change_proto({ skb, protocol: value.n })
  // @ts-expect-error another type of map
  tc.helpers.skb_under_cgroup({ skb, map: list, index: 0 })
  void [result, nothing]
}

/** What a helper gives is there in its case alone, with the members that the kernel shows of it. */
export function sockets(): void {
  const tuple = tc.stack(SocketTuple4)
  tc.helpers.sk_lookup_tcp(
    { ctx: skb, tuple, netns: -1 },
    {
      some: (socket) => {
        const state: Int<'u32'> = socket.state
        const port: Net<'be16'> = socket.destinationPort
        const mark: Int<'u32'> = socket.mark
        // @ts-expect-error nothing of a socket can be written
        tc.assign(socket, { mark: 1 })
        // @ts-expect-error a socket is no memory
        tc.copy(tuple, socket)
        tc.helpers.sk_assign({ ctx: skb, socket })
        tc.helpers.sk_release({ socket })
        void [state, port, mark]
      },
    },
  )
  tc.helpers.skc_lookup_tcp(
    { ctx: skb, tuple, netns: -1 },
    // @ts-expect-error a socket that may be half open has no mark
    { some: (socket) => void socket.mark },
  )
  tc.socketOf(skb, {
    some: (socket) => {
      tc.helpers.tcp_sock({ socket }, { some: (state: SocketRef<'bpf_tcp_sock'>) => void state.mssCache })
      tc.helpers.skc_to_tcp_sock(
        { socket },
        {
          type: kernelType('tcp_sock', { snd_una: u32 }),
          some: (kernel) => {
            const next: Int<'u32'> = kernel.snd_una
            // @ts-expect-error the kernel wants its own view of a socket here
            tc.helpers.sk_fullsock({ socket: kernel }, { some: () => {} })
            void next
          },
        },
      )
      // @ts-expect-error the kernel object's members must be declared
      tc.helpers.skc_to_tcp_sock({ socket }, { some: () => {} })
      // @ts-expect-error what is there when it is not null
      tc.helpers.tcp_sock({ socket })
    },
  })
  // @ts-expect-error not in XDP programs
  xdp.helpers.sk_assign
}

/** What takes any builder takes that of a program type. */
export function aPlainBuilderIsMoreGeneral(): void {
  const helper = (b: ProgramBuilder): void => void b.random()
  helper(tc)
  helper(xdp)
}

declare const values: RefOf<typeof Value>

/** A format string says what its arguments are. */
export function printk(): void {
  const big = tc.ktime()
  tc.printk('nothing')
  tc.printk('%d and 100%%', value32())
  tc.printk('%-08llx %pI4 %s', big, value.address, value)
  tc.printk('%lld', value32())
  // @ts-expect-error an argument is missing
  tc.printk('%d')
  // @ts-expect-error an argument too many
  tc.printk('x', 1)
  // @ts-expect-error 64 bits
  tc.printk('%d', big)
  // @ts-expect-error no memory
  tc.printk('%s', 1)
  // @ts-expect-error network order
  tc.printk('%u', values.port)
  // @ts-expect-error no such conversion
  tc.printk('%f', 1)
}

const Address = struct('address', { address: be32 })
declare const value: RefOf<typeof Address>
declare function value32(): Int<'u32'>
