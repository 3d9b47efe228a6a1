import type { AttachType } from '../../attach.ts'
import { be16, be32, type ScalarType, u16, u32, u64 } from '../../layout/scalar.ts'
import { array, struct } from '../../layout/struct.ts'
import type { ProgramBuilder } from '../builder.ts'
import { type ContextRef, contextType } from './context-ref.ts'
import { type BuiltProgram, contextProgram, type ProgramOptions } from './program.ts'
import type { Returns } from './returns.ts'

/** A port: its two bytes are read, and four are written, as the kernel wants it. */
const port: ScalarType<'be16'> = Object.freeze({ ...be16, storedSize: 4 })

/** `struct bpf_sock_addr` (include/uapi/linux/bpf.h), the context of programs that see addresses of system calls. */
export const SockAddr = struct('bpf_sock_addr', {
  /** Address family of the call's address: AF_INET (2) or AF_INET6 (10). */
  userFamily: u32,
  /** The call's IPv4 address. */
  userIp4: be32,
  /** The call's IPv6 address, in four words. */
  userIp6: array(be32, 4),
  /** The call's port. */
  userPort: port,
  userPortUnused: u16,
  /** Address family of the socket. */
  family: u32,
  /** Kind of the socket: SOCK_STREAM (1), SOCK_DGRAM (2). */
  socketType: u32,
  /** Protocol of the socket: IPPROTO_TCP (6), IPPROTO_UDP (17). */
  protocol: u32,
  /** Source address of a datagram that is being sent. */
  msgSourceIp4: be32,
  msgSourceIp6: array(be32, 4),
  sk: u64,
})

/** System calls that programs see, with the family of the address: `connect4`, `bind6`, `sendmsg4`. */
export type SockAddrCall =
  `${'bind' | 'connect' | 'sendmsg' | 'recvmsg' | 'getpeername' | 'getsockname'}${4 | 6}`

// `sock_addr_is_valid_access` in net/core/filter.c.
const always = ['userPortUnused', 'sk'] as const
const address4 = contextType(SockAddr, {
  hidden: [...always, 'userIp6', 'msgSourceIp4', 'msgSourceIp6'],
  writable: ['userIp4', 'userPort'],
})
const address6 = contextType(SockAddr, {
  hidden: [...always, 'userIp4', 'msgSourceIp4', 'msgSourceIp6'],
  writable: ['userIp6', 'userPort'],
})
const message4 = contextType(SockAddr, {
  hidden: [...always, 'userIp6', 'msgSourceIp6'],
  writable: ['userIp4', 'userPort', 'msgSourceIp4'],
})
const message6 = contextType(SockAddr, {
  hidden: [...always, 'userIp4', 'msgSourceIp4'],
  writable: ['userIp6', 'userPort', 'msgSourceIp6'],
})

/** The context of a program for a call, in the DSL. */
export type SockAddrContext<C extends SockAddrCall> = ContextRef<
  C extends 'sendmsg4'
    ? typeof message4
    : C extends 'sendmsg6'
      ? typeof message6
      : C extends `${string}4`
        ? typeof address4
        : typeof address6
>

/**
 * A program that sees the addresses which the processes of a cgroup give to system calls, and may change them: a
 * `connect` to a virtual address goes to a real one.
 *
 * ```ts
 * cgroupSockAddr('redirect', 'connect4', (b, ctx) => {
 *   b.if(ctx.userIp4.eq(vip), () => b.assign(ctx, { userIp4: backend, userPort: 8080 }))
 *   b.return(CGROUP_ALLOW)
 * })
 * ```
 *
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function cgroupSockAddr<C extends SockAddrCall>(
  name: string,
  call: C,
  write: (b: ProgramBuilder<'cgroup_sock_addr'>, ctx: SockAddrContext<C>) => void,
  options: ProgramOptions = {},
): BuiltProgram {
  const kind = {
    type: 'cgroup_sock_addr',
    returns: returnsOf(call),
    attach: { type: attachTypeOf(call) },
  } as const
  return contextProgram(kind, name, contextOf(call) as typeof address4, 'ctx', write as never, options)
}

function contextOf(call: SockAddrCall): unknown {
  if (call === 'sendmsg4') return message4
  if (call === 'sendmsg6') return message6
  return call.endsWith('4') ? address4 : address6
}

/** By the verifier's `check_return_code` (kernel/bpf/verifier.c): some calls cannot be refused. */
function returnsOf(call: SockAddrCall): Returns {
  const allow = 'CGROUP_ALLOW (1) lets the call go on'
  if (call.startsWith('recv') || call.startsWith('get'))
    return { min: 1, max: 1, meaning: `${allow}; it cannot be refused.` }
  const meaning = `${allow}, CGROUP_REJECT (0) makes it fail with EPERM.`
  return { min: 0, max: call.startsWith('bind') ? 3 : 1, meaning }
}

function attachTypeOf(call: SockAddrCall): AttachType {
  const name = call.slice(0, -1)
  const family = name.endsWith('msg') ? 'udp' : 'inet'
  return `cgroup_${family}${call.endsWith('4') ? 4 : 6}_${name}` as AttachType
}
