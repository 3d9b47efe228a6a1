import type { Operand, Width } from './alu.ts'
import {
  checkImm,
  checkImmEitherSign,
  checkOffset,
  checkOneOf,
  rawInstruction,
  registerNumber,
} from './fields.ts'
import type { Instruction } from './instruction.ts'
import { instructionClass, jumpCode, mayGotoSource, operandSource } from './opcodes.ts'
import { isRegister, type Register } from './registers.ts'

/** Conditions of two operands; an `s` means a signed comparison, `jset` that the operands share a bit. */
export type JumpOp = Exclude<keyof typeof jumpCode, 'ja' | 'call' | 'exit' | 'jcond'>

/** All {@link JumpOp}s. */
export const jumpOps = [
  'jeq',
  'jne',
  'jgt',
  'jge',
  'jlt',
  'jle',
  'jset',
  'jsgt',
  'jsge',
  'jslt',
  'jsle',
] as const satisfies readonly JumpOp[]

/**
 * `if dst op operand goto +offset`, comparing 32 or 64 bits (RFC 9669 section 4.3). `offset` counts slots
 * from the following instruction, signed 16-bit; leave it out for the assembler to fill in.
 *
 * An immediate is a signed 32-bit number, sign-extended to `width`; a 32-bit comparison also takes 2³¹ to
 * 2³²−1.
 */
export function jump(op: JumpOp, width: Width, dst: Register, operand: Operand, offset = 0): Instruction {
  checkOneOf('jump', 'op', op, jumpOps)
  checkOneOf(op, 'width', width, [32, 64])
  const what = `${op}${width}`
  const opcode = jumpCode[op] | (width === 64 ? instructionClass.jmp : instructionClass.jmp32)
  const fields = { dst: registerNumber(what, 'dst', dst), offset: checkOffset(what, offset) }
  if (isRegister(operand)) {
    const src = registerNumber(what, 'src', operand)
    return rawInstruction({ ...fields, opcode: opcode | operandSource.register, src })
  }
  const imm = width === 32 ? checkImmEitherSign(what, operand) : checkImm(what, operand)
  return rawInstruction({ ...fields, opcode: opcode | operandSource.immediate, imm })
}

/** `goto +offset`: slots from the following instruction, signed 16-bit. */
export function ja(offset = 0): Instruction {
  return rawInstruction({
    opcode: instructionClass.jmp | jumpCode.ja,
    offset: checkOffset('ja', offset),
  })
}

/** `gotol +distance`: slots from the following instruction, signed 32-bit (RFC 9669 section 4.3; Linux 6.6). */
export function gotol(distance = 0): Instruction {
  return rawInstruction({
    opcode: instructionClass.jmp32 | jumpCode.ja,
    imm: checkImm('gotol', distance),
  })
}

/** `may_goto +offset`: jumps once the loop's budget, kept by the verifier, is used up (Linux 6.9). */
export function mayGoto(offset = 0): Instruction {
  return rawInstruction({
    opcode: instructionClass.jmp | jumpCode.jcond,
    src: mayGotoSource,
    offset: checkOffset('may_goto', offset),
  })
}

/** Returns from the function or program with the value of r0. */
export function exit(): Instruction {
  return exitInstruction
}

const exitInstruction = rawInstruction({ opcode: instructionClass.jmp | jumpCode.exit })

/** A constructor of one condition at one width; see {@link jump}. */
type JumpConstructor = (dst: Register, operand: Operand, offset?: number) => Instruction

const named =
  (op: JumpOp, width: Width): JumpConstructor =>
  (dst, operand, offset) =>
    jump(op, width, dst, operand, offset)

// The mnemonics, for code written by hand: `jeq64(r0, 1, 5)` is `jump('jeq', 64, r0, 1, 5)`.
export const jeq64 = named('jeq', 64)
export const jeq32 = named('jeq', 32)
export const jne64 = named('jne', 64)
export const jne32 = named('jne', 32)
export const jgt64 = named('jgt', 64)
export const jgt32 = named('jgt', 32)
export const jge64 = named('jge', 64)
export const jge32 = named('jge', 32)
export const jlt64 = named('jlt', 64)
export const jlt32 = named('jlt', 32)
export const jle64 = named('jle', 64)
export const jle32 = named('jle', 32)
export const jset64 = named('jset', 64)
export const jset32 = named('jset', 32)
export const jsgt64 = named('jsgt', 64)
export const jsgt32 = named('jsgt', 32)
export const jsge64 = named('jsge', 64)
export const jsge32 = named('jsge', 32)
export const jslt64 = named('jslt', 64)
export const jslt32 = named('jslt', 32)
export const jsle64 = named('jsle', 64)
export const jsle32 = named('jsle', 32)
