import type { Value } from '../ir/graph.ts'
import { type StructType, sizeOf } from '../layout/struct.ts'
import type { Emitter } from './emitter.ts'

/** Zeroes the bytes of a fresh stack struct that are not about to be stored: other fields and padding. */
export function zeroFrame(
  emitter: Emitter,
  pointer: Value,
  type: StructType,
  stored: readonly string[],
): void {
  const covered = new Uint8Array(type.size)
  for (const name of stored) {
    const field = type.fields[name]
    if (field !== undefined) covered.fill(1, field.offset, field.offset + sizeOf(field.type))
  }
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

function isFree(covered: Uint8Array, at: number, size: number): boolean {
  return covered.subarray(at, at + size).every((byte) => byte === 0)
}
