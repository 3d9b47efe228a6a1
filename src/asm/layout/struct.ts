import { type BitsType, type BitsValue, readBits, writeBits } from './bits.ts'
import { type BytesType, type CharsType, readBytes, readChars, writeBytes, writeChars } from './bytes.ts'
import type { Codec } from './codec.ts'
import { readScalar, type ScalarName, type ScalarType, type ScalarValue, writeScalar } from './scalar.ts'
import { readWide, type WideType, writeWide } from './wide.ts'

/** A fixed number of equal elements. */
export interface ArrayType<T extends FieldType = FieldType> {
  readonly kind: 'array'
  readonly element: T
  readonly length: number
}

/** What a field can be: a number, bytes, or an array, struct or union of such. */
export type FieldType =
  | ScalarType
  | WideType
  | BitsType
  | BytesType
  | CharsType
  | ArrayTypeAny
  | StructTypeAny
  | UnionTypeAny
interface ArrayTypeAny {
  readonly kind: 'array'
  readonly element: FieldType
  readonly length: number
}
interface CompositeAny {
  readonly name: string
  readonly size: number
  readonly align: number
  readonly fields: Readonly<Record<string, StructField>>
  readonly holes: readonly Hole[]
}
interface StructTypeAny extends CompositeAny {
  readonly kind: 'struct'
}
interface UnionTypeAny extends CompositeAny {
  readonly kind: 'union'
}

/** Bytes that belong to no field. */
export interface Hole {
  /** Bytes from the start. */
  readonly offset: number
  readonly length: number
}

/** A field with its place. */
export interface StructField<T extends FieldType = FieldType> {
  readonly type: T
  /** Bytes from the start of the struct. */
  readonly offset: number
}

/** The fields of a struct as they are written: name to type, in memory order. */
export type Fields = Readonly<Record<string, FieldType>>

/**
 * One layout, written once: it gives the TypeScript type ({@link ValueOf}), the offsets for code generation, the
 * codec for user space, and the BTF.
 */
export interface StructType<F extends Fields = Fields> extends Codec<StructValue<F>> {
  readonly kind: 'struct'
  readonly name: string
  readonly align: number
  readonly fields: { readonly [K in keyof F & string]: StructField<F[K]> }
  /** Bytes no field covers, of structs inside as well; must be none in a map key. */
  readonly holes: readonly Hole[]
}

/**
 * Several layouts of the same bytes. Decoding gives every member; encoding takes one of them (or several that say the
 * same), and bytes that it does not have are zero.
 */
export interface UnionType<F extends Fields = Fields> extends Codec<UnionValue<F>> {
  readonly kind: 'union'
  readonly name: string
  readonly align: number
  /** The members; every offset is 0. */
  readonly fields: { readonly [K in keyof F & string]: StructField<F[K]> }
  /** Bytes that no member covers. */
  readonly holes: readonly Hole[]
}

type StructValue<F extends Fields> = { readonly [K in keyof F & string]: ValueOf<F[K]> }
type UnionValue<F extends Fields> = { readonly [K in keyof F & string]?: ValueOf<F[K]> }

/** The JavaScript value of a layout. */
export type ValueOf<T> =
  T extends ScalarType<infer N extends ScalarName>
    ? ScalarValue<N>
    : T extends { readonly kind: 'array'; readonly element: infer E }
      ? readonly ValueOf<E>[]
      : T extends { readonly kind: 'struct'; readonly fields: infer F }
        ? { readonly [K in keyof F]: F[K] extends StructField<infer U> ? ValueOf<U> : never }
        : T extends { readonly kind: 'union'; readonly fields: infer F }
          ? { readonly [K in keyof F]?: F[K] extends StructField<infer U> ? ValueOf<U> : never }
          : T extends BitsType<infer N, infer P>
            ? BitsValue<N, P>
            : T extends WideType
              ? bigint
              : T extends BytesType
                ? Uint8Array
                : T extends CharsType
                  ? string
                  : never

/** Options of {@link struct}. */
export interface StructOptions {
  /** No padding between fields, alignment 1: packet headers. */
  readonly packed?: boolean
}

/** An array of `length` elements. */
export function array<T extends FieldType>(element: T, length: number): ArrayType<T> {
  if (!Number.isInteger(length) || length < 1)
    throw new RangeError(`array length must be a positive integer, got ${length}`)
  return Object.freeze({ kind: 'array', element, length })
}

