import type { Codec } from './codec.ts'
import { readScalar, type ScalarName, type ScalarType, type ScalarValue, writeScalar } from './scalar.ts'

/** A fixed number of equal elements. */
export interface ArrayType<T extends FieldType = FieldType> {
  readonly kind: 'array'
  readonly element: T
  readonly length: number
}

/** What a field can be: a scalar, an array, or a struct inside a struct. */
export type FieldType = ScalarType | ArrayTypeAny | StructTypeAny
interface ArrayTypeAny {
  readonly kind: 'array'
  readonly element: FieldType
  readonly length: number
}
interface StructTypeAny {
  readonly kind: 'struct'
  readonly name: string
  readonly size: number
  readonly align: number
  readonly fields: Readonly<Record<string, StructField>>
  readonly holes: readonly { readonly offset: number; readonly length: number }[]
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
  /** Bytes no field covers, of structs inside as well, as `offset:length`; must be none in a map key. */
  readonly holes: readonly { readonly offset: number; readonly length: number }[]
}

type StructValue<F extends Fields> = { readonly [K in keyof F & string]: ValueOf<F[K]> }

/** The JavaScript value of a layout. */
export type ValueOf<T> =
  T extends ScalarType<infer N extends ScalarName>
    ? ScalarValue<N>
    : T extends { readonly kind: 'array'; readonly element: infer E }
      ? readonly ValueOf<E>[]
      : T extends { readonly kind: 'struct'; readonly fields: infer F }
        ? { readonly [K in keyof F]: F[K] extends StructField<infer U> ? ValueOf<U> : never }
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
  const type = {
    kind: 'struct' as const,
    name,
    size,
    align,
    holes,
    fields: placed as StructType<F>['fields'],
    encode(value: StructValue<F>): Uint8Array {
      const bytes = new Uint8Array(size)
      writeValue(new DataView(bytes.buffer), 0, type, value, name)
      return bytes
    },
    decode(bytes: Uint8Array): StructValue<F> {
      if (bytes.byteLength < size)
        throw new RangeError(`struct ${name} is ${size} bytes, got ${bytes.byteLength}`)
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      return readValue(view, 0, type) as StructValue<F>
    },
  }
  return Object.freeze(type)
}

/** A codec for a layout that is not a struct, such as a `u32` map key. */
export function codecOf<T extends FieldType>(type: T): Codec<ValueOf<T>> {
  const size = sizeOf(type)
  return {
    size,
    encode(value) {
      const bytes = new Uint8Array(size)
      writeValue(new DataView(bytes.buffer), 0, type, value, type.kind === 'struct' ? type.name : 'value')
      return bytes
    },
    decode(bytes) {
      if (bytes.byteLength < size) throw new RangeError(`expected ${size} bytes, got ${bytes.byteLength}`)
      return readValue(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, type) as ValueOf<T>
    },
  }
}

/** Size of a layout in bytes. */
export function sizeOf(type: FieldType): number {
  return type.kind === 'array' ? type.length * sizeOf(type.element) : type.size
}

/** Alignment of a layout in bytes. */
export function alignOf(type: FieldType): number {
  if (type.kind === 'array') return alignOf(type.element)
  return type.kind === 'struct' ? type.align : type.size
}

/** The padding inside of a field, from the start of the struct that has it at `offset`. */
function holesIn(type: FieldType, offset: number): { offset: number; length: number }[] {
  if (type.kind === 'scalar') return []
  if (type.kind === 'struct')
    return type.holes.map((hole) => ({ offset: offset + hole.offset, length: hole.length }))
  const step = sizeOf(type.element)
  return Array.from({ length: type.length }, (_, i) => holesIn(type.element, offset + i * step)).flat()
}

function writeValue(view: DataView, offset: number, type: FieldType, value: unknown, path: string): void {
  if (type.kind === 'scalar') {
    writeScalar(view, offset, type, value, path)
    return
  }
  if (type.kind === 'array') {
    const items = value as ArrayLike<unknown> | null | undefined
    if (items === null || typeof items !== 'object' || items.length !== type.length)
      throw new TypeError(`"${path}" expected ${type.length} elements`)
    const step = sizeOf(type.element)
    for (let i = 0; i < type.length; i++)
      writeValue(view, offset + i * step, type.element, items[i], `${path}[${i}]`)
    return
  }
  if (value === null || typeof value !== 'object')
    throw new TypeError(`"${path}" expected an object (struct ${type.name})`)
  for (const [key, field] of Object.entries(type.fields))
    writeValue(
      view,
      offset + field.offset,
      field.type,
      (value as Record<string, unknown>)[key],
      `${path}.${key}`,
    )
}

function readValue(view: DataView, offset: number, type: FieldType): unknown {
  if (type.kind === 'scalar') return readScalar(view, offset, type)
  if (type.kind === 'array') {
    const step = sizeOf(type.element)
    return Array.from({ length: type.length }, (_, i) => readValue(view, offset + i * step, type.element))
  }
  return Object.fromEntries(
    Object.entries(type.fields).map(([key, field]) => [
      key,
      readValue(view, offset + field.offset, field.type),
    ]),
  )
}
