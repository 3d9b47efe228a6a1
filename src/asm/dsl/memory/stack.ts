import type { MemorySpace, Value } from '../../ir/graph.ts'
import type { BitsType } from '../../layout/bits.ts'
import { type FieldType, type StructType, sizeOf } from '../../layout/struct.ts'
import type { Emitter } from '../core/emitter.ts'
import { isReference } from './store.ts'

/** Zeroes the bytes of a fresh struct that are not about to be stored: other fields and padding. */
export function zeroFrame(
  emitter: Emitter,
  pointer: Value,
  type: StructType,
  values: object,
  space: MemorySpace = 'frame',
): void {
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
    emitter.emit({ kind: 'store', size, offset: at, space }, 'none', [pointer, zero])
    at += size
  }
}

/** Marks the bytes that storing `value` at `offset` will write; what it leaves out of a struct it does not write. */
function cover(covered: Uint8Array, offset: number, type: FieldType, value: unknown): void {
  if (value === undefined) return
  if (isReference(value)) {
    covered.fill(1, offset, offset + sizeOf(type))
    return
  }
  switch (type.kind) {
    case 'struct':
    case 'union':
      for (const [name, field] of Object.entries(type.fields))
        cover(covered, offset + field.offset, field.type, given(value, name))
      return
    case 'array': {
      const step = sizeOf(type.element)
      for (let i = 0; i < type.length; i++)
        cover(covered, offset + i * step, type.element, (value as readonly unknown[])[i])
      return
    }
    case 'bits':
      // An assignment to some of the parts reads the others.
      if (typeof value === 'object' && !('ir' in (value as object)) && !givesAll(type, value)) return
      covered.fill(1, offset, offset + type.size)
      return
    default:
      covered.fill(1, offset, offset + sizeOf(type))
  }
}

function givesAll(type: BitsType, value: unknown): boolean {
  return Object.keys(type.parts).every((name) => given(value, name) !== undefined)
}

function given(value: unknown, name: string): unknown {
  return (value as Readonly<Record<string, unknown>> | null)?.[name]
}

function isFree(covered: Uint8Array, at: number, size: number): boolean {
  return covered.subarray(at, at + size).every((byte) => byte === 0)
}
