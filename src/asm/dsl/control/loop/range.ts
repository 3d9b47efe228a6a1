import type { Value } from '../../../ir/graph.ts'
import { type HostName, type ScalarType, u32 } from '../../../layout/scalar.ts'
import { callerPosition } from '../../core/caller.ts'
import type { Emitter } from '../../core/emitter.ts'
import { BuildError } from '../../core/errors.ts'
import { Int } from '../../core/values.ts'

/** Integers that a loop can count with. */
export type Countable = Int<'u8'> | Int<'u16'> | Int<'u32'>

/**
 * What a loop counts: `n` is 0 to n − 1; `{ from, to, step }` begins with `from` (0 unless told) and ends before
 * `to`. Where a bound is known only when the program runs, `max` is the number of turns after which the loop ends in
 * any case.
 */
export type LoopRange =
  | number
  | { readonly from?: number; readonly to: number; readonly step?: number }
  | {
      readonly from?: number | Countable
      readonly to: number | Countable
      readonly step?: number
      readonly max: number
    }

/** A range, worked out. */
export interface Turns {
  /** How many at most. */
  readonly max: number
  /** How many: a constant, or a value of at most `max`. */
  readonly count: number | Value
  /** The index of the first turn, where it is a constant. */
  readonly from: number | Countable
  readonly step: number
}

const largest = 2 ** 32 - 1

/** Works a range out; emits what has to be computed before the loop. @throws {BuildError} for one that never runs */
export function turnsOf(emitter: Emitter, range: LoopRange): Turns {
  if (typeof range === 'number') {
    check(range >= 1, "a loop's count must be a positive integer", range)
    return { max: range, count: range, from: 0, step: 1 }
  }
  const { from = 0, to, step = 1 } = range
  check(step >= 1 && step <= largest, "a loop's step must be a positive integer", step)
  for (const bound of [from, to])
    if (typeof bound === 'number')
      check(bound >= 0 && bound <= largest, "a loop's bound must be 0..4294967295", bound)
  if (typeof from === 'number' && typeof to === 'number') {
    const count = Math.ceil((to - from) / step)
    if (count < 1)
      throw new BuildError('LOOP_COUNT', `a loop from ${from} to ${to} never runs`, callerPosition())
    const max = 'max' in range ? Math.min(count, checkedMax(range.max)) : count
    return { max, count: max, from, step }
  }
  const max = checkedMax('max' in range ? range.max : Number.NaN)
  return { max, count: countOf(emitter, from, to, step, max), from, step }
}

function checkedMax(max: number): number {
  if (!Number.isInteger(max) || max < 1)
    throw new BuildError(
      'LOOP_MAX',
      `a loop with a bound that is not a constant needs a max of turns, got ${max}`,
      callerPosition(),
      {
        hint: 'The verifier accepts only loops that end: { to: n, max: 64 } ends after 64 turns at the latest.',
      },
    )
  return max
}

function check(holds: boolean, rule: string, got: number): void {
  if (!Number.isInteger(got) || !holds)
    throw new BuildError('LOOP_COUNT', `${rule}, got ${got}`, callerPosition())
}

/** `min(max, ceil((to - from) / step))`, and 0 where `from` is not below `to`. */
function countOf(
  emitter: Emitter,
  from: number | Countable,
  to: number | Countable,
  step: number,
  max: number,
): Value {
  const { ssa } = emitter
  const position = callerPosition()
  const value = (bound: number | Countable): Int<'u32'> =>
    typeof bound === 'number'
      ? new Int(emitter, u32 as ScalarType<'u32'>, emitter.constant(BigInt(bound), 'i32'))
      : (bound as Int<HostName>).toU32()
  const [low, high] = [value(from), value(to)]
  const count = { name: 'count', type: 'i32' } as const
  ssa.write(count, ssa.constant(0n, 'i32'))
  const [some, few, done] = [ssa.createBlock(), ssa.createBlock(), ssa.createBlock()]
  ssa.branch('lt', low.ir, high.ir, some, done, position)
  ssa.seal(some)
  ssa.enter(some)
  const distance = high.sub(low)
  const turns = step === 1 ? distance : distance.sub(1).div(step).add(1)
  ssa.write(count, ssa.constant(BigInt(max), 'i32'))
  ssa.branch('gt', turns.ir, ssa.constant(BigInt(max), 'i32'), done, few, position)
  ssa.seal(few)
  ssa.enter(few)
  ssa.write(count, turns.ir)
  ssa.jump(done)
  ssa.seal(done)
  ssa.enter(done)
  return ssa.read(count)
}

/** The index of a turn, counted from 0. */
export function indexOf(emitter: Emitter, { from, step }: Turns, turn: Value): Int<'u32'> {
  let index: Int = new Int(emitter, u32, turn)
  if (step !== 1) index = index.mul(step)
  if (typeof from !== 'number') index = index.add((from as Int<HostName>).toU32())
  else if (from !== 0) index = index.add(from)
  return index as Int<'u32'>
}
