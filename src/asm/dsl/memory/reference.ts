import type { KernelField, MemorySpace, Value } from '../../ir/graph.ts'
import type { BitsType } from '../../layout/bits.ts'
import type { BytesType, CharsType } from '../../layout/bytes.ts'
import { type HostName, type NetworkName, type ScalarName, type ScalarType, u8 } from '../../layout/scalar.ts'
import {
  type ArrayType,
  array,
  type Fields,
  type FieldType,
  type StructType,
  sizeOf,
  type UnionType,
} from '../../layout/struct.ts'
import type { WideType } from '../../layout/wide.ts'
import { type BitsAssignable, type BitsExpression, bitsExpression } from '../core/bits.ts'
import { callerPosition } from '../core/caller.ts'
import type { Emitter, Scope } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { type Expression, expression, type Int, type Net, registerType } from '../core/values.ts'
import type { Wide } from '../core/wide.ts'
import { loadWide } from './wide-access.ts'

/** Where a reference points; kept under a symbol, so that field names are free for fields. */
export interface Location {
  readonly emitter: Emitter
  readonly pointer: Value
  readonly space: MemorySpace
  /** Bytes from `pointer`. */
  readonly offset: number
  readonly scope: Scope
  readonly type: StructType | UnionType | ArrayType
  readonly what: string
  /** Of packet memory: `emitter.packetGeneration` when the reference was made. */
  readonly generation: number
  /** Of a program's context: the members that may be written. All may be elsewhere. */
  readonly writable?: readonly string[]
}

/** Key of a reference's {@link Location}. */
export const location: unique symbol = Symbol('location')

/** Anything that points somewhere: structs and arrays in memory. */
export interface Located {
  readonly [location]: Location
}

/** Reading a field: numbers are loaded where it is written, all else gives a reference into itself. */
export type FieldAccess<T> =
  T extends ScalarType<infer N extends ScalarName>
    ? Expression<N>
    : T extends { readonly kind: 'array'; readonly element: infer E }
      ? ArrayRef<E>
      : T extends StructType<infer F>
        ? Ref<F>
        : T extends UnionType<infer F>
          ? Ref<F>
          : T extends BitsType<infer N, infer P>
            ? BitsExpression<N, P>
            : T extends WideType
              ? Wide
              : T extends BytesType | CharsType
                ? ArrayRef<ScalarType<'u8'>>
                : never

/** A struct somewhere in memory: its fields are properties, and every read of one is a load at that place. */
export type Ref<F extends Fields = Fields> = { readonly [K in keyof F & string]: FieldAccess<F[K]> } & Located

/** The reference to a struct of this layout. */
export type RefOf<S> = S extends StructType<infer F> ? Ref<F> : never

/** An array somewhere in memory. */
export type ArrayRef<E = unknown> = Located & {
  readonly length: number
  /** The element at a constant index. @throws {BuildError} beyond the end */
  at(index: number): FieldAccess<E>
}

/** What can be assigned to a field. A narrower integer of the same sign fits a wider field. */
export type Assignable<T> =
  T extends ScalarType<infer N extends ScalarName>
    ? N extends HostName
      ? number | bigint | Int<Narrower<N>>
      : N extends NetworkName
        ? number | bigint | Net<N>
        : never
    : T extends { readonly kind: 'array'; readonly element: infer E }
      ? readonly Assignable<E>[] | ArrayRef<E>
      : T extends StructType<infer F>
        ? Values<F>
        : T extends UnionType<infer F>
          ? Values<F>
          : T extends BitsType<infer N, infer P>
            ? BitsAssignable<N, P>
            : T extends WideType
              ? bigint | Wide
              : T extends BytesType
                ? Uint8Array | ArrayRef<ScalarType<'u8'>>
                : T extends CharsType
                  ? string | ArrayRef<ScalarType<'u8'>>
                  : never

type Narrower<N extends HostName> = {
  readonly u8: 'u8'
  readonly u16: 'u8' | 'u16'
  readonly u32: 'u8' | 'u16' | 'u32'
  readonly u64: 'u8' | 'u16' | 'u32' | 'u64'
  readonly s8: 's8'
  readonly s16: 's8' | 's16'
  readonly s32: 's8' | 's16' | 's32'
  readonly s64: 's8' | 's16' | 's32' | 's64'
}[N]

