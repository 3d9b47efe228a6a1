import { bitsOf, swapBytes, wrap } from '../arithmetic.ts'
import { constantOf, fillBelow } from '../fold.ts'
import {
  type FunctionGraph,
  hasEffect,
  replaceUses,
  reversePostorder,
  terminatorArgs,
  type Value,
  valuesOf,
} from '../graph.ts'

/**
 * Removes what changes only bits that nobody looks at: a mask in front of a store of its width, a carry folded back
 * into a sum of which the low half is kept.
 *
 * @returns whether anything changed
 */
export function useDemandedBits(graph: FunctionGraph): boolean {
  const demanded = demandedBits(graph)
  const replacements = new Map<Value, Value>()
  for (const block of graph.blocks)
    block.values = block.values.filter((value) => {
      const [left, right] = value.args
      if (
        left === undefined ||
        hasEffect(value) ||
        !changesNothing(value, demanded.get(value) ?? 0n, constantOf(right))
      )
        return true
      replacements.set(value, left)
      return false
    })
  replaceUses(graph, replacements)
  return replacements.size > 0
}

/** Whether the demanded bits of a value are those of its left operand. */
function changesNothing({ op, type }: Value, demand: bigint, right: bigint | undefined): boolean {
  if (op.kind !== 'binary' || right === undefined || type === 'ptr') return false
  switch (op.operator) {
    case 'and':
      return (demand & ~right) === 0n
    case 'or':
    case 'xor':
      return (demand & right) === 0n
    case 'add':
    case 'sub':
      return (fillBelow(demand) & right) === 0n
    default:
      return false
  }
}

/** For each value, the bits that somebody looks at. */
function demandedBits(graph: FunctionGraph): ReadonlyMap<Value, bigint> {
  const demanded = new Map<Value, bigint>()
  const work: Value[] = []
  const demand = (value: Value, bits: bigint): void => {
    const before = demanded.get(value) ?? 0n
    const now = before | bits
    if (now === before) return
    demanded.set(value, now)
    work.push(value)
  }
  for (const block of reversePostorder(graph)) {
    for (const arg of terminatorArgs(block.terminator)) demand(arg, allOf(arg))
    for (const value of valuesOf(block))
      if (hasEffect(value))
        for (const [i, arg] of value.args.entries()) demand(arg, demandOn(value, i, 0n) & allOf(arg))
  }
  for (let value = work.pop(); value !== undefined; value = work.pop()) {
    const bits = demanded.get(value) ?? 0n
    const user = value
    for (const [i, arg] of user.args.entries()) demand(arg, demandOn(user, i, bits) & allOf(arg))
  }
  return demanded
}

function allOf(value: Value): bigint {
  return wrap(bitsOf(value.type), -1n)
}

/** The bits of an operand that a value looks at, of which `bits` are looked at. */
function demandOn({ op, args, type }: Value, index: number, bits: bigint): bigint {
  const everything = -1n
  const right = constantOf(args[1])
  switch (op.kind) {
    case 'store':
      return index === 1 ? wrap(op.size * 8, -1n) : everything
    case 'phi':
    case 'truncate':
      return bits
    case 'negate':
      return fillBelow(bits)
    case 'extend':
      return wrap(32, bits) | (op.signed && bits >> 31n !== 0n ? 1n << 31n : 0n)
    case 'swap':
      return swapBytes(op.bits, wrap(op.bits, bits))
    case 'binary':
      if (type === 'ptr') return everything
      switch (op.operator) {
        case 'and':
          return right === undefined ? bits : bits & right
        case 'or':
          return right === undefined ? bits : bits & ~right
        case 'xor':
          return bits
        case 'add':
        case 'sub':
        case 'mul':
          return fillBelow(bits)
        case 'lsh':
          return right === undefined
            ? everything
            : index === 0
              ? bits >> (right & BigInt(bitsOf(type) - 1))
              : everything
        case 'rsh':
          return right === undefined
            ? everything
            : index === 0
              ? bits << (right & BigInt(bitsOf(type) - 1))
              : everything
        default:
          return everything
      }
    default:
      return everything
  }
}
