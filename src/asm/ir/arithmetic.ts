import type { BinaryOperator, Comparison, Type } from './graph.ts'

/** Bits of a type's register view: 32 or 64. */
export function bitsOf(type: Type): 32 | 64 {
  return type === 'i32' ? 32 : 64
}

/** `value` as the unsigned number that a register of `bits` holds. */
export function wrap(bits: number, value: bigint): bigint {
  return BigInt.asUintN(bits, value)
}

/**
 * Arithmetic as RFC 9669 section 4.1 defines it: unsigned wrap-around, division by zero gives 0, modulo by zero the
 * dividend, shifts masked to the width. `left` and `right` are unsigned; so is the result.
 */
export function evaluate(operator: BinaryOperator, bits: 32 | 64, left: bigint, right: bigint): bigint {
  const shift = right & BigInt(bits - 1)
  const signedLeft = BigInt.asIntN(bits, left)
  const signedRight = BigInt.asIntN(bits, right)
  switch (operator) {
    case 'add':
      return wrap(bits, left + right)
    case 'sub':
      return wrap(bits, left - right)
    case 'mul':
      return wrap(bits, left * right)
    case 'div':
      return right === 0n ? 0n : left / right
    case 'mod':
      return right === 0n ? left : left % right
    case 'sdiv':
      return right === 0n ? 0n : wrap(bits, signedLeft / signedRight)
    case 'smod':
      return right === 0n ? left : wrap(bits, signedLeft % signedRight)
    case 'and':
      return left & right
    case 'or':
      return left | right
    case 'xor':
      return left ^ right
    case 'lsh':
      return wrap(bits, left << shift)
    case 'rsh':
      return left >> shift
    case 'arsh':
      return wrap(bits, signedLeft >> shift)
  }
}

/** Whether a comparison of two unsigned register values holds. */
export function compare(comparison: Comparison, bits: 32 | 64, left: bigint, right: bigint): boolean {
  const signedLeft = BigInt.asIntN(bits, left)
  const signedRight = BigInt.asIntN(bits, right)
  switch (comparison) {
    case 'eq':
      return left === right
    case 'ne':
      return left !== right
    case 'gt':
      return left > right
    case 'ge':
      return left >= right
    case 'lt':
      return left < right
    case 'le':
      return left <= right
    case 'sgt':
      return signedLeft > signedRight
    case 'sge':
      return signedLeft >= signedRight
    case 'slt':
      return signedLeft < signedRight
    case 'sle':
      return signedLeft <= signedRight
    case 'set':
      return (left & right) !== 0n
  }
}

/** `value` with its lowest `bits` in reversed byte order. */
export function swapBytes(bits: 16 | 32 | 64, value: bigint): bigint {
  let result = 0n
  for (let i = 0; i < bits; i += 8) result = (result << 8n) | ((value >> BigInt(i)) & 0xffn)
  return result
}

/** The comparison that holds exactly when this one does not; undefined for `set`, which has none. */
export const inverse: Readonly<Record<Comparison, Comparison | undefined>> = {
  eq: 'ne',
  ne: 'eq',
  gt: 'le',
  le: 'gt',
  ge: 'lt',
  lt: 'ge',
  sgt: 'sle',
  sle: 'sgt',
  sge: 'slt',
  slt: 'sge',
  set: undefined,
}

/** The comparison with its operands exchanged. */
export const mirrored: Readonly<Record<Comparison, Comparison>> = {
  eq: 'eq',
  ne: 'ne',
  gt: 'lt',
  lt: 'gt',
  ge: 'le',
  le: 'ge',
  sgt: 'slt',
  slt: 'sgt',
  sge: 'sle',
  sle: 'sge',
  set: 'set',
}

/** Operators whose operands can be exchanged. */
export function isCommutative(operator: BinaryOperator): boolean {
  return (
    operator === 'add' || operator === 'mul' || operator === 'and' || operator === 'or' || operator === 'xor'
  )
}

/** Operators that divide: by 0 too, which gives 0, or as the remainder the dividend (RFC 9669 section 4.1). */
export function isDivision(operator: BinaryOperator): boolean {
  return operator === 'div' || operator === 'mod' || operator === 'sdiv' || operator === 'smod'
}

/** Operators that use only the low bits of their right operand (RFC 9669 section 4.1). */
export function isShift(operator: BinaryOperator): boolean {
  return operator === 'lsh' || operator === 'rsh' || operator === 'arsh'
}
