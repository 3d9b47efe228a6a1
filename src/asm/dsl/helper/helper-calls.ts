import type { MemorySpace, Value } from '../../ir/graph.ts'
import type { HostName, NetworkName, ScalarName, ScalarType } from '../../layout/scalar.ts'
import { u32, u64 } from '../../layout/scalar.ts'
import { sizeOf } from '../../layout/struct.ts'
import type { MapSpec, MapType, ProgramType } from '../../program.ts'
import type { HelperName } from '../../text/helper-names.ts'
import type { ControlFlow } from '../control/control-flow.ts'
import { callerPosition } from '../core/caller.ts'
import type { Emitter, Held } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { type Expression, expression, Int, literal, Net, registerType, widenTo } from '../core/values.ts'
import { type KernelRef, type KernelType, kernelPointer } from '../kernel/kernel-type.ts'
import type { SocketHandle, SocketView } from '../kernel/socket.ts'
import type { SocketCases } from '../kernel/socket-statements.ts'
import { textData } from '../map/global.ts'
import { addressOf, checkWritable, type Located, location, type Space } from '../memory/location.ts'
import type { ContextHandle } from '../program/context-ref.ts'
import { checkHelper } from './check-helper.ts'
import { checkCases, giveObject, type ObjectCases, socketArgument, takenOver } from './helper-objects.ts'
import { calleeOf } from './helpers.ts'
import type { HelperEntry, HelperParameter } from './table/entry.ts'
import { type HelperTable, helperTable } from './table/helper-table.ts'

/** Memory for a helper: a struct or array, all of it; or only its first `length` bytes. */
export type HelperMemory<S extends Space = Space> =
  | Located<S>
  | { readonly memory: Located<S>; readonly length: number | Int }

/** What a call passes for a parameter; `never` for what only statements of their own can pass. */
type Argument<T> =
  T extends ScalarType<infer N extends ScalarName>
    ? ScalarArgument<N>
    : T extends { readonly kind: 'context' }
      ? ContextHandle
      : T extends { readonly kind: 'map'; readonly types: readonly (infer M extends MapType)[] }
        ? { readonly spec: MapSpec & { readonly type: M } }
        : T extends { readonly kind: 'key' }
          ? Located<Space>
          : T extends { readonly kind: 'memory'; readonly written: infer W; readonly optional: infer O }
            ? HelperMemory<W extends true ? MemorySpace : Space> | (O extends true ? null : never)
            : T extends { readonly kind: 'text' }
              ? string
              : T extends { readonly kind: 'address' }
                ? bigint | Int<'u64'>
                : T extends { readonly kind: 'flags' }
                  ? number | bigint | Int
                  : T extends { readonly kind: 'object' }
                    ? KernelRef<KernelType>
                    : T extends {
                          readonly kind: 'socket'
                          readonly typed: infer B
                          readonly optional: infer O
                        }
                      ?
                          | SocketHandle
                          | (B extends true ? KernelRef<KernelType> : never)
                          | (O extends true ? null : never)
                      : never

type ScalarArgument<N extends ScalarName> = N extends HostName
  ? number | bigint | Int
  : N extends NetworkName
    ? number | Net<N>
    : never

type FlagNames<T> = { [K in keyof T]: T[K] extends { readonly kind: 'flags' } ? K : never }[keyof T]

/** The arguments of a helper, by name; flags may be left out. */
export type HelperArguments<T> = { readonly [K in Exclude<keyof T, FlagNames<T>>]: Argument<T[K]> } & {
  readonly [K in FlagNames<T>]?: Argument<T[K]>
}

/** What a helper gives that may be null: two cases must be written. */
interface Nullable {
  readonly kind: 'object'
  readonly nullable: true
}

/** Whether `b.helpers` has it: all it takes can be written as an argument, and what it gives can be had. */
type IsPlain<T, R> = R extends ScalarType | 'void' | Nullable
  ? { [K in keyof T]: [Argument<T[K]>] extends [never] ? false : true }[keyof T] extends true
    ? true
    : false
  : false

type NameFor<P, N extends keyof HelperTable> =
  HelperTable[N] extends HelperEntry<infer Q, infer T, infer R>
    ? [P] extends [Q]
      ? IsPlain<T, R> extends true
        ? N
        : never
      : never
    : never

type NamesFor<P extends ProgramType> = { [N in keyof HelperTable]: NameFor<P, N> }[keyof HelperTable]

