import { highestValue } from '../../ir/fold.ts'
import type { Value } from '../../ir/graph.ts'
import type { Variable } from '../../ir/ssa-builder.ts'
import { type ArrayType, type FieldType, sizeOf } from '../../layout/struct.ts'
import { callerPosition } from '../core/caller.ts'
import type { Emitter, Otherwise } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { Int } from '../core/values.ts'
import { derive, type Location } from './location.ts'

/** Integers that can be an index. */
export type Index = Int<'u8'> | Int<'u16'> | Int<'u32'> | Int<'u64'>

/**
 * What makes a computed index safe: `otherwise` is for indices beyond the end; `wrap` takes the index modulo the
 * length, which must be a power of two. Neither is needed where the index cannot be too large, as in
 * `table.at(x.and(7))` and `table.at(x.mod(6))`. In packets, `otherwise` is always needed: it is also for packets that end before the element.
 */
export type IndexOptions = { readonly otherwise: Otherwise } | { readonly wrap: true }

/**
 * The place of an array's element.
 *
 * @throws {BuildError} for a constant index beyond the end, or a computed one that nothing bounds
 */
export function elementOf(
  array: Location,
  index: number | Index,
  options?: IndexOptions,
): { readonly at: Location; readonly type: FieldType } {
  const type = array.type as ArrayType
  if (typeof index === 'number') {
    if (!Number.isInteger(index) || index < 0 || index >= type.length)
      throw new BuildError(
        'INDEX',
        `${array.what}[${index}] is beyond its ${type.length} elements`,
        callerPosition(),
      )
    const offset = array.offset + index * sizeOf(type.element)
    return { at: derive(array, { offset, what: `${array.what}[${index}]` }), type: type.element }
  }
  const what = `${array.what}[…]`
  const step = sizeOf(type.element)
  const distance = scaled(array, bounded(array, type, index, options), step)
  if (array.packet !== undefined) {
    if (options === undefined || !('otherwise' in options))
      throw new BuildError(
        'INDEX_UNPROVEN',
        `${what} is in the packet, which may end before it`,
        callerPosition(),
        { hint: `Say what happens then: .at(index, { otherwise: … }).` },
      )
    const place = array.packet.locate(array, distance, step, options.otherwise)
    return { at: derive(place, { what }), type: type.element }
  }
  const { emitter } = array
  const pointer = emitter.emit({ kind: 'binary', operator: 'add' }, 'ptr', [array.pointer, distance])
  // What is known of a computed distance is that it is a multiple of the element's size.
  const alignment = Math.min(array.alignment ?? 8, step & -step)
  return { at: derive(array, { pointer, what, alignment }), type: type.element }
}

/** The index, with the proof of its bounds in front of it. */
function bounded(array: Location, type: ArrayType, index: Index, options: IndexOptions | undefined): Int {
  const { emitter } = array
  const { length } = type
  const whole = index as Int<'u64'>
  if (options !== undefined && 'wrap' in options) {
    if ((length & (length - 1)) !== 0)
      throw new BuildError(
        'INDEX_WRAP',
        `${array.what} has ${length} elements: an index wraps only at a power of two`,
        callerPosition(),
        { hint: 'Say what happens beyond the end: { otherwise: … }.' },
      )
    return highestValue(whole.ir) < BigInt(length) ? whole : whole.and(length - 1)
  }
  if (highestValue(whole.ir) < BigInt(length)) return whole
  const remainder = provenRemainder(emitter, whole.ir, BigInt(length))
  if (remainder !== undefined) return new Int(emitter, whole.type, remainder)
  if (options === undefined)
    throw new BuildError(
      'INDEX_UNPROVEN',
      `${array.what} has ${length} elements, and nothing says that the index is below that`,
      callerPosition(),
      {
        hint:
          (length & (length - 1)) === 0
            ? `Say what happens beyond the end: .at(index, { otherwise: … }), or wrap around: .at(index, { wrap: true }).`
            : `Say what happens beyond the end: .at(index, { otherwise: … }).`,
      },
    )
  const end = emitter.constant(BigInt(length), whole.ir.type)
  emitter.orElse('lt', whole.ir, end, options.otherwise)
  return whole
}

/**
 * A remainder below `length`, with a proof that the verifier sees: to it, the result of a division can be anything (up
 * to Linux 6.18). That of a power of two is a mask; another is compared, and would be 0 beyond the end.
 */
function provenRemainder(emitter: Emitter, value: Value, length: bigint): Value | undefined {
  const { op } = value
  const type = value.type === 'i64' ? 'i64' : 'i32'
  const [inner, divisor] = value.args
  if (op.kind === 'extend' && !op.signed && inner !== undefined) {
    const proven = provenRemainder(emitter, inner, length)
    return proven && emitter.emit(op, type, [proven])
  }
  if (op.kind !== 'binary' || op.operator !== 'mod' || inner === undefined) return undefined
  const by = divisor?.op.kind === 'const' ? divisor.op.value : 0n
  if (by === 0n || by > length) return undefined
  if ((by & (by - 1n)) === 0n)
    return emitter.emit({ kind: 'binary', operator: 'and' }, type, [inner, emitter.constant(by - 1n, type)])
  const { ssa } = emitter
  const index: Variable = { name: 'index', type }
  const [beyond, proven] = [ssa.createBlock(), ssa.createBlock()]
  ssa.write(index, value)
  ssa.branch('lt', value, emitter.constant(by, type), proven, beyond, callerPosition())
  ssa.seal(beyond)
  ssa.enter(beyond)
  ssa.write(index, emitter.constant(0n, type))
  ssa.jump(proven)
  ssa.seal(proven)
  ssa.enter(proven)
  return ssa.read(index)
}

function scaled(array: Location, index: Int, step: number): Value {
  const { emitter } = array
  const wide = (index as Int<'u32'>).toU64().ir
  return emitter.emit({ kind: 'binary', operator: 'mul' }, 'i64', [
    wide,
    emitter.constant(BigInt(step), 'i64'),
  ])
}