/** What C takes for a name. */
const identifier = /^[A-Za-z_]\w*$/

/**
 * A struct with C layout: every field at the next multiple of its alignment, the size rounded up to the largest.
 *
 * @throws {RangeError} without fields, or with a name (its own or a field's) that C would not accept
 */
export function struct<const F extends Fields>(
  name: string,
  fields: F,
  options: StructOptions = {},
): StructType<F> {
  if (!identifier.test(name)) throw new RangeError(`struct name "${name}" is not an identifier`)
  const placed: Record<string, StructField> = {}
  const holes: { offset: number; length: number }[] = []
  let offset = 0
  let align = 1
  for (const [key, type] of Object.entries(fields)) {
    // Among others, numbers, which JavaScript would put before all other keys.
    if (!identifier.test(key))
      throw new RangeError(`struct "${name}": field name "${key}" is not an identifier`)
    const fieldAlign = options.packed ? 1 : alignOf(type)
    const start = Math.ceil(offset / fieldAlign) * fieldAlign
    if (start > offset) holes.push({ offset, length: start - offset })
    holes.push(...holesIn(type, start))
    placed[key] = Object.freeze({ type, offset: start })
    offset = start + sizeOf(type)
    align = Math.max(align, fieldAlign)
  }
  if (offset === 0) throw new RangeError(`struct "${name}" has no fields`)
  const size = Math.ceil(offset / align) * align
  if (size > offset) holes.push({ offset, length: size - offset })
  const placedFields = placed as StructType<F>['fields']
  const plain = { kind: 'struct' as const, name, size, align, holes, fields: placedFields }
  return Object.freeze({ ...plain, ...codec<StructValue<F>>(plain, `struct ${name} is`) })
}

/**
 * A union with C layout: every member at offset 0, as large as the largest of them.
 *
 * @throws {RangeError} without members, or with a name (its own or a member's) that C would not accept
 */
export function union<const F extends Fields>(name: string, members: F): UnionType<F> {
  if (!identifier.test(name)) throw new RangeError(`union name "${name}" is not an identifier`)
  const placed: Record<string, StructField> = {}
  for (const [key, type] of Object.entries(members)) {
    if (!identifier.test(key))
      throw new RangeError(`union "${name}": member name "${key}" is not an identifier`)
    placed[key] = Object.freeze({ type, offset: 0 })
  }
  const types = Object.values(members)
  if (types.length === 0) throw new RangeError(`union "${name}" has no members`)
  const align = Math.max(...types.map(alignOf))
  const size = Math.ceil(Math.max(...types.map(sizeOf)) / align) * align
  const fields = placed as UnionType<F>['fields']
  const plain = { kind: 'union' as const, name, size, align, holes: commonHoles(types, size), fields }
  return Object.freeze({ ...plain, ...codec<UnionValue<F>>(plain, `union ${name} is`) })
}

/** A codec for a layout that is not a struct, such as a `u32` map key. */
export function codecOf<T extends FieldType>(type: T): Codec<ValueOf<T>> {
  return codec(type, 'expected')
}

function codec<V>(type: FieldType, expected: string): Codec<V> {
  const size = sizeOf(type)
  const name = type.kind === 'struct' || type.kind === 'union' ? type.name : 'value'
  return {
    size,
    encode(value) {
      const bytes = new Uint8Array(size)
      writeValue(new DataView(bytes.buffer), 0, type, value, name)
      return bytes
    },
    decode(bytes) {
      if (bytes.byteLength < size) throw new RangeError(`${expected} ${size} bytes, got ${bytes.byteLength}`)
      return readValue(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, type) as V
    },
  }
}

/** Size of a layout in bytes. */
export function sizeOf(type: FieldType): number {
  return type.kind === 'array' ? type.length * sizeOf(type.element) : type.size
}

/** Alignment of a layout in bytes. */
export function alignOf(type: FieldType): number {
  switch (type.kind) {
    case 'array':
      return alignOf(type.element)
    case 'bytes':
    case 'chars':
      return 1
    case 'scalar':
    case 'bits':
      return type.size
    default:
      return type.align
  }
}

/** The padding inside of a field, from the start of the struct that has it at `offset`. */
function holesIn(type: FieldType, offset: number): Hole[] {
  if (type.kind === 'struct' || type.kind === 'union')
    return type.holes.map((hole) => ({ offset: offset + hole.offset, length: hole.length }))
  if (type.kind !== 'array') return []
  const step = sizeOf(type.element)
  return Array.from({ length: type.length }, (_, i) => holesIn(type.element, offset + i * step)).flat()
}

