import type { KernelField, MemorySpace, Value } from '../../ir/graph.ts'
import type { BitsType } from '../../layout/bits.ts'
import type { BytesType, CharsType } from '../../layout/bytes.ts'
import { isKernelOwned } from '../../layout/kernel-owned.ts'
import { type HostName, type NetworkName, type ScalarName, type ScalarType, u8 } from '../../layout/scalar.ts'
import {
  type ArrayType,
  array,
  type Fields,
  type FieldType,
  type StructType,
  type UnionType,
} from '../../layout/struct.ts'
import type { WideType } from '../../layout/wide.ts'
import { type BitsAssignable, type BitsExpression, bitsExpression } from '../core/bits.ts'
import { callerPosition } from '../core/caller.ts'
import type { Emitter } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { type Expression, expression, type Int, type Net, registerType } from '../core/values.ts'
import type { Wide } from '../core/wide.ts'
import { elementOf, type Index, type IndexOptions } from './element.ts'
import { checkUsable, derive, type Located, type Location, location, type Space } from './location.ts'
import { loadWide } from './wide-access.ts'

/** Reading a field: numbers are loaded where it is written, all else gives a reference into itself. */
export type FieldAccess<T, S extends Space = MemorySpace> =
  T extends ScalarType<infer N extends ScalarName>
    ? Expression<N>
    : T extends { readonly kind: 'array'; readonly element: infer E }
      ? ArrayRef<E, S>
      : T extends StructType<infer F>
        ? Ref<F, S>
        : T extends UnionType<infer F>
          ? Ref<F, S>
          : T extends BitsType<infer N, infer P>
            ? BitsExpression<N, P>
            : T extends WideType
              ? Wide
              : T extends BytesType | CharsType
                ? ArrayRef<ScalarType<'u8'>, S>
                : never

/**
 * A struct somewhere in memory: its fields are properties, and every read of one is a load at that place. `S` says
 * what kind of memory; `Ref<F>` is any that can be written, `Ref<F, Space>` any at all.
 */
export type Ref<F extends Fields = Fields, S extends Space = MemorySpace> = {
  readonly [K in keyof F & string]: FieldAccess<F[K], S>
} & Located<S> &
  HasFields<F>

declare const fieldsOf: unique symbol

/** Tells the compiler what struct a reference is of, also where there is more to it than its fields. */
interface HasFields<out F> {
  readonly [fieldsOf]?: F
}

/** The reference to a struct of this layout. */
export type RefOf<T, S extends Space = MemorySpace> = T extends StructType<infer F> ? Ref<F, S> : never

/** An array somewhere in memory. */
export type ArrayRef<E = unknown, S extends Space = MemorySpace> = Located<S> & {
  readonly length: number
  /** The element at a constant index. @throws {BuildError} beyond the end */
  at(index: number): FieldAccess<E, S>
  /** The element at a computed index. @throws {BuildError} when nothing says that it is within the array */
  at(index: Index, options?: IndexOptions): FieldAccess<E, S>
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
      ? readonly Assignable<E>[] | ArrayRef<E, Space>
      : T extends StructType<infer F>
        ? Values<F>
        : T extends UnionType<infer F>
          ? Values<F>
          : T extends BitsType<infer N, infer P>
            ? BitsAssignable<N, P>
            : T extends WideType
              ? bigint | Wide
              : T extends BytesType
                ? Uint8Array | ArrayRef<ScalarType<'u8'>, Space>
                : T extends CharsType
                  ? string | ArrayRef<ScalarType<'u8'>, Space>
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
export function structRef<F extends Fields, S extends Space>(
  emitter: Emitter,
  type: StructType<F> | UnionType<F>,
  pointer: Value,
  kind: S,
  what: string,
  offset = 0,
): Ref<F, S> {
  const space: MemorySpace = kind === 'constant' ? 'map' : (kind as MemorySpace)
  const { scope, packetGeneration: generation } = emitter
  const composite = type as unknown as StructType
  return refAt({ emitter, pointer, space, kind, offset, scope, type: composite, what, generation })
}

/** Makes the reference to what is at a location: a struct or union. */
export function refAt<F extends Fields, S extends Space>(at: Location<S>): Ref<F, S> {
  const ref = { [location]: at }
  for (const [name, field] of Object.entries((at.type as StructType).fields))
    Object.defineProperty(ref, name, {
      enumerable: true,
      get: () => {
        checkUsable(at)
        checkOwner(at, name)
        const place = { offset: at.offset + field.offset, what: `${at.what}.${name}` }
        return access(derive(at, place), field.type)
      },
    })
  return ref as unknown as Ref<F, S>
}

/** @throws {BuildError} for a member of what only the kernel may touch: a lock or timer in a map's value */
function checkOwner(at: Location, member: string): void {
  if (at.space !== 'map' || at.type.kind !== 'struct' || !isKernelOwned(at.type.name)) return
  throw new BuildError(
    'KERNEL_OWNED',
    `${at.what}.${member} cannot be read or written: ${at.type.name} is the kernel's own`,
    callerPosition(),
    { hint: 'Pass the field as a whole to the statement it is for, such as b.lock(value.lock, …).' },
  )
}

/** Makes the reference to an array of unsigned bytes, integers, structs, … */
export function arrayAt<E extends FieldType, S extends Space>(at: Location<S>): ArrayRef<E, S> {
  return {
    [location]: at,
    length: (at.type as ArrayType).length,
    at: (index: number | Index, options?: IndexOptions) => {
      checkUsable(at)
      const element = elementOf(at, index, options)
      return access(element.at, element.type) as never
    },
  }
}

/** Reads what is at a location, or gives a reference to it. */
function access(at: Location, type: FieldType): unknown {
  switch (type.kind) {
    case 'scalar':
      return loadScalar(at.emitter, at.pointer, at.space, type, at.offset)
    case 'bits':
      return bitsExpression(
        at.emitter,
        type,
        loadScalar(at.emitter, at.pointer, at.space, type.base, at.offset).ir,
      )
    case 'wide':
      return loadWide(at, at.offset)
    case 'array':
      return arrayAt(derive(at, { type: type as ArrayType }))
    case 'bytes':
    case 'chars':
      return arrayAt(derive(at, { type: array(u8, type.size) }))
    default:
      return refAt(derive(at, { type: type as StructType }))
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
