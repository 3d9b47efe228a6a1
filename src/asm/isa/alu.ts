import { InstructionRangeError } from './errors.ts'
import {
  checkImm,
  checkImmEitherSign,
  checkInteger,
  checkOneOf,
  rawInstruction,
  registerNumber,
  writableRegisterNumber,
} from './fields.ts'
import type { Instruction } from './instruction.ts'
import {
  addressSpaceCastOffset,
  aluCode,
  byteOrderCode,
  instructionClass,
  operandSource,
  signedDivisionOffset,
} from './opcodes.ts'
import { isRegister, type Register } from './registers.ts'

/** Operations of two operands: `dst = dst op operand`, and `mov`. Signed division needs Linux 6.6. */
export type AluOp = Exclude<keyof typeof aluCode, 'neg' | 'end'> | 'sdiv' | 'smod'

/** Bits an operation computes; a 32-bit result is zero-extended to 64. */
export type Width = 32 | 64

/** A register or a signed 32-bit immediate. */
export type Operand = Register | number

/** All {@link AluOp}s. */
export const aluOps = [
  'add',
  'sub',
  'mul',
  'div',
  'or',
  'and',
  'lsh',
  'rsh',
  'mod',
  'xor',
  'mov',
  'arsh',
  'sdiv',
  'smod',
] as const satisfies readonly AluOp[]

/**
 * `dst = dst op operand` (`mov`: `dst = operand`) on 32 or 64 bits (RFC 9669 section 4.1).
 *
 * An immediate is a signed 32-bit number, sign-extended to `width`; a 32-bit operation also takes 2³¹ to
 * 2³²−1. A shift must be less than `width` and a divisor not 0: the kernel refuses others.
 *
 * @throws {InstructionRangeError} naming the operation and the field
 */
export function alu(op: AluOp, width: Width, dst: Register, operand: Operand): Instruction {
  checkOneOf('alu', 'op', op, aluOps)
  checkOneOf(op, 'width', width, [32, 64])
  const what = `${op}${width}`
  const signed = op === 'sdiv' || op === 'smod'
  const code = op === 'sdiv' ? aluCode.div : op === 'smod' ? aluCode.mod : aluCode[op]
  const fields = {
    dst: writableRegisterNumber(what, 'dst', dst),
    offset: signed ? signedDivisionOffset : 0,
  }
  const base = code | (width === 64 ? instructionClass.alu64 : instructionClass.alu)
  if (isRegister(operand)) {
    const src = registerNumber(what, 'src', operand)
    return rawInstruction({ ...fields, opcode: base | operandSource.register, src }, what)
  }
  return rawInstruction(
    { ...fields, opcode: base | operandSource.immediate, imm: checkOperand(what, op, width, operand) },
    what,
  )
}

/** `dst = (s8|s16|s32)src`: a sign-extending move (RFC 9669 section 4.1; Linux 6.6). 32 bits only to width 64. */
export function movsx(width: Width, dst: Register, src: Register, bits: 8 | 16 | 32): Instruction {
  checkOneOf('movsx', 'width', width, [32, 64])
  const what = `movsx${width}`
  checkOneOf<number>(what, 'bits', bits, width === 64 ? [8, 16, 32] : [8, 16])
  return rawInstruction({
    opcode:
      aluCode.mov | operandSource.register | (width === 64 ? instructionClass.alu64 : instructionClass.alu),
    dst: writableRegisterNumber(what, 'dst', dst),
    src: registerNumber(what, 'src', src),
    offset: bits,
  })
}

/** `dst = -dst`. */
export function neg(width: Width, dst: Register): Instruction {
  checkOneOf('neg', 'width', width, [32, 64])
  return rawInstruction({
    opcode: aluCode.neg | (width === 64 ? instructionClass.alu64 : instructionClass.alu),
    dst: writableRegisterNumber(`neg${width}`, 'dst', dst),
  })
}

/** Converts the low `bits` of `dst` between host and little-endian order; the rest becomes 0. */
export function le(dst: Register, bits: 16 | 32 | 64): Instruction {
  return byteSwap('le', instructionClass.alu | byteOrderCode.le, dst, bits)
}

