import type { ProgramBuilder } from '../builder.ts'
import { SkBuff } from './context.ts'
import { type ContextRef, contextType } from './context-ref.ts'
import { type BuiltProgram, contextProgram, type ProgramOptions } from './program.ts'

/** `struct __sk_buff` as socket filters may use it (`sk_filter_is_valid_access` in net/core/filter.c). */
export const SocketFilterContextType = contextType(SkBuff, {
  hidden: [
    'protocolUnused',
    'vlanProtoUnused',
    'tcClassid',
    'data',
    'dataEnd',
    'dataMeta',
    'flowKeys',
    'sk',
    'family',
    'remoteIp4',
    'localIp4',
    'remoteIp6',
    'localIp6',
    'remotePort',
    'localPort',
    'tstamp',
    'wireLen',
    'tstampType',
    'tstampTypeUnused',
    'hwtstamp',
  ],
  writable: ['cb'],
})

/** The context of a socket filter in the DSL. */
export type SocketFilterContext = ContextRef<typeof SocketFilterContextType>

/**
 * A filter on a socket. It returns how many bytes of the packet the socket gets: 0 for none, `skb.len` for all. A
 * packet begins where the socket's kind says: at the link header for packet sockets, at the transport header for TCP and
 * UDP sockets. It is read with `b.helpers.skb_load_bytes`.
 *
 * ```ts
 * socketFilter('only_short', (b, skb) => {
 *   b.if(skb.len.gt(100), () => b.return(0))
 *   b.return(skb.len)
 * })
 * ```
 *
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function socketFilter(
  name: string,
  write: (b: ProgramBuilder<'socket_filter'>, skb: SocketFilterContext) => void,
  options: ProgramOptions = {},
): BuiltProgram {
  return contextProgram({ type: 'socket_filter' }, name, SocketFilterContextType, 'skb', write, options)
}
