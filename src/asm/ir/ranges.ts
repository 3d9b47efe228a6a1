import { bitsOf, wrap } from './arithmetic.ts'
import { constantOf, fillBelow } from './fold.ts'
import { type FunctionGraph, reversePostorder, type Value, valuesOf } from './graph.ts'

/** The unsigned numbers from `low` to `high`, both included. */
export interface Range {
  readonly low: bigint
  readonly high: bigint
}

/** Every number that a value's type holds. */
export function wholeRange(value: Value): Range {
  return bitsOf(value.type) === 32 ? whole32 : whole64
}

const whole32: Range = { low: 0n, high: 0xffff_ffffn }
const whole64: Range = { low: 0n, high: 0xffff_ffff_ffff_ffffn }

/**
 * The range of every value, from what computes it: the width of a load, masks, shifts, sums that cannot overflow. The
 * kernel's verifier sees the same, so code that relies on a range passes it as well as the code before; what the
 * verifier does not track (division, modulo) is left out on purpose.
 */
export class Ranges {
  readonly #known = new Map<Value, Range>()

  constructor(graph: FunctionGraph) {
    // In an order in which only the operands that come back around a loop are unknown.
    for (const block of reversePostorder(graph))
      for (const value of valuesOf(block)) this.#known.set(value, this.#compute(value))
  }

  /** The range of a value; whatever its type holds for one that is not in the graph. */
  of(value: Value): Range {
    if (value.op.kind === 'const') return { low: value.op.value, high: value.op.value }
    return this.#known.get(value) ?? wholeRange(value)
  }

  #compute(value: Value): Range {
    const { op, args } = value
    const whole = wholeRange(value)
    const [first, second] = args
    if (first === undefined) return whole
    const left = this.of(first)
    switch (op.kind) {
      case 'load':
        return { low: 0n, high: wrap(op.size * 8, -1n) & whole.high }
      case 'swap':
        return { low: 0n, high: wrap(op.bits, -1n) }
      case 'truncate':
        return left.high <= whole.high ? left : whole
      case 'extend':
        return op.signed && left.high >= 1n << 31n ? whole : left
      case 'phi':
        return args.map((arg) => this.of(arg)).reduce(union)
      case 'binary':
        return second === undefined
          ? whole
          : binary(op.operator, left, this.of(second), constantOf(second), whole)
      default:
        return whole
    }
  }
}

function union(a: Range, b: Range): Range {
  return { low: a.low < b.low ? a.low : b.low, high: a.high > b.high ? a.high : b.high }
}

function binary(
  operator: string,
  left: Range,
  right: Range,
  constant: bigint | undefined,
  whole: Range,
): Range {
  const within = (low: bigint, high: bigint): Range => (high <= whole.high ? { low, high } : whole)
  const shift = constant === undefined ? undefined : constant & (whole.high === whole32.high ? 31n : 63n)
  switch (operator) {
    case 'add':
      return within(left.low + right.low, left.high + right.high)
    case 'sub':
      return left.low >= right.high ? { low: left.low - right.high, high: left.high - right.low } : whole
    case 'mul':
      return within(left.low * right.low, left.high * right.high)
    case 'and':
      return { low: 0n, high: left.high < right.high ? left.high : right.high }
    case 'or':
      return {
        low: left.low > right.low ? left.low : right.low,
        high: fillBelow(left.high > right.high ? left.high : right.high),
      }
    case 'xor':
      return { low: 0n, high: fillBelow(left.high > right.high ? left.high : right.high) }
    case 'lsh':
      return shift === undefined ? whole : within(left.low << shift, left.high << shift)
    case 'arsh':
      if (left.high > whole.high >> 1n) return whole
      return shift === undefined
        ? { low: 0n, high: left.high }
        : { low: left.low >> shift, high: left.high >> shift }
    case 'rsh':
      return shift === undefined
        ? { low: 0n, high: left.high }
        : { low: left.low >> shift, high: left.high >> shift }
    default:
      return whole
  }
}
