import { bitsOf, wrap } from '../../ir/arithmetic.ts'
import type { BinaryOperator, Comparison, Type, Value } from '../../ir/graph.ts'
import {
  be16,
  be32,
  be64,
  type HostName,
  type NetworkName,
  type ScalarName,
  type ScalarType,
  s32,
  s64,
  scalarRange,
  u8,
  u16,
  u32,
  u64,
} from '../../layout/scalar.ts'
import { callerPosition } from './caller.ts'
import { Condition } from './condition.ts'
import type { Emitter, Scope } from './emitter.ts'
import { BuildError } from './errors.ts'

type Signed = 's8' | 's16' | 's32' | 's64'
type Unsigned = 'u8' | 'u16' | 'u32' | 'u64'
/** Types of the same sign: the only ones that can be combined without a conversion. */
export type SameSign<N extends HostName> = N extends Signed ? Signed : Unsigned
/** Result type of arithmetic, as in C: below 32 bits becomes 32 bits, anything with 64 bits becomes 64 bits. */
export type Promote<A extends HostName, B extends HostName> = 'u64' extends A | B
  ? 'u64'
  : 's64' extends A | B
    ? 's64'
    : A extends Signed
      ? 's32'
      : 'u32'
type NetworkOf = { readonly u16: 'be16'; readonly u32: 'be32'; readonly u64: 'be64' }
type HostOf = { readonly be16: 'u16'; readonly be32: 'u32'; readonly be64: 'u64' }

/** Refuses what the kernel would refuse to load: it lets a program divide by a zero register, not by a literal. */
function checkLiteral(operator: BinaryOperator, value: number | bigint, name: string, wide: boolean): void {
  if ((operator === 'div' || operator === 'mod') && (value === 0 || value === 0n))
    throw new BuildError('DIVISION_BY_ZERO', 'division by zero', callerPosition())
  const bits = wide ? 64 : 32
  const shifts = operator === 'lsh' || operator === 'rsh' || operator === 'arsh'
  if (shifts && (value < 0 || value >= bits))
    throw new BuildError(
      'SHIFT',
      `a ${name} can be shifted by 0..${bits - 1} bits, not ${value}`,
      callerPosition(),
    )
}

/** The register type that holds a scalar. */
export function registerType(type: ScalarType): 'i32' | 'i64' {
  return type.size === 8 ? 'i64' : 'i32'
}

/** A scalar value in the program: immutable, computed where it was written. */
abstract class ScalarExpression<N extends ScalarName> {
  readonly type: ScalarType<N>
  protected readonly emitter: Emitter
  readonly #value: Value
  readonly #scope: Scope

  /** Made by the DSL. */
  constructor(emitter: Emitter, type: ScalarType<N>, value: Value) {
    this.type = type
    this.emitter = emitter
    this.#value = value
    this.#scope = emitter.scope
  }

  /** The value of the intermediate representation. @throws {BuildError} outside of its scope */
  get ir(): Value {
    this.checkScope()
    return this.#value
  }

  /** @throws {BuildError} outside of the value's scope */
  protected checkScope(): void {
    this.emitter.checkScope(this.#scope, `a value of type ${this.type.name}`)
  }
}

/** A host-order integer. */
export class Int<N extends HostName = HostName> extends ScalarExpression<N> {
  add(other: number | bigint): Int<Promote<N, N>>
  add<M extends SameSign<N>>(other: Int<M>): Int<Promote<N, M>>
  add(other: Operand): Int {
    return this.#binary('add', other)
  }
  sub(other: number | bigint): Int<Promote<N, N>>
  sub<M extends SameSign<N>>(other: Int<M>): Int<Promote<N, M>>
  sub(other: Operand): Int {
    return this.#binary('sub', other)
  }
  mul(other: number | bigint): Int<Promote<N, N>>
  mul<M extends SameSign<N>>(other: Int<M>): Int<Promote<N, M>>
  mul(other: Operand): Int {
    return this.#binary('mul', other)
  }
  /** Unsigned division; by zero gives 0 (RFC 9669 section 4.1). */
  div(this: Int<Unsigned>, other: number | bigint | Int<Unsigned>): Int<Promote<N, N>> {
    return this.#binary('div', other) as Int<Promote<N, N>>
  }
  /** Unsigned remainder; by zero gives the dividend (RFC 9669 section 4.1). */
  mod(this: Int<Unsigned>, other: number | bigint | Int<Unsigned>): Int<Promote<N, N>> {
    return this.#binary('mod', other) as Int<Promote<N, N>>
  }
  and(other: number | bigint): Int<Promote<N, N>>
  and<M extends SameSign<N>>(other: Int<M>): Int<Promote<N, M>>
  and(other: Operand): Int {
    return this.#binary('and', other)
  }
  or(other: number | bigint): Int<Promote<N, N>>
  or<M extends SameSign<N>>(other: Int<M>): Int<Promote<N, M>>
  or(other: Operand): Int {
    return this.#binary('or', other)
  }
  xor(other: number | bigint): Int<Promote<N, N>>
  xor<M extends SameSign<N>>(other: Int<M>): Int<Promote<N, M>>
  xor(other: Operand): Int {
    return this.#binary('xor', other)
  }
  shl(bits: number | Int<Unsigned>): Int<Promote<N, N>> {
    return this.#binary('lsh', bits) as Int<Promote<N, N>>
  }
  /** Shift right: arithmetic for signed types, logical for unsigned ones. */
  shr(bits: number | Int<Unsigned>): Int<Promote<N, N>> {
    return this.#binary(this.type.signed ? 'arsh' : 'rsh', bits) as Int<Promote<N, N>>
  }

