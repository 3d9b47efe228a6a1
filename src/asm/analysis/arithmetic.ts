import type { Instruction } from '../isa/instruction.ts'
import { aluCode, instructionClass, operandSource } from '../isa/opcodes.ts'
import { bitLength, constant, type RegisterValue, scalar, unknown, unset } from './register-value.ts'

/**
 * The result of an arithmetic instruction.
 *
 * @param a what the destination holds
 * @param b the second operand
 * @param index of the instruction: names places in the packet that only the run knows
 */
export function arithmetic(
  instruction: Instruction,
  a: RegisterValue,
  b: RegisterValue,
  index: number,
): RegisterValue {
  const { opcode, offset, imm } = instruction
  const code = opcode & 0xf0
  const wide = (opcode & 0x07) === instructionClass.alu64
  if (code === aluCode.end) return swapped(instruction, a)
  if (code === aluCode.mov) {
    if (wide && offset === 0) return b
    if (offset === 0) return narrow(b, 32)
    return (opcode & operandSource.register) !== 0 && offset === 1 && imm !== 0
      ? unknown
      : scalar(wide ? 64 : 32)
  }
  const needsBoth = code !== aluCode.neg
  if (a.kind === 'unset' || (needsBoth && b.kind === 'unset')) return unset
  if (a.kind !== 'scalar' || b.kind !== 'scalar') {
    if (!wide) return scalar(32)
    return code === aluCode.add || code === aluCode.sub ? moved(a, b, code === aluCode.sub, index) : scalar()
  }
  const known = fold(code, offset, a.constant, needsBoth ? b.constant : 0n, wide)
  if (known !== undefined) return constant(known)
  // Signed division (offset 1): a negative result has all its upper bits set.
  const bits = offset === 0 ? resultBits(code, a, b, wide ? 63n : 31n) : 64
  return wide ? scalar(bits) : scalar(Math.min(32, bits))
}

/** The low bits of a value: of a pointer, just a number. */
function narrow(value: RegisterValue, bits: number): RegisterValue {
  if (value.kind === 'unset') return unset
  if (value.kind !== 'scalar') return scalar(bits)
  if (value.constant !== undefined) return constant(BigInt.asUintN(bits, value.constant))
  return scalar(Math.min(bits, value.bits))
}

function swapped({ opcode, imm }: Instruction, value: RegisterValue): RegisterValue {
  if (value.kind === 'unset') return unset
  // Converting to little-endian on a little-endian machine only cuts off.
  const cuts = (opcode & 0x07) === instructionClass.alu && (opcode & operandSource.register) === 0
  if (cuts) return narrow(value, imm)
  if (value.kind !== 'scalar' || value.constant === undefined) return scalar(imm)
  let result = 0n
  for (let i = 0; i < imm / 8; i++) result = (result << 8n) | ((value.constant >> BigInt(i * 8)) & 0xffn)
  return constant(result)
}

/** A pointer and a number added or subtracted; of two pointers, the number between them. */
function moved(a: RegisterValue, b: RegisterValue, minus: boolean, index: number): RegisterValue {
  if (b.kind !== 'scalar') return a.kind === 'scalar' && !minus ? moved(b, a, false, index) : scalar()
  const known = b.constant === undefined ? undefined : Number(BigInt.asIntN(64, b.constant))
  const by = known === undefined ? undefined : minus ? -known : known
  const shift = (offset: number | undefined): number | undefined =>
    offset === undefined || by === undefined ? undefined : offset + by
  switch (a.kind) {
    case 'packet':
    case 'packetMeta':
      return by === undefined ? { ...a, id: index, offset: 0, proven: 0 } : { ...a, offset: a.offset + by }
    case 'context':
    case 'stack':
    case 'mapValue':
      return { ...a, offset: shift(a.offset) }
    case 'map':
      // The verifier inlines lookups in arrays: it goes from the map to its values.
      return { kind: 'mapValue', map: a.map, offset: undefined, nullable: false, id: -1 }
    case 'kernelObject':
      return by === 0 ? a : { ...a, type: '' }
    case 'memory':
      return a
    default:
      return unknown
  }
}

function fold(
  code: number,
  offset: number,
  a: bigint | undefined,
  b: bigint | undefined,
  wide: boolean,
): bigint | undefined {
  if (a === undefined || b === undefined) return undefined
  const bits = wide ? 64 : 32
  const [x, y] = [BigInt.asUintN(bits, a), BigInt.asUintN(bits, b)]
  const shift = y & BigInt(bits - 1)
  const result = ((): bigint | undefined => {
    switch (code) {
      case aluCode.add:
        return x + y
      case aluCode.sub:
        return x - y
      case aluCode.mul:
        return x * y
      case aluCode.or:
        return x | y
      case aluCode.and:
        return x & y
      case aluCode.xor:
        return x ^ y
      case aluCode.lsh:
        return x << shift
      case aluCode.rsh:
        return x >> shift
      case aluCode.arsh:
        return BigInt.asIntN(bits, x) >> shift
      case aluCode.neg:
        return -x
      case aluCode.div:
        return offset !== 0 ? undefined : y === 0n ? 0n : x / y
      case aluCode.mod:
        return offset !== 0 ? undefined : y === 0n ? x : x % y
      default:
        return undefined
    }
  })()
  return result === undefined ? undefined : BigInt.asUintN(bits, result)
}

type Scalar = Extract<RegisterValue, { readonly kind: 'scalar' }>

/**
 * How many bits a result has at most.
 *
 * @param shiftMask the bits of a shift's operand that count
 */
function resultBits(code: number, a: Scalar, b: Scalar, shiftMask: bigint): number {
  const shift = b.constant === undefined ? undefined : Number(b.constant & shiftMask)
  switch (code) {
    case aluCode.and:
      return Math.min(a.bits, b.bits)
    case aluCode.or:
    case aluCode.xor:
      return Math.max(a.bits, b.bits)
    case aluCode.add:
      return Math.max(a.bits, b.bits) + 1
    case aluCode.mul:
      return a.bits + b.bits
    case aluCode.lsh:
      return shift === undefined ? 64 : a.bits + shift
    case aluCode.rsh:
      return shift === undefined ? a.bits : a.bits - shift
    case aluCode.div:
      return a.bits
    case aluCode.mod:
      return b.constant === undefined || b.constant === 0n
        ? a.bits
        : Math.min(a.bits, bitLength(b.constant - 1n))
    default:
      return 64
  }
}
