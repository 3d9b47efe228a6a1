import type { Value } from '../../ir/graph.ts'
import { type FieldType, type StructType, sizeOf } from '../../layout/struct.ts'
import type { Emitter } from '../core/emitter.ts'
import { location } from './reference.ts'

/** Zeroes the bytes of a fresh stack struct that are not about to be stored: other fields and padding. */
export function zeroFrame(emitter: Emitter, pointer: Value, type: StructType, values: object): void {
  const covered = new Uint8Array(type.size)
  cover(covered, 0, type, values)
  let at = 0
  while (at < type.size) {
    if (covered[at] === 1) {
      at++
      continue
    }
    const size =
      ([8, 4, 2, 1] as const).find((s) => at % s === 0 && at + s <= type.size && isFree(covered, at, s)) ?? 1
    const zero = emitter.constant(0n, size === 8 ? 'i64' : 'i32')
    emitter.emit({ kind: 'store', size, offset: at, space: 'frame' }, 'none', [pointer, zero])
    at += size
  }
}

/** Marks the bytes that storing `value` at `offset` will write; what it leaves out of a struct it does not write. */
function cover(covered: Uint8Array, offset: number, type: FieldType, value: unknown): void {
  if (value === undefined) return
  if (type.kind === 'scalar') {
    covered.fill(1, offset, offset + type.size)
  } else if (type.kind === 'struct') {
    for (const [name, field] of Object.entries(type.fields))
      cover(covered, offset + field.offset, field.type, isReference(value) ? value : given(value, name))
  } else {
    const step = sizeOf(type.element)
    for (let i = 0; i < type.length; i++)
      cover(covered, offset + i * step, type.element, Array.isArray(value) ? value[i] : value)
  }
}

/** A reference has every field; reading one here would emit a load. */
function isReference(value: unknown): boolean {
  return typeof value === 'object' && value !== null && location in value
}

function given(value: unknown, name: string): unknown {
  return (value as Readonly<Record<string, unknown>>)[name]
}

function isFree(covered: Uint8Array, at: number, size: number): boolean {
  return covered.subarray(at, at + size).every((byte) => byte === 0)
}