  eq(other: number | bigint | Int<SameSign<N>>): Condition {
    return this.#compare('eq', other)
  }
  ne(other: number | bigint | Int<SameSign<N>>): Condition {
    return this.#compare('ne', other)
  }
  lt(other: number | bigint | Int<SameSign<N>>): Condition {
    return this.#compare(this.type.signed ? 'slt' : 'lt', other)
  }
  le(other: number | bigint | Int<SameSign<N>>): Condition {
    return this.#compare(this.type.signed ? 'sle' : 'le', other)
  }
  gt(other: number | bigint | Int<SameSign<N>>): Condition {
    return this.#compare(this.type.signed ? 'sgt' : 'gt', other)
  }
  ge(other: number | bigint | Int<SameSign<N>>): Condition {
    return this.#compare(this.type.signed ? 'sge' : 'ge', other)
  }
  /** Whether any of the bits of `mask` is set. */
  has(mask: number | bigint | Int<SameSign<N>>): Condition {
    return this.#compare('set', mask)
  }

  /** The low 8 bits. */
  toU8(): Int<'u8'> {
    return this.#masked(u8, 0xffn)
  }
  /** The low 16 bits. */
  toU16(): Int<'u16'> {
    return this.#masked(u16, 0xffffn)
  }
  /** The low 32 bits, as unsigned. */
  toU32(): Int<'u32'> {
    return this.#as(u32)
  }
  /** The low 32 bits, as signed. */
  toS32(): Int<'s32'> {
    return this.#as(s32)
  }
  /** As 64 bits: sign-extended from signed types, zero-extended from unsigned ones. */
  toU64(): Int<'u64'> {
    return this.#as(u64)
  }
  /** As 64 bits: sign-extended from signed types, zero-extended from unsigned ones. */
  toS64(): Int<'s64'> {
    return this.#as(s64)
  }
  /** The same number in network order. */
  toNetwork<M extends N & keyof NetworkOf>(this: Int<M>): Net<NetworkOf[M]> {
    const type = this.type.size === 2 ? be16 : this.type.size === 4 ? be32 : be64
    const swapped = swap(this.emitter, this.ir, this.type.size)
    return new Net(this.emitter, type as ScalarType<NetworkOf[M]>, swapped)
  }

  #binary(operator: BinaryOperator, other: Operand): Int {
    const shift = operator === 'lsh' || operator === 'rsh' || operator === 'arsh'
    const wide = this.type.size === 8 || (!shift && other instanceof Int && other.type.size === 8)
    const type = wide ? (this.type.signed ? s64 : u64) : this.type.signed ? s32 : u32
    if (!(other instanceof Int)) checkLiteral(operator, other, this.type.name, wide)
    const left = widen(this.emitter, this, wide)
    const right = other instanceof Int ? widen(this.emitter, other, wide) : literal(this.emitter, other, type)
    return new Int<HostName>(
      this.emitter,
      type,
      this.emitter.emit({ kind: 'binary', operator }, registerType(type), [left, right]),
    )
  }

  #compare(comparison: Comparison, other: Operand): Condition {
    const wide = this.type.size === 8 || (other instanceof Int && other.type.size === 8)
    const type = wide ? (this.type.signed ? s64 : u64) : this.type.signed ? s32 : u32
    if (!(other instanceof Int)) checkFits(other, this.type)
    const left = widen(this.emitter, this, wide)
    const right = other instanceof Int ? widen(this.emitter, other, wide) : literal(this.emitter, other, type)
    return Condition.compare(comparison, left, right, this.emitter.scope)
  }

  #masked<M extends 'u8' | 'u16'>(type: ScalarType<M>, mask: bigint): Int<M> {
    if (!this.type.signed && this.type.size <= type.size) return new Int(this.emitter, type, this.ir)
    const low = this.#as(u32)
    const masked = this.emitter.emit({ kind: 'binary', operator: 'and' }, 'i32', [
      low.ir,
      this.emitter.constant(mask, 'i32'),
    ])
    return new Int(this.emitter, type, masked)
  }

  #as<M extends 'u32' | 's32' | 'u64' | 's64'>(type: ScalarType<M>): Int<M> {
    if (type.size === 8) return new Int(this.emitter, type, widen(this.emitter, this, true))
    if (this.type.size < 8) return new Int(this.emitter, type, this.ir)
    return new Int(this.emitter, type, this.emitter.emit({ kind: 'truncate' }, 'i32', [this.ir]))
  }
}

