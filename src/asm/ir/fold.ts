import { bitsOf, evaluate, swapBytes, wrap } from './arithmetic.ts'
import type { Operation, Type, Value } from './graph.ts'

/** A value that is cheaper than the one asked about: an existing one, or a constant of its type. */
export type Folded =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'const'; readonly value: bigint }

const constant = (value: bigint): Folded => ({ kind: 'const', value })
const same = (value: Value): Folded => ({ kind: 'value', value })

/** The constant a value is, if it is one. */
export function constantOf(value: Value | undefined): bigint | undefined {
  return value?.op.kind === 'const' ? value.op.value : undefined
}

/**
 * Constant folding and the identities that need no other value: `x + 0`, `x & 0`, `x * 1`, `x ^ x`, a swap of a
 * swap, a truncation of an extension. Returns undefined where nothing is gained.
 */
export function fold(op: Operation, type: Type, args: readonly Value[]): Folded | undefined {
  const [left, right] = args
  const bits = bitsOf(type)
  const l = constantOf(left)
  const r = constantOf(right)
  switch (op.kind) {
    case 'binary': {
      if (left === undefined || right === undefined) return undefined
      if (l !== undefined && r !== undefined) return constant(evaluate(op.operator, bits, l, r))
      const ones = wrap(bits, -1n)
      switch (op.operator) {
        case 'add':
          return r === 0n ? same(left) : l === 0n ? same(right) : undefined
        case 'sub':
          return r === 0n ? same(left) : left === right && type !== 'ptr' ? constant(0n) : undefined
        case 'or':
          if (r === ones || l === ones) return constant(ones)
          return r === 0n || left === right ? same(left) : l === 0n ? same(right) : undefined
        case 'xor':
          return left === right ? constant(0n) : r === 0n ? same(left) : l === 0n ? same(right) : undefined
        case 'and':
          if (r === 0n || l === 0n) return constant(0n)
          if (r !== undefined && (r & highestValue(left)) === highestValue(left)) return same(left)
          return left === right || r === ones ? same(left) : l === ones ? same(right) : undefined
        case 'mul':
          if (r === 0n || l === 0n) return constant(0n)
          return r === 1n ? same(left) : l === 1n ? same(right) : undefined
        case 'div':
        case 'sdiv':
          return r === 0n ? constant(0n) : r === 1n ? same(left) : undefined
        case 'mod':
        case 'smod':
          return r === 0n ? same(left) : r === 1n ? constant(0n) : undefined
        case 'lsh':
        case 'rsh':
        case 'arsh':
          return r !== undefined && (r & BigInt(bits - 1)) === 0n ? same(left) : undefined
        default:
          return undefined
      }
    }
    case 'negate':
      return l !== undefined ? constant(wrap(bits, -l)) : undefined
    case 'swap':
      if (l !== undefined) return constant(swapBytes(op.bits, l))
      if (left?.op.kind === 'swap' && left.op.bits === op.bits) {
        const inner = left.args[0]
        // The first swap cleared whatever was above its width; only a value without anything there survives both.
        if (inner !== undefined && highestValue(inner) < 1n << BigInt(op.bits)) return same(inner)
      }
      return undefined
    case 'truncate':
      if (l !== undefined) return constant(wrap(32, l))
      return left?.op.kind === 'extend' && left.args[0] !== undefined ? same(left.args[0]) : undefined
    case 'extend':
      if (l === undefined) return undefined
      return constant(op.signed ? wrap(64, BigInt.asIntN(32, l)) : l)
    default:
      return undefined
  }
}

/** An upper bound of a value, all bits below its highest possible one set: what a mask can be compared with. */
export function highestValue(value: Value): bigint {
  const all = wrap(bitsOf(value.type), -1n)
  const { op } = value
  const [left, right] = value.args
  switch (op.kind) {
    case 'const':
      return op.value
    case 'load':
      return wrap(op.size * 8, -1n) & all
    case 'swap':
      return wrap(op.bits, -1n)
    case 'extend':
      return !op.signed && left !== undefined && left.op.kind !== 'call' ? highestValue(left) : all
    case 'binary': {
      if (left === undefined || right === undefined) return all
      if (op.operator === 'and') {
        const a = left.op.kind === 'binary' ? all : highestValue(left)
        const b = right.op.kind === 'binary' ? all : highestValue(right)
        return a < b ? fillBelow(a) : fillBelow(b)
      }
      const shift = constantOf(right)
      if (op.operator === 'rsh' && shift !== undefined && left.op.kind !== 'binary')
        return fillBelow(highestValue(left)) >> (shift & BigInt(bitsOf(value.type) - 1))
      return all
    }
    default:
      return all
  }
}

/** The smallest number of the form 2ⁿ−1 that is not below `value`. */
export function fillBelow(value: bigint): bigint {
  return value === 0n ? 0n : (1n << BigInt(value.toString(2).length)) - 1n
}
