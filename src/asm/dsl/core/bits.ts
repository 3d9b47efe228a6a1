import { swapBytes } from '../../ir/arithmetic.ts'
import type { BinaryOperator, Value } from '../../ir/graph.ts'
import { type BitPart, type BitsType, type PartWidths, partMax } from '../../layout/bits.ts'
import { type HostName, type ScalarName, type ScalarType, u8, u16, u32, u64 } from '../../layout/scalar.ts'
import { callerPosition } from './caller.ts'
import { Condition } from './condition.ts'
import type { Emitter } from './emitter.ts'
import { BuildError } from './errors.ts'
import { type Expression, expression, Int, registerType, type SameSign, widenTo } from './values.ts'

type HostOf<N extends ScalarName> = N extends 'u8'
  ? 'u8'
  : N extends 'u16' | 'be16'
    ? 'u16'
    : N extends 'u32' | 'be32'
      ? 'u32'
      : 'u64'

/** An integer whose bits have names: the integer, and each part of it as a property. */
export type BitsExpression<N extends ScalarName, P> = Expression<N> & {
  readonly [K in keyof P]: Int<HostOf<N>>
}

/** What can be assigned to bit-fields: the whole integer, or some parts of it; the others keep their value. */
export type BitsAssignable<N extends ScalarName, P> =
  | number
  | bigint
  | Expression<N>
  | { readonly [K in keyof P]?: number | bigint | Int<'u8' | 'u16' | 'u32' | HostOf<N>> }

/** Makes the expression for an integer with named bits. */
export function bitsExpression<N extends ScalarName>(
  emitter: Emitter,
  type: BitsType,
  value: Value,
): BitsExpression<N, PartWidths> {
  const whole = expression(emitter, type.base, value)
  for (const [name, part] of Object.entries(type.parts))
    Object.defineProperty(whole, name, {
      enumerable: true,
      get: () => new Part(emitter, type, part, whole.ir),
    })
  return whole as unknown as BitsExpression<N, PartWidths>
}

/** A bit-field that was read: an integer that is compared with literals where it lies, without shifting it. */
class Part extends Int<HostName> {
  readonly #bits: BitsType
  readonly #part: BitPart
  readonly #whole: Value

  constructor(emitter: Emitter, bits: BitsType, part: BitPart, whole: Value) {
    super(emitter, hostType(bits), extract(emitter, bits, part, whole))
    this.#bits = bits
    this.#part = part
    this.#whole = whole
  }

  override eq(other: number | bigint | Int<SameSign<HostName>>): Condition {
    return typeof other === 'object' ? super.eq(other) : this.#equals(other)
  }

  override ne(other: number | bigint | Int<SameSign<HostName>>): Condition {
    return typeof other === 'object' ? super.ne(other) : this.#equals(other).not()
  }

  #equals(other: number | bigint): Condition {
    this.checkScope()
    const wanted = checkedPart(this.#part, other)
    const { emitter } = this
    const mask = inPlace(emitter, this.#bits, partMax(this.#part) << BigInt(this.#part.shift))
    if (wanted === 0n) return Condition.compare('set', this.#whole, mask, emitter.scope).not()
    if (this.#part.width === 1) return Condition.compare('set', this.#whole, mask, emitter.scope)
    const masked = binary(emitter, this.#bits, 'and', this.#whole, mask)
    const shifted = inPlace(emitter, this.#bits, wanted << BigInt(this.#part.shift))
    return Condition.compare('eq', masked, shifted, emitter.scope)
  }
}

/**
 * The integer to store for an assignment to some of the parts; `load` reads the one that is there, and is not called
 * when all parts are given.
 *
 * @throws {BuildError} for a part that there is not, or a literal that does not fit
 */
export function combineParts(
  emitter: Emitter,
  type: BitsType,
  values: object,
  what: string,
  load: () => Value,
): Value {
  let mask = 0n
  let known = 0n
  let computed: Value | undefined
  for (const [name, given] of Object.entries(values) as [string, number | bigint | Int | undefined][]) {
    if (given === undefined) continue
    const part = Object.hasOwn(type.parts, name) ? type.parts[name] : undefined
    if (part === undefined)
      throw new BuildError('NO_FIELD', `${what} has no bits "${name}"`, callerPosition(), {
        hint: `Its bits: ${Object.keys(type.parts).join(', ')}.`,
      })
    mask |= partMax(part) << BigInt(part.shift)
    if (given instanceof Int) {
      const shifted = placed(emitter, type, part, given)
      computed = computed === undefined ? shifted : binary(emitter, type, 'or', computed, shifted)
    } else known |= checkedPart(part, given) << BigInt(part.shift)
  }
  const rest = ((1n << BigInt(type.size * 8)) - 1n) ^ mask
  let result = inPlace(emitter, type, known)
  if (computed !== undefined) result = binary(emitter, type, 'or', swapped(emitter, type, computed), result)
  if (rest === 0n) return result
  return binary(
    emitter,
    type,
    'or',
    binary(emitter, type, 'and', load(), inPlace(emitter, type, rest)),
    result,
  )
}

function placed(emitter: Emitter, type: BitsType, part: BitPart, value: Int): Value {
  const register = registerType(type.base)
  const wide = value.type.size === 8 && register === 'i32' ? value.toU32() : value
  const masked = binary(
    emitter,
    type,
    'and',
    widenTo(emitter, wide, type.base),
    emitter.constant(partMax(part), register),
  )
  return binary(emitter, type, 'lsh', masked, emitter.constant(BigInt(part.shift), register))
}

function extract(emitter: Emitter, type: BitsType, part: BitPart, whole: Value): Value {
  const register = registerType(type.base)
  // The lowest bits are cut out in network order, which leaves a comparison without any swap.
  if (part.shift === 0) {
    const masked = binary(emitter, type, 'and', whole, inPlace(emitter, type, partMax(part)))
    return swapped(emitter, type, masked)
  }
  const shift = emitter.constant(BigInt(part.shift), register)
  const shifted = binary(emitter, type, 'rsh', swapped(emitter, type, whole), shift)
  if (part.shift + part.width === type.size * 8) return shifted
  return binary(emitter, type, 'and', shifted, emitter.constant(partMax(part), register))
}

function checkedPart(part: BitPart, value: number | bigint): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw new BuildError('LITERAL', `${value} is not an integer`, callerPosition())
  if (BigInt(value) >= 0n && BigInt(value) <= partMax(part)) return BigInt(value)
  throw new BuildError(
    'LITERAL',
    `${value} does not fit ${part.width} bits (0..${partMax(part)})`,
    callerPosition(),
  )
}

/** A constant in the byte order of the field. */
function inPlace(emitter: Emitter, { base, size }: BitsType, value: bigint): Value {
  const bits = (size * 8) as 16 | 32 | 64
  const ordered = base.order === 'network' && size > 1 ? swapBytes(bits, value) : value
  return emitter.constant(ordered, registerType(base))
}

function swapped(emitter: Emitter, { base, size }: BitsType, value: Value): Value {
  if (base.order === 'host' || size === 1) return value
  return emitter.emit({ kind: 'swap', bits: (size * 8) as 16 | 32 | 64 }, registerType(base), [value])
}

function binary(
  emitter: Emitter,
  { base }: BitsType,
  operator: BinaryOperator,
  left: Value,
  right: Value,
): Value {
  return emitter.emit({ kind: 'binary', operator }, registerType(base), [left, right])
}

function hostType({ size }: BitsType): ScalarType<HostName> {
  return size === 1 ? u8 : size === 2 ? u16 : size === 4 ? u32 : u64
}