/** Converts the low `bits` of `dst` between host and network order; the rest becomes 0. */
export function be(dst: Register, bits: 16 | 32 | 64): Instruction {
  return byteSwap('be', instructionClass.alu | byteOrderCode.be, dst, bits)
}

/** Reverses the low `bits` of `dst` on any machine; the rest becomes 0 (RFC 9669 section 4.2; Linux 6.6). */
export function bswap(dst: Register, bits: 16 | 32 | 64): Instruction {
  return byteSwap('bswap', instructionClass.alu64, dst, bits)
}

/** `dst = addr_space_cast(src, dstSpace, srcSpace)`: between an arena's (1) and kernel (0) addresses (Linux 6.9). */
export function addrSpaceCast(dst: Register, src: Register, dstSpace: number, srcSpace: number): Instruction {
  const what = 'addr_space_cast'
  checkInteger(what, 'dstSpace', dstSpace, 0, 0xffff)
  checkInteger(what, 'srcSpace', srcSpace, 0, 0xffff)
  return rawInstruction({
    opcode: aluCode.mov | operandSource.register | instructionClass.alu64,
    dst: writableRegisterNumber(what, 'dst', dst),
    src: registerNumber(what, 'src', src),
    offset: addressSpaceCastOffset,
    imm: (dstSpace << 16) | srcSpace,
  })
}

/** A constructor of one operation at one width; see {@link alu}. */
type AluConstructor = (dst: Register, operand: Operand) => Instruction

const named =
  (op: AluOp, width: Width): AluConstructor =>
  (dst, operand) =>
    alu(op, width, dst, operand)

// The mnemonics, for code written by hand: `add64(r0, 1)` is `alu('add', 64, r0, 1)`.
export const add64 = named('add', 64)
export const add32 = named('add', 32)
export const sub64 = named('sub', 64)
export const sub32 = named('sub', 32)
export const mul64 = named('mul', 64)
export const mul32 = named('mul', 32)
export const div64 = named('div', 64)
export const div32 = named('div', 32)
export const sdiv64 = named('sdiv', 64)
export const sdiv32 = named('sdiv', 32)
export const mod64 = named('mod', 64)
export const mod32 = named('mod', 32)
export const smod64 = named('smod', 64)
export const smod32 = named('smod', 32)
export const or64 = named('or', 64)
export const or32 = named('or', 32)
export const and64 = named('and', 64)
export const and32 = named('and', 32)
export const xor64 = named('xor', 64)
export const xor32 = named('xor', 32)
export const lsh64 = named('lsh', 64)
export const lsh32 = named('lsh', 32)
export const rsh64 = named('rsh', 64)
export const rsh32 = named('rsh', 32)
export const arsh64 = named('arsh', 64)
export const arsh32 = named('arsh', 32)
export const mov64 = named('mov', 64)
export const mov32 = named('mov', 32)

function byteSwap(what: string, opcode: number, dst: Register, bits: 16 | 32 | 64): Instruction {
  checkOneOf(what, 'bits', bits, [16, 32, 64])
  return rawInstruction({
    opcode: opcode | aluCode.end,
    dst: writableRegisterNumber(what, 'dst', dst),
    imm: bits,
  })
}

function checkOperand(what: string, op: AluOp, width: Width, imm: number): number {
  switch (op) {
    case 'lsh':
    case 'rsh':
    case 'arsh':
      return checkInteger(what, 'imm (the shift)', imm, 0, width - 1)
    case 'div':
    case 'mod':
    case 'sdiv':
    case 'smod':
      if (imm === 0) {
        throw new InstructionRangeError(`${what}: imm (the divisor) must not be 0`, {
          hint: 'the kernel refuses a constant divisor of 0; by a register, x / 0 is 0 and x % 0 is x',
        })
      }
  }
  if (width === 32) return checkImmEitherSign(what, imm)
  if (Number.isInteger(imm) && imm > 0x7fff_ffff && imm <= 0xffff_ffff) {
    throw new InstructionRangeError(`${what}: imm must be an integer -2147483648 to 2147483647, got ${imm}`, {
      hint: 'a 64-bit operation sign-extends its immediate: load the constant with loadImm64 first',
    })
  }
  return checkImm(what, imm)
}
