import type { Fields } from '../../layout/struct.ts'
import { callerPosition } from '../core/caller.ts'
import type { Held } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { checkHelper } from '../helper/check-helper.ts'
import { helpers } from '../helper/helpers.ts'
import { type MapKey, mapAddress, mapElement } from '../map/access.ts'
import type { ObjectMapDefinition } from '../map/objects.ts'
import { type ContextHandle, type ContextType, contextParts } from '../program/context-ref.ts'
import { type SocketRef, type SocketView, socketRef } from './socket.ts'
import { StorageStatements } from './storage-statements.ts'

/** What to do with a socket, and where there is none. */
export interface SocketCases<N extends SocketView = SocketView> {
  readonly some: (socket: SocketRef<N>) => void
  readonly none?: () => void
}

/**
 * Where contexts have a pointer to their socket, and what of it can be read (the `is_valid_access` functions of
 * net/core/filter.c).
 */
const contextSockets = new Map<string, { readonly member: string; readonly view: SocketView }>([
  ['__sk_buff', { member: 'sk', view: 'sock_common' }],
  ['bpf_sock_addr', { member: 'sk', view: 'bpf_sock' }],
  // A union with the socket, in programs.
  ['bpf_sk_lookup', { member: 'cookie', view: 'bpf_sock' }],
])

type ViewOf<C> = C extends { readonly layout: { readonly name: '__sk_buff' } } ? 'sock_common' : SocketView

/** Statements about sockets; what else programs do with them is in `b.helpers`. */
export class SocketStatements extends StorageStatements {
  /**
   * The socket that the program was called for: `some` runs with it, `none` where there is none. That of a packet may be
   * half open: `b.helpers.sk_fullsock` gives all of it.
   *
   * @throws {BuildError} in a program whose context has none, such as XDP
   */
  socketOf<C extends ContextType>(context: ContextHandle<C>, cases: SocketCases<ViewOf<C>>): void {
    const { emitter } = this
    const { type, pointer } = contextParts(context as ContextHandle<ContextType>)
    const known = contextSockets.get(type.layout.name)
    const offset = known === undefined ? undefined : type.layout.fields[known.member]?.offset
    if (known === undefined || offset === undefined)
      throw new BuildError('ARGUMENT', `a ${type.layout.name} has no socket`, callerPosition())
    const value = emitter.emit({ kind: 'load', size: 8, offset, space: 'context' }, 'ptr', [pointer])
    const some = (): void => cases.some(socketRef(emitter, known.view, value, undefined) as never)
    this.ifElse('ne', value, emitter.constant(0n, 'ptr'), some, cases.none ?? (() => {}))
  }

  /**
   * Looks a socket up that user space has put into a map (Linux 5.8). `some` runs with it and must release it with
   * `b.helpers.sk_release` on every way; `none` runs where there is none.
   */
  lookupSocket<K extends Fields>(
    map: ObjectMapDefinition<K, Fields, 'sockmap' | 'sockhash'>,
    key: MapKey<K>,
    cases: SocketCases<'bpf_sock'>,
  ): void {
    const { emitter } = this
    checkHelper(emitter, 'sk_release')
    const held: Held = { type: 'bpf_sock', position: callerPosition() }
    const args = [mapAddress(emitter, map.spec), mapElement(this, map as never, key as MapKey<Fields>)]
    const value = emitter.call(helpers.map_lookup_elem, 'ptr', args)
    const some = (): void => {
      emitter.held.add(held)
      cases.some(socketRef(emitter, 'bpf_sock', value, held))
    }
    this.ifElse('ne', value, emitter.constant(0n, 'ptr'), some, cases.none ?? (() => {}))
  }
}
