import type { AttachType } from '../../attach.ts'
import type { ProgramBuilder } from '../builder.ts'
import { Socket } from '../kernel/socket-layouts.ts'
import { type ContextRef, contextType } from './context-ref.ts'
import { type BuiltProgram, contextProgram, type ProgramOptions } from './program.ts'

// `__sock_filter_check_attach_type` in net/core/filter.c.
const remote = [
  'destinationPort',
  'destinationPortUnused',
  'destinationIp4',
  'destinationIp6',
  'state',
  'rxQueue',
] as const
const created = contextType(Socket, {
  hidden: ['sourceIp4', 'sourceIp6', 'sourcePort', ...remote],
  writable: ['boundIfindex', 'mark', 'priority'],
})
const bound4 = contextType(Socket, { hidden: ['boundIfindex', 'mark', 'priority', 'sourceIp6', ...remote] })
const bound6 = contextType(Socket, { hidden: ['boundIfindex', 'mark', 'priority', 'sourceIp4', ...remote] })

/** What happens to a socket that programs see. */
export type SocketEvent = 'create' | 'release' | 'post_bind4' | 'post_bind6'

/** The context of a program for an event, in the DSL. */
export type CgroupSockContext<E extends SocketEvent> = ContextRef<
  E extends 'post_bind4' ? typeof bound4 : E extends 'post_bind6' ? typeof bound6 : typeof created
>

/**
 * A program that sees the sockets of a cgroup's processes: when they are made, closed, or have been bound.
 *
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function cgroupSock<E extends SocketEvent>(
  name: string,
  event: E,
  write: (b: ProgramBuilder<'cgroup_sock'>, sk: CgroupSockContext<E>) => void,
  options: ProgramOptions = {},
): BuiltProgram {
  const meaning = 'CGROUP_ALLOW (1) lets the call go on, CGROUP_REJECT (0) makes it fail with EPERM.'
  const context = event === 'post_bind4' ? bound4 : event === 'post_bind6' ? bound6 : created
  const kind = {
    type: 'cgroup_sock',
    returns: { min: 0, max: 1, meaning },
    attach: { type: attachTypeOf(event) },
  } as const
  return contextProgram(kind, name, context as typeof created, 'sk', write as never, options)
}

function attachTypeOf(event: SocketEvent): AttachType {
  switch (event) {
    case 'create':
      return 'cgroup_inet_sock_create'
    case 'release':
      return 'cgroup_inet_sock_release'
    case 'post_bind4':
      return 'cgroup_inet4_post_bind'
    case 'post_bind6':
      return 'cgroup_inet6_post_bind'
  }
}