type CallOf<E> =
  E extends HelperEntry<infer _P, infer T, infer R>
    ? R extends Nullable & { readonly struct: infer S }
      ? S extends SocketView
        ? (args: HelperArguments<T>, cases: SocketCases<S>) => void
        : <K extends KernelType>(args: HelperArguments<T>, cases: ObjectCases<K>) => void
      : keyof T extends never
        ? () => ResultOf<R>
        : (args: HelperArguments<T>) => ResultOf<R>
    : never

type ResultOf<R> = R extends ScalarType<infer N extends ScalarName> ? Expression<N> : undefined

// Written over the table's own keys, so that editors show the documentation that is there.
type Calls<T, K extends keyof T> = { readonly [N in K]: CallOf<T[N]> }

/** The helpers that a program of type `P` may call, as methods. */
export type HelperCalls<P extends ProgramType> = Calls<HelperTable, NamesFor<P>>

type AnyCall = (args?: Readonly<Record<string, unknown>>, cases?: unknown) => Int | Net | undefined

const made = new WeakMap<ControlFlow, object>()

/** Makes `b.helpers`, once for each function that is written. */
export function helperCalls<P extends ProgramType>(b: ControlFlow): HelperCalls<P> {
  let calls = made.get(b)
  if (calls === undefined) {
    calls = Object.freeze(
      Object.fromEntries(
        Object.keys(helperTable).map((name): [string, AnyCall] => [
          name,
          (args = {}, cases) => callHelper(b, name as HelperName, args, cases),
        ]),
      ),
    )
    made.set(b, calls)
  }
  return calls as HelperCalls<P>
}

/** Calls a helper with arguments by name. @throws {BuildError} for a wrong argument or program type */
function callHelper(
  b: ControlFlow,
  name: HelperName,
  args: Readonly<Record<string, unknown>>,
  cases: unknown,
): Int | Net | undefined {
  const { emitter } = b
  const entry: HelperEntry = helperTable[name]
  const { gives } = entry
  checkHelper(emitter, name)
  const object = gives !== 'void' && gives.kind === 'object' && gives.nullable ? gives : undefined
  if (object === undefined && gives !== 'void' && gives.kind !== 'scalar') throw notPlain(name)
  if (object !== undefined) checkCases(name, object, cases)
  for (const given of Object.keys(args))
    if (!Object.hasOwn(entry.takes, given))
      throw wrong(
        name,
        `takes no "${given}"`,
        `It takes ${Object.keys(entry.takes).join(', ') || 'nothing'}.`,
      )
  const found: Found = { filled: [], released: [], sockets: [] }
  const values = Object.entries(entry.takes).flatMap(([parameter, kind]) =>
    argument(emitter, name, parameter, kind, args[parameter], found),
  )
  const callee = calleeOf(name, found.filled)
  const type = gives === 'void' ? 'none' : gives.kind === 'scalar' ? registerType(gives) : 'ptr'
  const result = emitter.call(callee, type, values)
  for (const held of found.released) emitter.held.delete(held)
  if (entry.moves) emitter.movePacket()
  if (object !== undefined)
    giveObject(b, object, result, cases as ObjectCases | SocketCases, found.sockets[0])
  return gives !== 'void' && gives.kind === 'scalar' ? expression(emitter, gives, result) : undefined
}

/** What the arguments of a call have said about it. */
interface Found {
  /** Spaces of the memory that it is given to write to. */
  readonly filled: MemorySpace[]
  /** What it takes over. */
  readonly released: Held[]
  /** What its socket arguments must release. */
  readonly sockets: (Held | undefined)[]
}

