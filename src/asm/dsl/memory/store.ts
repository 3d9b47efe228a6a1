import type { BytesType, CharsType } from '../../layout/bytes.ts'
import { encodeChars } from '../../layout/bytes.ts'
import type { ScalarType } from '../../layout/scalar.ts'
import {
  type ArrayType,
  type FieldType,
  type StructType,
  sizeOf,
  type UnionType,
} from '../../layout/struct.ts'
import { combineParts } from '../core/bits.ts'
import { callerPosition } from '../core/caller.ts'
import { BuildError } from '../core/errors.ts'
import { Int, literal, Net, widenTo } from '../core/values.ts'
import { Wide, wideHalves } from '../core/wide.ts'
import { copyBytes, storeBytes } from './blocks.ts'
import { type Located, type Location, location } from './location.ts'
import { loadScalar } from './reference.ts'
import { storeWide } from './wide-access.ts'

/** Stores `value` into a field of type `type` at `offset` from the location's pointer. */
export function storeField(
  at: Location,
  type: FieldType,
  offset: number,
  value: unknown,
  what: string,
): void {
  if (isReference(value) && type.kind !== 'scalar') {
    copyField(at, type, offset, value, what)
    return
  }
  switch (type.kind) {
    case 'scalar':
      storeScalar(at, type, offset, value, what)
      return
    case 'wide':
      if (typeof value !== 'bigint' && !(value instanceof Wide)) throw unexpected(what, 'be128')
      storeWide(at, offset, wideHalves(at.emitter, value))
      return
    case 'bits': {
      if (typeof value !== 'object' || value === null || value instanceof Int || value instanceof Net) {
        storeScalar(at, type.base, offset, value, what)
        return
      }
      const load = () => loadScalar(at.emitter, at.pointer, at.space, type.base, offset).ir
      const combined = combineParts(at.emitter, type, value, what, load)
      at.emitter.emit({ kind: 'store', size: type.size, offset, space: at.space }, 'none', [
        at.pointer,
        combined,
      ])
      return
    }
    case 'bytes':
    case 'chars':
      storeBytes(at, offset, bytesOf(value, type, what))
      return
    case 'array':
      elementsOf(value, type as ArrayType, what).forEach((item, i) => {
        storeField(at, type.element, offset + i * sizeOf(type.element), item, `${what}[${i}]`)
      })
      return
    default:
      storeFields(at, type as StructType, offset, value as object, what)
  }
}

/** Stores the given fields of a struct, or one member of a union. @throws {BuildError} for a field that it does not have */
export function storeFields(
  at: Location,
  type: StructType | UnionType,
  offset: number,
  values: object,
  what: string,
): void {
  if (typeof values !== 'object' || values === null) throw unexpected(what, `${type.kind} ${type.name}`)
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  for (const [name, value] of given) {
    const field = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined
    if (field === undefined)
      throw new BuildError(
        'NO_FIELD',
        `${type.kind} ${type.name} has no ${type.kind === 'union' ? 'member' : 'field'} "${name}"`,
        callerPosition(),
        {
          hint: `Its ${type.kind === 'union' ? 'members' : 'fields'}: ${Object.keys(type.fields).join(', ')}.`,
        },
      )
    if (type.kind === 'union' && given.length > 1)
      throw new BuildError(
        'UNION',
        `${what} is a union: it takes one of ${given.map(([key]) => key).join(', ')}`,
        callerPosition(),
      )
    storeField(at, field.type, offset + field.offset, value, `${what}.${name}`)
  }
}

/** Copies memory into a field of the same layout. */
function copyField(
  at: Location,
  type: Exclude<FieldType, ScalarType>,
  offset: number,
  from: Located,
  what: string,
): void {
  const source = from[location]
  if (!sameLayout(type, source.type))
    throw new BuildError(
      'VALUE',
      `${what} expected ${layoutName(type)}, got ${source.what}, which is ${layoutName(source.type)}`,
      callerPosition(),
    )
  copyBytes({ at, offset }, { at: source, offset: source.offset }, sizeOf(type))
}

function sameLayout(a: FieldType, b: FieldType): boolean {
  if (a === b) return true
  if (a.kind === 'bytes' || a.kind === 'chars')
    return b.kind === 'array' && b.element.kind === 'scalar' && b.element.size === 1 && sizeOf(b) === a.size
  if (a.kind === 'array')
    return b.kind === 'array' && a.length === b.length && sameLayout(a.element, b.element)
  return a.kind === 'scalar' && b.kind === 'scalar' && a.name === b.name
}

/** What errors call a layout. */
export function layoutName(type: FieldType): string {
  switch (type.kind) {
    case 'scalar':
    case 'wide':
      return type.name
    case 'bits':
      return type.base.name
    case 'bytes':
    case 'chars':
      return `${type.size} ${type.kind}`
    case 'array':
      return `${type.length} × ${layoutName(type.element)}`
    default:
      return `${type.kind} ${type.name}`
  }
}

/** Whether a value to be stored is memory somewhere else. Reading a field of it here would emit a load. */
export function isReference(value: unknown): value is Located {
  return typeof value === 'object' && value !== null && location in value
}

function bytesOf(value: unknown, type: BytesType | CharsType, what: string): Uint8Array {
  if (type.kind === 'chars') {
    if (typeof value !== 'string') throw unexpected(what, 'string')
    try {
      return encodeChars(type, value, what)
    } catch (error) {
      throw new BuildError('LITERAL', (error as RangeError).message, callerPosition())
    }
  }
  if (!(value instanceof Uint8Array)) throw unexpected(what, 'Uint8Array')
  if (value.byteLength === type.size) return value
  throw new BuildError('LENGTH', `${what} has ${type.size} bytes, got ${value.byteLength}`, callerPosition())
}

function elementsOf(value: unknown, type: ArrayType, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw unexpected(what, `array of ${type.length} elements`)
  if (value.length === type.length) return value
  throw new BuildError('LENGTH', `${what} has ${type.length} elements, got ${value.length}`, callerPosition())
}

function storeScalar(at: Location, type: ScalarType, offset: number, value: unknown, what: string): void {
  const stored =
    typeof value === 'number' || typeof value === 'bigint'
      ? literal(at.emitter, value, type)
      : value instanceof Int
        ? widenTo(at.emitter, value, type)
        : value instanceof Net
          ? value.ir
          : undefined
  if (stored === undefined) throw unexpected(what, type.name)
  const size = type.storedSize ?? type.size
  at.emitter.emit({ kind: 'store', size, offset, space: at.space }, 'none', [at.pointer, stored])
}

function unexpected(what: string, expected: string): BuildError {
  return new BuildError('VALUE', `${what} expected a ${expected}`, callerPosition())
}
