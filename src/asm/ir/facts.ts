import { bitsOf, compare, inverse, mirrored } from './arithmetic.ts'
import { constantOf } from './fold.ts'
import type { Block, Comparison, Terminator, Value } from './graph.ts'
import type { Range, Ranges } from './ranges.ts'

/** What a branch asks. */
export interface Question {
  readonly comparison: Comparison
  readonly left: Value
  readonly right: Value
}

/** A value as something plus a constant: what two bounds checks of one pointer differ in. */
interface Sum {
  readonly base: Value
  readonly offset: bigint
}

/**
 * What is known at a place in the program from the branches on the way there: conditions that hold, ranges of values,
 * how much lies between two pointers. Kept while walking down the dominator tree: {@link mark} and {@link forget} bound
 * what is known below a block.
 */
export class Facts {
  readonly #static: Ranges
  readonly #ranges = new Map<Value, Range>()
  readonly #answers = new Map<string, boolean>()
  /** `base1 base2` → the largest n for which base1 + n <= base2 is known. */
  readonly #distances = new Map<string, bigint>()
  readonly #undo: (() => void)[] = []

  constructor(ranges: Ranges) {
    this.#static = ranges
  }

  /** A place to come back to with {@link forget}. */
  mark(): number {
    return this.#undo.length
  }

  /** Forgets what was learned since the mark. */
  forget(mark: number): void {
    while (this.#undo.length > mark) this.#undo.pop()?.()
  }

  /** The range of a value at this place. */
  rangeOf(value: Value): Range {
    return this.#ranges.get(value) ?? this.#static.of(value)
  }

  /** Learns what the way from a block to one of its successors says. */
  learnEdge(end: Terminator, target: Block): void {
    if (end.kind !== 'branch' || end.whenTrue === end.whenFalse) return
    this.learn(end, target === end.whenTrue)
  }

  /** Learns the answer to a question. */
  learn(question: Question, holds: boolean): void {
    const { comparison, left, right } = question
    const [key, positive] = keyOf(question)
    this.#set(this.#answers, key, holds === positive)
    const known = holds ? comparison : inverse[comparison]
    if (known === undefined) return
    this.#learnRange(known, left, right)
    this.#learnRange(mirrored[known], right, left)
    this.#learnDistance(known, left, right)
    this.#learnDistance(mirrored[known], right, left)
  }

  /** The answer to a question, if it is known here. */
  answer(question: Question): boolean | undefined {
    const { comparison, left, right } = question
    const [key, positive] = keyOf(question)
    const known = this.#answers.get(key)
    if (known !== undefined) return known === positive
    const byRange = decide(
      comparison,
      bitsOf(left.type),
      this.rangeOf(left),
      this.rangeOf(right),
      left === right,
    )
    return byRange ?? this.#byDistance(comparison, left, right)
  }

  #set<K, V>(map: Map<K, V>, key: K, value: V): void {
    const before = map.get(key)
    map.set(key, value)
    this.#undo.push(() => {
      if (before === undefined) map.delete(key)
      else map.set(key, before)
    })
  }

  /** `left known right` holds: narrows the left side. */
  #learnRange(known: Comparison, left: Value, right: Value): void {
    if (constantOf(left) !== undefined) return
    const other = this.rangeOf(right)
    let { low, high } = this.rangeOf(left)
    if (known === 'eq') [low, high] = [max(low, other.low), min(high, other.high)]
    else if (known === 'lt') high = min(high, other.high - 1n)
    else if (known === 'le') high = min(high, other.high)
    else if (known === 'gt') low = max(low, other.low + 1n)
    else if (known === 'ge') low = max(low, other.low)
    else if (known === 'ne' && other.low === other.high) {
      if (low === other.low) low++
      if (high === other.low) high--
    } else return
    // An empty range: this place is never reached. Whatever is said of it is true, but nothing needs to be.
    if (low <= high) this.#set(this.#ranges, left, { low, high })
  }

  /** `left + n <= right` follows from `left known right`. Only for pointers, whose sums the verifier keeps from wrapping. */
  #learnDistance(known: Comparison, left: Value, right: Value): void {
    if (left.type !== 'ptr' || right.type !== 'ptr') return
    if (known !== 'le' && known !== 'lt' && known !== 'eq') return
    const [a, b] = [sumOf(left), sumOf(right)]
    const distance = a.offset - b.offset + (known === 'lt' ? 1n : 0n)
    const key = `${a.base.id} ${b.base.id}`
    const before = this.#distances.get(key)
    if (before === undefined || before < distance) this.#set(this.#distances, key, distance)
  }

  #byDistance(comparison: Comparison, left: Value, right: Value): boolean | undefined {
    if (left.type !== 'ptr' || right.type !== 'ptr') return undefined
    if (comparison === 'gt' || comparison === 'ge') return this.#byDistance(mirrored[comparison], right, left)
    const [a, b] = [sumOf(left), sumOf(right)]
    const forward = this.#distances.get(`${a.base.id} ${b.base.id}`)
    const backward = this.#distances.get(`${b.base.id} ${a.base.id}`)
    const need = a.offset - b.offset + (comparison === 'lt' ? 1n : 0n)
    if (comparison !== 'le' && comparison !== 'lt') return undefined
    if (forward !== undefined && forward >= need) return true
    // right < left (or <=) is what the opposite needs.
    const opposite = b.offset - a.offset + (comparison === 'le' ? 1n : 0n)
    return backward !== undefined && backward >= opposite ? false : undefined
  }
}

