import { bitsOf, compare, isCommutative, mirrored, swapBytes, wrap } from '../arithmetic.ts'
import { constant } from '../floating.ts'
import { constantOf, fold, highestValue } from '../fold.ts'
import {
  type Block,
  type FunctionGraph,
  replaceUses,
  reversePostorder,
  type Terminator,
  type Value,
} from '../graph.ts'
import { dropEdge } from './edges.ts'

/**
 * Constant folding over the finished graph: what becomes constant once phis are known, constants moved to the
 * right, chains of constant additions merged, additions folded into the offset of an access, byte swaps taken out
 * of comparisons with constants, branches on constants resolved, phis of one value replaced by it.
 *
 * @returns whether anything changed
 */
export function simplify(graph: FunctionGraph): boolean {
  const replacements = new Map<Value, Value>()
  const resolve = (value: Value): Value => {
    let current = value
    for (let next = replacements.get(current); next !== undefined; next = replacements.get(current))
      current = next
    return current
  }
  let changed = false
  for (const block of reversePostorder(graph)) {
    for (const phi of block.phis) {
      phi.args = phi.args.map(resolve)
      const only = singleInput(phi)
      if (only !== undefined) replacements.set(phi, only)
    }
    block.values = block.values.flatMap((value) => {
      value.args = value.args.map(resolve)
      const added: Value[] = []
      const rewritten = rewrite(graph, value, added)
      if (rewritten === undefined) return [value]
      changed = true
      replacements.set(value, rewritten)
      return added
    })
    const before = block.terminator
    const after = simplifyTerminator(graph, block, resolve)
    if (after !== before) {
      block.terminator = after
      changed = true
    }
  }
  if (replacements.size > 0) {
    replaceUses(graph, replacements)
    for (const block of graph.blocks) block.phis = block.phis.filter((phi) => !replacements.has(phi))
    changed = true
  }
  return changed
}

/** The one value a phi can have, if there is only one. */
function singleInput(phi: Value): Value | undefined {
  let only: Value | undefined
  for (const arg of phi.args) {
    if (arg === phi || arg === only) continue
    if (only !== undefined) return undefined
    only = arg
  }
  return only
}

/** A better form of `value`; new values it needs are put into `added`, to stand in its place. */
function rewrite(graph: FunctionGraph, value: Value, added: Value[]): Value | undefined {
  const make = (from: Omit<Value, 'id' | 'block' | 'source'>): Value => {
    const made = { ...from, id: graph.nextValue++, block: value.block, source: value.source }
    added.push(made)
    return made
  }
  const folded = fold(value.op, value.type, value.args)
  if (folded !== undefined)
    return folded.kind === 'value' ? folded.value : constant(graph, folded.value, value.type)
  const [left, right] = value.args
  if (value.op.kind === 'binary' && left !== undefined && right !== undefined) {
    const { operator } = value.op
    const bits = bitsOf(value.type)
    const rightConstant = constantOf(right)
    if (isCommutative(operator) && constantOf(left) !== undefined && rightConstant === undefined)
      return make({ op: value.op, type: value.type, args: [right, left] })
    if (operator === 'sub' && rightConstant !== undefined) {
      const negated = constant(graph, wrap(bits, -rightConstant), right.type)
      return make({ op: { kind: 'binary', operator: 'add' }, type: value.type, args: [left, negated] })
    }
    if (operator === 'mul' && rightConstant !== undefined && isPowerOfTwo(rightConstant))
      return shiftBy(graph, make, value, left, 'lsh', rightConstant)
    if (operator === 'div' && rightConstant !== undefined && isPowerOfTwo(rightConstant))
      return shiftBy(graph, make, value, left, 'rsh', rightConstant)
    if (operator === 'mod' && rightConstant !== undefined && isPowerOfTwo(rightConstant)) {
      const mask = constant(graph, rightConstant - 1n, right.type)
      return make({ op: { kind: 'binary', operator: 'and' }, type: value.type, args: [left, mask] })
    }
    if (
      operator === 'add' &&
      rightConstant !== undefined &&
      left.op.kind === 'binary' &&
      left.op.operator === 'add' &&
      left.type === value.type
    ) {
      const inner = constantOf(left.args[1])
      const base = left.args[0]
      if (inner !== undefined && base !== undefined) {
        const sum = constant(graph, wrap(bits, inner + rightConstant), right.type)
        return make({ op: value.op, type: value.type, args: [base, sum] })
      }
    }
  }
  return foldAddress(value, make)
}

function shiftBy(
  graph: FunctionGraph,
  make: (from: Omit<Value, 'id' | 'block' | 'source'>) => Value,
  value: Value,
  left: Value,
  operator: 'lsh' | 'rsh',
  factor: bigint,
): Value {
  const amount = constant(graph, BigInt(factor.toString(2).length - 1), value.type)
  return make({ op: { kind: 'binary', operator }, type: value.type, args: [left, amount] })
}

function isPowerOfTwo(value: bigint): boolean {
  return value > 0n && (value & (value - 1n)) === 0n
}

/** `*(p + 8)` with offset 4 becomes `*p` with offset 12, where the sum fits an instruction's 16 bits. */
function foldAddress(
  value: Value,
  make: (from: Omit<Value, 'id' | 'block' | 'source'>) => Value,
): Value | undefined {
  const { op } = value
  if (op.kind !== 'load' && op.kind !== 'store' && op.kind !== 'atomic') return undefined
  if (op.kind !== 'atomic' && op.field !== undefined) return undefined
  const [base, ...rest] = value.args
  if (base?.op.kind !== 'binary' || base.op.operator !== 'add' || base.type !== 'ptr') return undefined
  const step = constantOf(base.args[1])
  const pointer = base.args[0]
  if (step === undefined || pointer === undefined) return undefined
  const offset = BigInt(op.offset) + BigInt.asIntN(64, step)
  if (offset < -32768n || offset > 32767n) return undefined
  return make({ op: { ...op, offset: Number(offset) }, type: value.type, args: [pointer, ...rest] })
}

function simplifyTerminator(
  graph: FunctionGraph,
  block: Block,
  resolve: (value: Value) => Value,
): Terminator {
  const end = block.terminator
  if (end.kind !== 'branch') return end
  const left = resolve(end.left)
  const right = resolve(end.right)
  const bits = bitsOf(left.type)
  const l = constantOf(left)
  const r = constantOf(right)
  if (l !== undefined && r !== undefined) {
    const taken = compare(end.comparison, bits, l, r)
    dropEdge(block, taken ? end.whenFalse : end.whenTrue)
    return { kind: 'jump', target: taken ? end.whenTrue : end.whenFalse }
  }
  if (l !== undefined) return { ...end, left: right, right: left, comparison: mirrored[end.comparison] }
  if (r !== undefined) {
    const inner = left.args[0]
    const rewritten = (value: Value, other: bigint): Terminator => ({
      ...end,
      left: value,
      right: constant(graph, other, value.type),
    })
    const equality = end.comparison === 'eq' || end.comparison === 'ne'
    if (
      equality &&
      left.op.kind === 'swap' &&
      inner !== undefined &&
      highestValue(inner) < 1n << BigInt(left.op.bits) &&
      r < 1n << BigInt(left.op.bits)
    )
      return rewritten(inner, swapBytes(left.op.bits, r))
    if (
      left.op.kind === 'extend' &&
      !left.op.signed &&
      inner !== undefined &&
      r < 1n << 32n &&
      !end.comparison.startsWith('s')
    )
      return rewritten(inner, r)
  }
  return end
}