/** Values for some of a struct's fields. */
export type Values<F extends Fields> = { readonly [K in keyof F & string]?: Assignable<F[K]> }

/** Makes the reference to a struct or union at `pointer + offset`. */
export function structRef<F extends Fields>(
  emitter: Emitter,
  type: StructType<F> | UnionType<F>,
  pointer: Value,
  space: MemorySpace,
  what: string,
  offset = 0,
): Ref<F> {
  const generation = emitter.packetGeneration
  const at: Location = { emitter, pointer, space, offset, scope: emitter.scope, type, what, generation }
  const ref = { [location]: at }
  for (const [name, field] of Object.entries(type.fields))
    Object.defineProperty(ref, name, {
      enumerable: true,
      get: () => access(at, field.type, offset + field.offset, `${what}.${name}`),
    })
  return ref as Ref<F>
}

function access(at: Location, type: FieldType, offset: number, what: string): unknown {
  checkUsable(at)
  switch (type.kind) {
    case 'scalar':
      return loadScalar(at.emitter, at.pointer, at.space, type, offset)
    case 'bits':
      return bitsExpression(
        at.emitter,
        type,
        loadScalar(at.emitter, at.pointer, at.space, type.base, offset).ir,
      )
    case 'wide':
      return loadWide(at, offset)
    case 'array':
      return arrayRef(at, type as ArrayType, offset, what)
    case 'bytes':
    case 'chars':
      return arrayRef(at, array(u8, type.size), offset, what)
    default:
      return structRef(at.emitter, type as StructType, at.pointer, at.space, what, offset)
  }
}

function arrayRef(at: Location, type: ArrayType, offset: number, what: string): ArrayRef {
  return {
    [location]: { ...at, offset, type, what },
    length: type.length,
    at: (index) => {
      if (!Number.isInteger(index) || index < 0 || index >= type.length)
        throw new BuildError(
          'INDEX',
          `${what}[${index}] is beyond its ${type.length} elements`,
          callerPosition(),
        )
      return access(at, type.element, offset + index * sizeOf(type.element), `${what}[${index}]`) as never
    },
  }
}

/** Loads a scalar; signed ones narrower than a register are sign-extended. */
export function loadScalar(
  emitter: Emitter,
  pointer: Value,
  space: MemorySpace,
  type: ScalarType,
  offset: number,
  field?: KernelField,
): Int | Net {
  const op = {
    kind: 'load',
    size: type.size,
    offset,
    space,
    ...(field === undefined ? {} : { field }),
  } as const
  let value = emitter.emit(op, registerType(type), [pointer])
  if (type.signed && type.size < 4) {
    const bits = emitter.constant(BigInt(32 - type.size * 8), 'i32')
    value = emitter.emit({ kind: 'binary', operator: 'lsh' }, 'i32', [value, bits])
    value = emitter.emit({ kind: 'binary', operator: 'arsh' }, 'i32', [value, bits])
  }
  return expression(emitter, type, value)
}

/** The address a reference points at, for passing to a call. */
export function addressOf(ref: Located): Value {
  const at = ref[location]
  checkUsable(at)
  if (at.offset === 0) return at.pointer
  const step = at.emitter.constant(BigInt(at.offset), 'i64')
  return at.emitter.emit({ kind: 'binary', operator: 'add' }, 'ptr', [at.pointer, step])
}

/** @throws {BuildError} outside of the reference's scope, or after something has moved the packet it points into */
export function checkUsable(at: Location): void {
  at.emitter.checkScope(at.scope, at.what)
  if (at.space !== 'packet' || at.generation === at.emitter.packetGeneration) return
  throw new BuildError(
    'PACKET_MOVED',
    `${at.what} is used after the packet may have moved in memory`,
    callerPosition(),
    { hint: 'Read what you need before, or take the header again with packet.header(…).' },
  )
}

/** @throws {BuildError} for a member of the context that programs of this type may only read */
export function checkWritable({ writable, what }: Location, values: object): void {
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
