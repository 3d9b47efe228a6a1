import type { Value } from '../../ir/graph.ts'
import type { Location } from './reference.ts'

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
  return at.space !== 'frame' || (offset + step) % unit === 0
}