/** The bytes of a union that none of its members has. */
function commonHoles(members: readonly FieldType[], size: number): Hole[] {
  const covered = new Uint8Array(size)
  for (const member of members) {
    const own = new Uint8Array(size).fill(1, 0, sizeOf(member))
    for (const { offset, length } of holesIn(member, 0)) own.fill(0, offset, offset + length)
    own.forEach((used, i) => {
      if (used === 1) covered[i] = 1
    })
  }
  const holes: Hole[] = []
  for (let start = covered.indexOf(0); start >= 0; ) {
    const end = covered.indexOf(1, start)
    holes.push({ offset: start, length: (end < 0 ? size : end) - start })
    start = end < 0 ? -1 : covered.indexOf(0, end)
  }
  return holes
}

function writeValue(view: DataView, offset: number, type: FieldType, value: unknown, path: string): void {
  switch (type.kind) {
    case 'scalar':
      writeScalar(view, offset, type, value, path)
      return
    case 'wide':
      writeWide(view, offset, value, path)
      return
    case 'bits':
      writeBits(view, offset, type, value, path)
      return
    case 'bytes':
      writeBytes(view, offset, type, value, path)
      return
    case 'chars':
      writeChars(view, offset, type, value, path)
      return
    case 'array': {
      const items = value as ArrayLike<unknown> | null | undefined
      if (items === null || typeof items !== 'object' || items.length !== type.length)
        throw new TypeError(`"${path}" expected ${type.length} elements`)
      const step = sizeOf(type.element)
      for (let i = 0; i < type.length; i++)
        writeValue(view, offset + i * step, type.element, items[i], `${path}[${i}]`)
      return
    }
    case 'struct':
      for (const [key, field] of Object.entries(type.fields))
        writeValue(
          view,
          offset + field.offset,
          field.type,
          memberOf(value, key, type, path),
          `${path}.${key}`,
        )
      return
    case 'union':
      writeUnion(view, offset, type, value, path)
      return
  }
}

function writeUnion(view: DataView, offset: number, type: UnionTypeAny, value: unknown, path: string): void {
  const given = Object.entries(type.fields).filter(([key]) => memberOf(value, key, type, path) !== undefined)
  const [first] = given
  if (first === undefined)
    throw new TypeError(`"${path}" expected one of ${Object.keys(type.fields).join(', ')}`)
  const encoded = given.map(([key, field]) => {
    const bytes = new Uint8Array(type.size)
    writeValue(new DataView(bytes.buffer), 0, field.type, memberOf(value, key, type, path), `${path}.${key}`)
    return { key, bytes, size: sizeOf(field.type) }
  })
  // The largest of them says all; the others must not say anything else.
  const whole = encoded.reduce((a, b) => (b.size > a.size ? b : a))
  for (const { key, bytes, size } of encoded)
    if (bytes.subarray(0, size).some((byte, i) => byte !== whole.bytes[i]))
      throw new RangeError(`"${path}" got "${key}" and "${whole.key}", which contradict each other`)
  new Uint8Array(view.buffer, view.byteOffset + offset, type.size).set(whole.bytes)
}

function memberOf(value: unknown, key: string, type: StructTypeAny | UnionTypeAny, path: string): unknown {
  if (value === null || typeof value !== 'object')
    throw new TypeError(`"${path}" expected an object (${type.kind} ${type.name})`)
  return (value as Readonly<Record<string, unknown>>)[key]
}

function readValue(view: DataView, offset: number, type: FieldType): unknown {
  switch (type.kind) {
    case 'scalar':
      return readScalar(view, offset, type)
    case 'wide':
      return readWide(view, offset)
    case 'bits':
      return readBits(view, offset, type)
    case 'bytes':
      return readBytes(view, offset, type)
    case 'chars':
      return readChars(view, offset, type)
    case 'array': {
      const step = sizeOf(type.element)
      return Array.from({ length: type.length }, (_, i) => readValue(view, offset + i * step, type.element))
    }
    default:
      return Object.fromEntries(
        Object.entries(type.fields).map(([key, field]) => [
          key,
          readValue(view, offset + field.offset, field.type),
        ]),
      )
  }
}