function argument(
  emitter: Emitter,
  name: HelperName,
  parameter: string,
  kind: HelperParameter,
  arg: unknown,
  found: Found,
): Value[] {
  if (arg === undefined && kind.kind !== 'flags') throw wrong(name, `needs "${parameter}"`)
  switch (kind.kind) {
    case 'scalar':
      return [scalarArgument(emitter, name, parameter, kind, arg)]
    case 'flags':
      return [scalarArgument(emitter, name, parameter, kind.type, arg ?? 0)]
    case 'address':
      return [scalarArgument(emitter, name, parameter, u64, arg)]
    case 'context': {
      if (!isLocated(arg) || arg[location].space !== 'context')
        throw wrong(name, `takes the program's context as "${parameter}"`)
      return [addressOf(arg)]
    }
    case 'map': {
      const { spec } = arg as { readonly spec: MapSpec }
      if (kind.types?.includes(spec.type) === false)
        throw wrong(name, `takes a map of type ${kind.types.join(' or ')}, "${spec.name}" is a ${spec.type}`)
      emitter.useMap(spec)
      return [emitter.emit({ kind: 'map', name: spec.name }, 'ptr')]
    }
    case 'key':
      if (!isLocated(arg)) throw wrong(name, `takes a key in memory as "${parameter}"`)
      return [addressOf(arg)]
    case 'memory':
      return memoryArgument(emitter, name, parameter, kind, arg, found.filled)
    case 'text':
      return textArgument(emitter, name, parameter, kind.sized, arg)
    case 'object':
      return [kernelPointer(arg as KernelRef).value]
    case 'socket': {
      const socket = socketArgument(emitter, name, parameter, kind, arg)
      if (kind.released) found.released.push(takenOver(name, socket))
      found.sockets.push(socket.held)
      return [socket.value]
    }
    default:
      throw notPlain(name)
  }
}

function scalarArgument(
  emitter: Emitter,
  name: HelperName,
  parameter: string,
  type: ScalarType,
  arg: unknown,
): Value {
  if (typeof arg === 'number' || typeof arg === 'bigint') return literal(emitter, arg, type)
  if (type.order === 'network') {
    if (arg instanceof Net && arg.type.name === type.name) return arg.ir
  } else if (arg instanceof Int && arg.type.size <= Math.max(4, type.size)) return widenTo(emitter, arg, type)
  throw wrong(name, `takes a ${type.name} as "${parameter}"`)
}

function memoryArgument(
  emitter: Emitter,
  name: HelperName,
  parameter: string,
  kind: Extract<HelperParameter, { kind: 'memory' }>,
  arg: unknown,
  filled: MemorySpace[],
): Value[] {
  if (arg === null && kind.optional) {
    const none = emitter.constant(0n, 'ptr')
    return kind.size === undefined ? [none, emitter.constant(0n, 'i32')] : [none]
  }
  const part = typeof arg === 'object' && arg !== null && 'memory' in arg ? (arg as PartOfMemory) : undefined
  const ref = part?.memory ?? arg
  if (!isLocated(ref)) throw wrong(name, `takes memory as "${parameter}"`)
  const at = ref[location]
  const size = sizeOf(at.type)
  if (kind.written) {
    checkWritable(at)
    filled.push(at.space)
  }
  if (kind.size !== undefined) {
    if (size < kind.size)
      throw wrong(name, `takes ${kind.size} bytes as "${parameter}", ${at.what} has ${size}`)
    return [addressOf(ref)]
  }
  const length = part?.length ?? size
  if (typeof length === 'number' && (length > size || length < 0))
    throw wrong(name, `takes memory as "${parameter}", ${at.what} has ${size} bytes, not ${length}`)
  const bytes =
    typeof length === 'number' ? emitter.constant(BigInt(length), 'i32') : widenTo(emitter, length, u32)
  return [addressOf(ref), bytes]
}

/** A text becomes constant data of the program. */
function textArgument(
  emitter: Emitter,
  name: HelperName,
  parameter: string,
  sized: boolean,
  arg: unknown,
): Value[] {
  if (typeof arg !== 'string') throw wrong(name, `takes a text as "${parameter}"`)
  if (arg.includes('\0')) throw wrong(name, `takes a text without zero characters as "${parameter}"`)
  const { spec, value } = textData(arg)
  emitter.useMap(spec)
  const address = emitter.emit({ kind: 'global', name: spec.name }, 'ptr')
  return sized ? [address, emitter.constant(BigInt(value.size), 'i32')] : [address]
}

interface PartOfMemory {
  readonly memory: Located<Space>
  readonly length: number | Int
}

function isLocated(arg: unknown): arg is Located<Space> {
  return typeof arg === 'object' && arg !== null && location in arg
}

function wrong(name: HelperName, what: string, hint = ''): BuildError {
  return new BuildError('ARGUMENT', `bpf_${name} ${what}`, callerPosition(), { hint })
}

function notPlain(name: HelperName): BuildError {
  return new BuildError('HELPER', `bpf_${name} is no plain call`, callerPosition(), {
    hint: 'There is a statement of its own for it.',
  })
}
