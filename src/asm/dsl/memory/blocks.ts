import type { Value } from '../../ir/graph.ts'
import { Condition } from '../core/condition.ts'
import type { Location } from './location.ts'

/** A place in memory: `offset` bytes behind the location's pointer. */
export interface BlockPlace {
  readonly at: Location
  readonly offset: number
}

type Unit = 1 | 2 | 4 | 8
const units: readonly Unit[] = [8, 4, 2, 1]

/** Copies `size` bytes in the widest steps that both places allow. */
export function copyBytes(to: BlockPlace, from: BlockPlace, size: number): void {
  for (const { unit, step } of stepsOf(size, [to, from]))
    storeUnit(to, step, unit, loadUnit(from, step, unit))
}

/** Stores known bytes in the widest steps. */
export function storeBytes(at: Location, offset: number, bytes: Uint8Array): void {
  const to = { at, offset }
  for (const { unit, step } of stepsOf(bytes.byteLength, [to]))
    storeUnit(to, step, unit, constantUnit(at, bytes, step, unit))
}

/** Zeroes `size` bytes in the widest steps. */
export function zeroBytes(to: BlockPlace, size: number): void {
  for (const { unit, step } of stepsOf(size, [to]))
    storeUnit(to, step, unit, to.at.emitter.constant(0n, unit === 8 ? 'i64' : 'i32'))
}

/**
 * Whether `size` bytes are the same: what differs is collected, and tested once. That reads all of it, without a branch
 * for each step.
 */
export function equalBytes(left: BlockPlace, right: BlockPlace | Uint8Array, size: number): Condition {
  const { emitter } = left.at
  const known = right instanceof Uint8Array
  const steps = stepsOf(size, known ? [left] : [left, right])
  const read = (step: number, unit: Unit): Value =>
    known ? constantUnit(left.at, right, step, unit) : loadUnit(right, step, unit)
  const [only, ...more] = steps
  if (only !== undefined && more.length === 0)
    return Condition.compare('eq', loadUnit(left, 0, only.unit), read(0, only.unit), emitter.scope)
  const type = steps.some(({ unit }) => unit === 8) ? 'i64' : 'i32'
  const wide = (value: Value): Value =>
    value.type === type ? value : emitter.emit({ kind: 'extend', signed: false }, type, [value])
  let difference: Value | undefined
  for (const { unit, step } of steps) {
    const [a, b] = [loadUnit(left, step, unit), read(step, unit)]
    const differs = wide(emitter.emit({ kind: 'binary', operator: 'xor' }, a.type, [a, b]))
    difference =
      difference === undefined
        ? differs
        : emitter.emit({ kind: 'binary', operator: 'or' }, type, [difference, differs])
  }
  const zero = emitter.constant(0n, type)
  return Condition.compare('eq', difference ?? zero, zero, emitter.scope)
}

/** The steps in which `size` bytes are handled at all these places at once. */
export function stepsOf(
  size: number,
  places: readonly BlockPlace[],
): readonly { readonly unit: Unit; readonly step: number }[] {
  const steps = []
  for (let step = 0; step < size; ) {
    const unit = units.find((u) => step + u <= size && places.every((place) => allows(place, step, u))) ?? 1
    steps.push({ unit, step })
    step += unit
  }
  return steps
}

/** Loads `unit` bytes. */
export function loadUnit({ at, offset }: BlockPlace, step: number, unit: Unit): Value {
  const type = unit === 8 ? 'i64' : 'i32'
  return at.emitter.emit({ kind: 'load', size: unit, offset: offset + step, space: at.space }, type, [
    at.pointer,
  ])
}

/** Stores `unit` bytes. */
export function storeUnit({ at, offset }: BlockPlace, step: number, unit: Unit, value: Value): void {
  at.emitter.emit({ kind: 'store', size: unit, offset: offset + step, space: at.space }, 'none', [
    at.pointer,
    value,
  ])
}

/** `unit` known bytes as the number that they are in a little-endian machine's memory. */
export function constantUnit(at: Location, bytes: Uint8Array, step: number, unit: Unit): Value {
  let value = 0n
  for (let i = unit - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[step + i] ?? 0)
  return at.emitter.constant(value, unit === 8 ? 'i64' : 'i32')
}

/** The verifier insists on alignment on the stack alone; packets are unaligned anyway, structs in maps seldom. */
function allows({ at, offset }: BlockPlace, step: number, unit: Unit): boolean {
  // The kernel rewrites accesses to contexts and sockets: of arrays, single words.
  const widest = at.space === 'context' ? 4 : at.space === 'frame' ? (at.alignment ?? 8) : undefined
  return widest === undefined || ((offset + step) % unit === 0 && unit <= widest)
}
