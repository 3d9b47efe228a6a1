import type { MemorySpace, Value } from '../../ir/graph.ts'
import type { ArrayType, StructType, UnionType } from '../../layout/struct.ts'
import { callerPosition } from '../core/caller.ts'
import type { Emitter, Held, Otherwise, Scope } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'

/**
 * What kind of memory a reference points into, which decides what may be done with it: `packet`, `map` (elements of
 * maps, global data), `frame` (the stack), `context`, `kernel` (kernel objects), and `constant`, which is memory like
 * a map's that programs only read (`.rodata`).
 */
export type Space = MemorySpace | 'constant'

/** Where a reference points; kept under a symbol, so that field names are free for fields. */
export interface Location<out S extends Space = Space> {
  readonly emitter: Emitter
  readonly pointer: Value
  /** What the compiler takes the memory for. */
  readonly space: MemorySpace
  /** What the author may do with it. */
  readonly kind: S
  /** Bytes from `pointer`. */
  readonly offset: number
  readonly scope: Scope
  readonly type: StructType | UnionType | ArrayType
  readonly what: string
  /** Of packet memory: `emitter.packetGeneration` when the reference was made. */
  readonly generation: number
  /** What is known of the pointer's alignment; 8 bytes when nothing is said. It matters on the stack alone. */
  readonly alignment?: number
  /** Of a program's context: the members that may be written. All may be elsewhere. */
  readonly writable?: readonly string[]
  /** Of packet memory whose end is known: finds another place in it. */
  readonly packet?: PacketPlaces
  /** Of memory that was acquired and must be given back: usable as long as it is held. */
  readonly held?: Held
}

/** How elements of arrays in a packet are found. */
export interface PacketPlaces {
  /** The place `distance` bytes behind `from`, after proving that `size` bytes are there. */
  locate(from: Location, distance: Value, size: number, otherwise: Otherwise): Location
}

/** Key of a reference's {@link Location}. */
export const location: unique symbol = Symbol('location')

/** Anything that points somewhere: structs and arrays in memory. */
export interface Located<out S extends Space = MemorySpace> {
  readonly [location]: Location<S>
}

/** A location that differs in some properties from another; what is computed when it is read stays so. */
export function derive<S extends Space>(at: Location<S>, changes: Partial<Location>): Location<S> {
  return Object.create(
    at,
    Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, { value, enumerable: true }])),
  )
}

/** The address a reference points at, for passing to a call. */
export function addressOf(ref: Located<Space>): Value {
  const at = ref[location]
  checkUsable(at)
  if (at.offset === 0) return at.pointer
  const step = at.emitter.constant(BigInt(at.offset), 'i64')
  return at.emitter.emit({ kind: 'binary', operator: 'add' }, 'ptr', [at.pointer, step])
}

/** @throws {BuildError} outside of the reference's scope, after its memory was given back, or after the packet was moved */
export function checkUsable(at: Location): void {
  at.emitter.checkScope(at.scope, at.what)
  if (at.held !== undefined && !at.emitter.held.has(at.held))
    throw new BuildError(
      'USE_AFTER_RELEASE',
      `${at.what} is used after the ${at.held.type} was ${at.held.ended ?? 'released'}`,
      callerPosition(),
    )
  if (at.space !== 'packet') return
  const { generation, scope, what } = at
  if (generation === at.emitter.packetGeneration) {
    at.emitter.usePacket({ what, generation, scope, position: callerPosition() })
    return
  }
  throw new BuildError(
    'PACKET_MOVED',
    `${at.what} is used after the packet may have moved in memory`,
    callerPosition(),
    { hint: 'Read what you need before, or take the header again with packet.header(…).' },
  )
}

/** @throws {BuildError} for memory, or a member of the context, that this program may only read */
export function checkWritable({ writable, what, kind }: Location, values: object = {}): void {
  if (kind === 'constant')
    throw new BuildError('READ_ONLY', `${what} cannot be written: it is constant data`, callerPosition())
  if (writable === undefined) return
  const name = Object.keys(values).find((key) => !writable.includes(key))
  if (name === undefined) return
  throw new BuildError(
    'READ_ONLY',
    `${what}.${name} cannot be written in a program of this type`,
    callerPosition(),
    {
      hint:
        writable.length === 0
          ? 'Nothing in this context can be.'
          : `What can be written in this context: ${writable.join(', ')}.`,
    },
  )
}
