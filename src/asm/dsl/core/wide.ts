import type { Value } from '../../ir/graph.ts'
import { be64 } from '../../layout/scalar.ts'
import { isWide } from '../../layout/wide.ts'
import { callerPosition } from './caller.ts'
import { Condition } from './condition.ts'
import type { Emitter, Scope } from './emitter.ts'
import { BuildError } from './errors.ts'
import { literal, Net } from './values.ts'

/** The two 64-bit words of a 128-bit number as they lie in memory. */
export type Halves = readonly [Value, Value]

const low = (1n << 64n) - 1n

/**
 * 128 bits in network order, such as an IPv6 address; in two registers. Numbers to compare with are bigints as read on
 * the wire: `::1` is `1n`.
 */
export class Wide {
  readonly #emitter: Emitter
  readonly #halves: Halves
  readonly #scope: Scope

  /** Made by the DSL. */
  constructor(emitter: Emitter, halves: Halves) {
    this.#emitter = emitter
    this.#halves = halves
    this.#scope = emitter.scope
  }

  /** The words of the intermediate representation. @throws {BuildError} outside of their scope */
  get ir(): Halves {
    this.#emitter.checkScope(this.#scope, 'a value of type be128')
    return this.#halves
  }

  eq(other: Wide | bigint): Condition {
    const [first, second] = this.#compare('eq', other)
    return first.and(second)
  }
  ne(other: Wide | bigint): Condition {
    const [first, second] = this.#compare('ne', other)
    return first.or(second)
  }
  /** The bits that are also in `mask` (as read on the wire). */
  and(mask: Wide | bigint): Wide {
    const masks = wideHalves(this.#emitter, mask)
    const both = (i: 0 | 1): Value =>
      this.#emitter.emit({ kind: 'binary', operator: 'and' }, 'i64', [this.ir[i], masks[i]])
    return new Wide(this.#emitter, [both(0), both(1)])
  }
  /** Whether the first `length` bits (0..128) are those of `prefix`, whose other bits do not matter. */
  inPrefix(prefix: bigint, length: number): Condition {
    if (!Number.isInteger(length) || length < 0 || length > 128)
      throw new BuildError('PREFIX', `a prefix length is 0..128, not ${length}`, callerPosition())
    const mask = length === 0 ? 0n : ((1n << 128n) - 1n) ^ ((1n << BigInt(128 - length)) - 1n)
    if (length > 64) return this.and(mask).eq(prefix & mask)
    return this.high()
      .and(mask >> 64n)
      .eq((prefix & mask) >> 64n)
  }
  /** The first 64 bits on the wire. */
  high(): Net<'be64'> {
    return new Net(this.#emitter, be64, this.ir[0])
  }
  /** The last 64 bits on the wire. */
  low(): Net<'be64'> {
    return new Net(this.#emitter, be64, this.ir[1])
  }

  #compare(comparison: 'eq' | 'ne', other: Wide | bigint): readonly [Condition, Condition] {
    const [high, low] = this.ir
    const [otherHigh, otherLow] = wideHalves(this.#emitter, other)
    const { scope } = this.#emitter
    return [
      Condition.compare(comparison, high, otherHigh, scope),
      Condition.compare(comparison, low, otherLow, scope),
    ]
  }
}

/** The words of a value or literal. @throws {BuildError} when a literal does not fit */
export function wideHalves(emitter: Emitter, value: Wide | bigint): Halves {
  if (value instanceof Wide) return value.ir
  if (!isWide(value))
    throw new BuildError('LITERAL', `${value} does not fit be128 (0..2^128-1)`, callerPosition())
  return [literal(emitter, value >> 64n, be64), literal(emitter, value & low, be64)]
}