/** The form in which a question and its opposite are the same; and whether it is the question itself. */
function keyOf({ comparison, left, right }: Question): [key: string, positive: boolean] {
  switch (comparison) {
    case 'ne':
      return [`eq ${left.id} ${right.id}`, false]
    case 'ge':
      return [`lt ${left.id} ${right.id}`, false]
    case 'le':
      return [`gt ${left.id} ${right.id}`, false]
    case 'sge':
      return [`slt ${left.id} ${right.id}`, false]
    case 'sle':
      return [`sgt ${left.id} ${right.id}`, false]
    default:
      return [`${comparison} ${left.id} ${right.id}`, true]
  }
}

function decide(
  comparison: Comparison,
  bits: 32 | 64,
  left: Range,
  right: Range,
  same: boolean,
): boolean | undefined {
  if (left.low === left.high && right.low === right.high)
    return compare(comparison, bits, left.low, right.low)
  if (same && comparison !== 'set') return compare(comparison, bits, 0n, 0n)
  const sign = 1n << BigInt(bits - 1)
  switch (comparison) {
    case 'lt':
      return left.high < right.low ? true : left.low >= right.high ? false : undefined
    case 'le':
      return left.high <= right.low ? true : left.low > right.high ? false : undefined
    case 'gt':
      return decide('lt', bits, right, left, same)
    case 'ge':
      return decide('le', bits, right, left, same)
    case 'eq':
      return left.high < right.low || right.high < left.low ? false : undefined
    case 'ne':
      return left.high < right.low || right.high < left.low ? true : undefined
    case 'slt':
    case 'sle':
    case 'sgt':
    case 'sge':
      // Where no sign bit can be set, signed is unsigned.
      if (left.high >= sign || right.high >= sign) return undefined
      return decide(comparison.slice(1) as 'lt', bits, left, right, same)
    case 'set':
      return undefined
  }
}

/** A pointer without the constants added to it. */
export function sumOf(value: Value): Sum {
  let base = value
  let offset = 0n
  while (base.op.kind === 'binary' && base.op.operator === 'add' && base.type === 'ptr') {
    const step = constantOf(base.args[1])
    const next = base.args[0]
    if (step === undefined || next === undefined) break
    offset += BigInt.asIntN(64, step)
    base = next
  }
  return { base, offset }
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
