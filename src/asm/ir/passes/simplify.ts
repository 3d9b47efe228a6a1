import { bitsOf, compare, isCommutative, mirrored, swapBytes, wrap } from '../arithmetic.ts'
import { constant, isFloating } from '../floating.ts'
import { constantOf, fold, highestValue } from '../fold.ts'
import {
  type Block,
  type Comparison,
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
    changed = addBehindPhis(graph, block, replacements) || changed
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

/** A phi of pointers to each of which the same constant was added is a phi of the pointers, and the constant added. */
function addBehindPhis(graph: FunctionGraph, block: Block, replacements: Map<Value, Value>): boolean {
  let changed = false
  for (const phi of block.phis) {
    if (phi.type !== 'ptr' || replacements.has(phi)) continue
    const parts = phi.args.map((arg) => (arg.type === 'ptr' ? addedConstant(arg) : undefined))
    const [first] = parts
    if (first === undefined || parts.some((part) => part?.constant !== first.constant)) continue
    if (parts.some((part) => part !== undefined && isFloating(part.rest))) continue
    const make = (op: Value['op'], args: Value[]): Value => ({
      id: graph.nextValue++,
      op,
      type: 'ptr',
      args,
      block,
      source: phi.source,
    })
    const pointers = make(
      { kind: 'phi' },
      parts.flatMap((part) => (part === undefined ? [] : [part.rest])),
    )
    const sum = make({ kind: 'binary', operator: 'add' }, [pointers, first.constant])
    block.phis = [...block.phis, pointers]
    block.values.unshift(sum)
    replacements.set(phi, sum)
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
  return reassociate(value, make) ?? foldAddress(value, make)
}

type Make = (from: Omit<Value, 'id' | 'block' | 'source'>) => Value

/**
 * Constants are added to a pointer last, so that pointers that differ in a constant share the rest, and the constant
 * can go into the offset of an access: `p + (x + 4)` and `(p + 4) + x` become `(p + x) + 4`.
 */
function reassociate(value: Value, make: Make): Value | undefined {
  const [left, right] = value.args
  if (value.op.kind !== 'binary' || value.op.operator !== 'add' || value.type !== 'ptr') return undefined
  if (left === undefined || right === undefined || constantOf(right) !== undefined) return undefined
  const { op, type } = value
  const inRight = addedConstant(right)
  if (inRight !== undefined) {
    const sum = make({ op, type, args: [left, inRight.rest] })
    return make({ op, type, args: [sum, inRight.constant] })
  }
  const inLeft = left.type === 'ptr' ? addedConstant(left) : undefined
  if (inLeft === undefined || isFloating(inLeft.rest)) return undefined
  const sum = make({ op, type, args: [inLeft.rest, right] })
  return make({ op, type, args: [sum, inLeft.constant] })
}

function addedConstant({ op, args }: Value): { rest: Value; constant: Value } | undefined {
  const [rest, constant] = args
  if (op.kind !== 'binary' || op.operator !== 'add' || rest === undefined) return undefined
  return constant !== undefined && constantOf(constant) !== undefined ? { rest, constant } : undefined
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
  if (r !== undefined) return simplifyConstantTest(graph, end, left, r)
  // Byte order does not matter to equality.
  const [x, y] = [left.args[0], right.args[0]]
  if (
    isEquality(end.comparison) &&
    x !== undefined &&
    y !== undefined &&
    isSwapOf(left, x) &&
    isSwapOf(right, y)
  )
    if (left.op.kind === 'swap' && right.op.kind === 'swap' && left.op.bits === right.op.bits)
      return { ...end, left: x, right: y }
  return end
}

type Branch = Extract<Terminator, { readonly kind: 'branch' }>

function isEquality(comparison: Comparison): boolean {
  return comparison === 'eq' || comparison === 'ne'
}

/** Whether `value` is `inner` with its bytes swapped and nothing thrown away. */
function isSwapOf(value: Value, inner: Value): boolean {
  return value.op.kind === 'swap' && highestValue(inner) < 1n << BigInt(value.op.bits)
}

/** A branch on a comparison with a constant: what was done to the left side is done to the constant instead. */
function simplifyConstantTest(graph: FunctionGraph, end: Branch, left: Value, right: bigint): Terminator {
  const [inner, operand] = left.args
  if (inner === undefined) return end
  const test = (comparison: Comparison, value: Value, other: bigint): Branch => ({
    ...end,
    comparison,
    left: value,
    right: constant(graph, other, value.type),
  })
  const equality = isEquality(end.comparison)
  if ((equality || end.comparison === 'set') && left.op.kind === 'swap' && right < 1n << BigInt(left.op.bits))
    if (end.comparison === 'set' || isSwapOf(left, inner))
      return test(end.comparison, inner, swapBytes(left.op.bits, right))
  if (left.op.kind === 'extend' && !left.op.signed && right < 1n << 32n && !end.comparison.startsWith('s'))
    return test(end.comparison, inner, right)
  if (left.op.kind === 'extend' && !left.op.signed && end.comparison === 'set')
    return test('set', inner, wrap(32, right))
  const mask = left.op.kind === 'binary' && left.op.operator === 'and' ? constantOf(operand) : undefined
  if (mask === undefined || !equality) return end
  // `(x & m) == m`, for one bit, and `(x & m) != 0` ask whether a bit is set.
  const one = isPowerOfTwo(mask) && right === mask
  if (right !== 0n && !one) return end
  const asked = test('set', inner, mask)
  const whenSet = (end.comparison === 'ne') === (right === 0n)
  return whenSet ? asked : { ...asked, whenTrue: end.whenFalse, whenFalse: end.whenTrue }
}