/** An integer in network byte order. It can be compared and stored; arithmetic needs {@link Net.toHost}. */
export class Net<N extends NetworkName = NetworkName> extends ScalarExpression<N> {
  /** Equal to another network-order value, or to a number as it is read on the wire (port 80 is 80). */
  eq(other: Net<N> | (N extends 'be64' ? bigint : number)): Condition {
    return Condition.compare('eq', this.ir, this.#operand(other), this.emitter.scope)
  }
  ne(other: Net<N> | (N extends 'be64' ? bigint : number)): Condition {
    return Condition.compare('ne', this.ir, this.#operand(other), this.emitter.scope)
  }
  /** Whether any of the bits of `mask` (as read on the wire) is set. */
  has(mask: N extends 'be64' ? bigint : number): Condition {
    return Condition.compare('set', this.ir, this.#operand(mask), this.emitter.scope)
  }
  /** The bits that are also in `mask` (as read on the wire). */
  and(mask: N extends 'be64' ? bigint : number): Net<N> {
    const args = [this.ir, this.#operand(mask)]
    return new Net(
      this.emitter,
      this.type,
      this.emitter.emit({ kind: 'binary', operator: 'and' }, registerType(this.type), args),
    )
  }
  /** Whether the first `length` bits are those of `prefix` (both as read on the wire): is an address in a network? */
  inPrefix(this: Net<'be32'>, prefix: number, length: number): Condition {
    if (!Number.isInteger(length) || length < 0 || length > 32)
      throw new BuildError('PREFIX', `a prefix length is 0..32, not ${length}`, callerPosition())
    const mask = length === 0 ? 0 : (-1 << (32 - length)) >>> 0
    return this.and(mask).eq((prefix & mask) >>> 0)
  }
  /** The same number in host order. */
  toHost(): Int<HostOf[N]> {
    const type = (this.type.size === 2 ? u16 : this.type.size === 4 ? u32 : u64) as unknown as ScalarType<
      HostOf[N]
    >
    return new Int(this.emitter, type, swap(this.emitter, this.ir, this.type.size))
  }

  #operand(other: Net<N> | number | bigint): Value {
    return other instanceof Net ? other.ir : literal(this.emitter, other, this.type)
  }
}

type Operand = number | bigint | Int

/** An expression of the program for a scalar of this type. */
export type Expression<N extends ScalarName> = N extends HostName
  ? Int<N>
  : N extends NetworkName
    ? Net<N>
    : never

/** Makes the expression for a value of the intermediate representation. */
export function expression(emitter: Emitter, type: ScalarType, value: Value): Int | Net {
  return type.order === 'network'
    ? new Net(emitter, type as ScalarType<NetworkName>, value)
    : new Int(emitter, type as ScalarType<HostName>, value)
}

/**
 * A literal as a constant of `type`; in network order for network types.
 *
 * @throws {BuildError} when it is not an integer or does not fit
 */
export function literal(emitter: Emitter, value: number | bigint, type: ScalarType): Value {
  const number = checkFits(value, type)
  const register = registerType(type)
  const constant = emitter.constant(wrap(bitsOf(register), number), register)
  return type.order === 'network' ? swap(emitter, constant, type.size) : constant
}

/** @throws {BuildError} for a literal that no value of this type can be */
function checkFits(value: number | bigint, type: ScalarType): bigint {
  const { min, max } = scalarRange(type)
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw new BuildError('LITERAL', `${value} is not an integer`, callerPosition())
  const number = BigInt(value)
  if (number < min || number > max)
    throw new BuildError('LITERAL', `${value} does not fit ${type.name} (${min}..${max})`, callerPosition())
  return number
}

function swap(emitter: Emitter, value: Value, size: number): Value {
  if (size === 1) return value
  return emitter.emit({ kind: 'swap', bits: (size * 8) as 16 | 32 | 64 }, size === 8 ? 'i64' : 'i32', [value])
}

function widen(emitter: Emitter, value: Int, wide: boolean): Value {
  const type: Type = value.ir.type
  if (!wide || type === 'i64') return value.ir
  return emitter.emit({ kind: 'extend', signed: value.type.signed }, 'i64', [value.ir])
}

/** An integer in the register width of `type`, for storing it into a field of that type. */
export function widenTo(emitter: Emitter, value: Int, type: ScalarType): Value {
  return widen(emitter, value, type.size === 8)
}
