import type { Value } from '../../ir/graph.ts'
import type { StructType } from '../../layout/struct.ts'
import { callerPosition } from '../core/caller.ts'
import type { Emitter, Held, Scope } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { derive, location } from '../memory/location.ts'
import { type FieldAccess, refAt, structRef } from '../memory/reference.ts'
import { Socket, TcpSocket } from './socket-layouts.ts'

/**
 * What the kernel shows of a socket (net/core/filter.c). `sock_common`: one that may be half open or in TIME_WAIT, of
 * which only what all sockets have can be read (`bpf_sock_common_is_valid_access`).
 */
const views = {
  bpf_sock: { layout: Socket, hidden: ['destinationPortUnused'] },
  sock_common: {
    layout: Socket,
    hidden: ['destinationPortUnused', 'socketType', 'protocol', 'mark', 'priority'],
  },
  bpf_tcp_sock: { layout: TcpSocket, hidden: [] },
} as const

/** Names of what programs can see of a socket: all of it, what every kind has, the TCP connection. */
export type SocketView = keyof typeof views

type Layout<N extends SocketView> = (typeof views)[N]['layout']
type FieldsOf<N extends SocketView> = Layout<N> extends StructType<infer F> ? F : never

const socketOf: unique symbol = Symbol('socket')

/** Any socket, for passing it to helpers. */
export type SocketHandle = { readonly [socketOf]: SocketPointer }

/** A socket in a program: members are properties, every read of one is a load. Nothing of it can be written. */
export type SocketRef<N extends SocketView = SocketView> = N extends SocketView
  ? {
      readonly [K in Exclude<keyof FieldsOf<N> & string, (typeof views)[N]['hidden'][number]>]: FieldAccess<
        FieldsOf<N>[K],
        'context'
      >
    } & SocketHandle
  : never

interface SocketPointer {
  readonly emitter: Emitter
  readonly value: Value
  readonly scope: Scope
  readonly view: SocketView
  /** What must be released; undefined for sockets that the program was given. */
  readonly held: Held | undefined
}

/** Whether the kernel's name of a struct is that of something programs see as a socket. */
export function isSocketView(name: string): name is SocketView {
  return Object.hasOwn(views, name)
}

/** Makes the reference to a socket; `held` if it must be released, or lives as long as one that must be. */
export function socketRef<N extends SocketView>(
  emitter: Emitter,
  view: N,
  value: Value,
  held: Held | undefined,
): SocketRef<N> {
  const { layout, hidden } = views[view]
  const state: SocketPointer = { emitter, value, scope: emitter.scope, view, held }
  // As the context, the kernel rewrites every access: only whole members can be read, at constant places.
  const all = structRef(emitter, layout as unknown as StructType, value, 'context', view)
  const members = held === undefined ? all : refAt(derive(all[location], { held }))
  const ref = { [socketOf]: state }
  for (const name of Object.keys(layout.fields))
    if (!(hidden as readonly string[]).includes(name))
      Object.defineProperty(ref, name, {
        enumerable: true,
        get: () => {
          checkAlive(state)
          return (members as unknown as Readonly<Record<string, unknown>>)[name]
        },
      })
  return ref as unknown as SocketRef<N>
}

/** Whether an argument is a socket that programs see as one of the {@link SocketView}s. */
export function isSocket(arg: unknown): arg is SocketHandle {
  return typeof arg === 'object' && arg !== null && socketOf in arg
}

/** The pointer of a socket, for passing it to a call. @throws {BuildError} after its release */
export function socketPointer(ref: SocketHandle): {
  readonly value: Value
  readonly view: SocketView
  readonly held: Held | undefined
} {
  const state = ref[socketOf]
  checkAlive(state)
  return state
}

function checkAlive({ emitter, scope, view, held }: SocketPointer): void {
  emitter.checkScope(scope, `the ${view}`)
  if (held === undefined || emitter.held.has(held)) return
  throw new BuildError('USE_AFTER_RELEASE', `the ${view} is used after it was released`, callerPosition())
}
