import {
  aluCode,
  atomicCode,
  byteOrderCode,
  instructionClass,
  jumpCode,
  loadImm64Opcode,
  modeCode,
  operandSource,
  signedDivisionOffset,
  sizeCode,
} from '../../isa/opcodes.ts'
import type { BinaryOperator, Comparison } from '../graph.ts'

/** Opcodes for what the intermediate representation calls by its own names. */

const { register, immediate } = operandSource
type Size = 1 | 2 | 4 | 8
type Bits = 32 | 64

const sizeBits: Readonly<Record<Size, number>> = {
  1: sizeCode.b,
  2: sizeCode.h,
  4: sizeCode.w,
  8: sizeCode.dw,
}
const aluClass = (bits: Bits): number => (bits === 64 ? instructionClass.alu64 : instructionClass.alu)

/** Opcode of `dst op= src|imm`; signed division also needs an offset ({@link aluOffset}). */
export function aluOpcode(operator: BinaryOperator, bits: Bits, fromRegister: boolean): number {
  const operation = operator === 'sdiv' ? 'div' : operator === 'smod' ? 'mod' : operator
  return aluCode[operation] | aluClass(bits) | (fromRegister ? register : immediate)
}

/** The offset field of an arithmetic instruction. */
export function aluOffset(operator: BinaryOperator): number {
  return operator === 'sdiv' || operator === 'smod' ? signedDivisionOffset : 0
}

/** Opcode of a conditional jump. */
export function jumpOpcode(comparison: Comparison, bits: Bits, fromRegister: boolean): number {
  const inClass = bits === 64 ? instructionClass.jmp : instructionClass.jmp32
  return jumpCode[`j${comparison}`] | inClass | (fromRegister ? register : immediate)
}

/** Opcode of a load into a register. */
export function loadOpcode(size: Size): number {
  return instructionClass.ldx | modeCode.mem | sizeBits[size]
}

/** Opcode of a store of a register. */
export function storeOpcode(size: Size): number {
  return instructionClass.stx | modeCode.mem | sizeBits[size]
}

/** Opcode of a store of an immediate. */
export function storeImmediateOpcode(size: Size): number {
  return instructionClass.st | modeCode.mem | sizeBits[size]
}

/** Opcode of an atomic operation; which one is in the immediate ({@link atomicImmediate}). */
export function atomicOpcode(size: 4 | 8): number {
  return instructionClass.stx | modeCode.atomic | sizeBits[size]
}

/** The immediate that says which atomic operation it is. */
export function atomicImmediate(operator: 'add' | 'and' | 'or' | 'xor', fetch: boolean): number {
  return atomicCode[fetch ? (`fetch_${operator}` as const) : operator]
}

export const opcode = {
  /** `r1 = r2` */
  move64: aluCode.mov | instructionClass.alu64 | register,
  /** `w1 = w2` */
  move32: aluCode.mov | instructionClass.alu | register,
  /** `r1 = imm`, sign-extended */
  moveImmediate64: aluCode.mov | instructionClass.alu64 | immediate,
  /** `w1 = imm` */
  moveImmediate32: aluCode.mov | instructionClass.alu | immediate,
  /** `r1 = imm64 ll` */
  loadImmediate64: loadImm64Opcode,
  negate64: aluCode.neg | instructionClass.alu64,
  negate32: aluCode.neg | instructionClass.alu,
  /** `r1 = be16|32|64 r1`: a byte swap on a little-endian machine */
  toBigEndian: aluCode.end | instructionClass.alu | byteOrderCode.be,
  call: jumpCode.call | instructionClass.jmp,
  exit: jumpCode.exit | instructionClass.jmp,
  jump: jumpCode.ja | instructionClass.jmp,
} as const
