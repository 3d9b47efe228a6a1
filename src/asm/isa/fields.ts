import type { SourcePosition } from '../diagnostics/source-position.ts'
import { InstructionRangeError } from './errors.ts'
import type { Instruction, SymbolReference } from './instruction.ts'
import { loadImm64Opcode } from './opcodes.ts'
import { isRegister, type Register } from './registers.ts'

/** The fields of an instruction's 8-byte slot; those left out are 0. */
export interface RawFields {
  /** 0–255. */
  readonly opcode: number
  /** 0–10. */
  readonly dst?: number
  /** 0–10. */
  readonly src?: number
  /** −32768–32767. */
  readonly offset?: number
  /** −2³¹–2³¹−1; of `ld_imm64` it follows from `imm64`. */
  readonly imm?: number
  /** 0–2⁶⁴−1: of `ld_imm64`, and only of it. */
  readonly imm64?: bigint
  readonly symbol?: SymbolReference
}

/** What an instruction carries besides its bits. */
export interface Annotation {
  readonly symbol?: SymbolReference
  readonly source?: SourcePosition
  readonly comment?: string
}

/**
 * Makes an instruction from bare fields. Checks that each field fits its bits, not that the instruction
 * means anything: the constructors of `alu.ts`, `memory.ts`, `jump.ts` … do that.
 *
 * @param what names the instruction in error messages
 * @param source the statement it stands for
 * @throws {InstructionRangeError} naming the instruction and the field
 */
export function rawInstruction(
  fields: RawFields,
  what = 'instruction',
  source?: SourcePosition,
): Instruction {
  const opcode = checkInteger(what, 'opcode', fields.opcode, 0, 255)
  const dst = checkInteger(what, 'dst', fields.dst ?? 0, 0, 10)
  const src = checkInteger(what, 'src', fields.src ?? 0, 0, 10)
  const offset = checkOffset(what, fields.offset ?? 0)
  const { symbol } = fields
  if (opcode === loadImm64Opcode) {
    if (fields.imm64 === undefined) throw new InstructionRangeError(`${what}: ld_imm64 needs imm64`)
    const imm64 = checkImm64(what, fields.imm64)
    return freeze({ opcode, dst, src, offset, imm: lowHalf(imm64), imm64 }, symbol, source)
  }
  if (fields.imm64 !== undefined) {
    throw new InstructionRangeError(
      `${what}: opcode 0x${opcode.toString(16)} has no 64-bit immediate, only ld_imm64 (0x18) has`,
    )
  }
  return freeze({ opcode, dst, src, offset, imm: checkImm(what, fields.imm ?? 0) }, symbol, source)
}

function freeze(
  made: { -readonly [Key in keyof Instruction]: Instruction[Key] },
  symbol: SymbolReference | undefined,
  source: SourcePosition | undefined,
): Instruction {
  if (symbol !== undefined) made.symbol = symbol
  if (source !== undefined) made.source = source
  return Object.freeze(made)
}

/** @returns the instruction with the given symbol, source position or comment in place of its own. */
export function annotate(instruction: Instruction, annotation: Annotation): Instruction {
  return Object.freeze({ ...instruction, ...annotation })
}

/** @returns the instruction with another `offset`. @throws {InstructionRangeError} unless it is a signed 16-bit number. */
export function withOffset(instruction: Instruction, offset: number): Instruction {
  return Object.freeze({ ...instruction, offset: checkOffset('instruction', offset) })
}

/**
 * @returns the instruction with another signed 32-bit `imm`; of an `ld_imm64` the low half is replaced and
 * the high half (the offset in a map's value) kept.
 * @throws {InstructionRangeError} unless it is a signed 32-bit number.
 */
export function withImm(instruction: Instruction, imm: number): Instruction {
  checkImm('instruction', imm)
  if (instruction.imm64 === undefined) return Object.freeze({ ...instruction, imm })
  const imm64 = ((instruction.imm64 >> 32n) << 32n) | BigInt.asUintN(32, BigInt(imm))
  return Object.freeze({ ...instruction, imm, imm64 })
}

/**
 * @returns the `ld_imm64` with another 64-bit immediate (unsigned).
 * @throws {InstructionRangeError} unless it is 0–2⁶⁴−1 and the instruction is an `ld_imm64`.
 */
export function withImm64(instruction: Instruction, imm64: bigint): Instruction {
  if (instruction.opcode !== loadImm64Opcode) {
    throw new InstructionRangeError(
      `instruction: opcode 0x${instruction.opcode.toString(16)} has no 64-bit immediate, only ld_imm64 (0x18) has`,
    )
  }
  checkImm64('ld_imm64', imm64)
  return Object.freeze({ ...instruction, imm: lowHalf(imm64), imm64 })
}

/** @returns the low 32 bits of a 64-bit immediate as the signed number that `Instruction.imm` holds. */
export function lowHalf(imm64: bigint): number {
  return Number(BigInt.asIntN(32, imm64))
}

/** Checks that `value` is an integer in `min..max`, both included. */
export function checkInteger(what: string, field: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new InstructionRangeError(
      `${what}: ${field} must be an integer ${min} to ${max}, got ${show(value)}`,
    )
  }
  return value
}

export function checkOffset(what: string, offset: number): number {
  return checkInteger(what, 'offset', offset, -0x8000, 0x7fff)
}

export function checkImm(what: string, imm: number): number {
  return checkInteger(what, 'imm', imm, -0x8000_0000, 0x7fff_ffff)
}

/** @returns a 32-bit immediate given as a signed or an unsigned number, as a signed one. */
export function checkImmEitherSign(what: string, imm: number): number {
  return checkInteger(what, 'imm', imm, -0x8000_0000, 0xffff_ffff) | 0
}

export function checkImm64(what: string, imm64: bigint): bigint {
  if (typeof imm64 !== 'bigint' || imm64 < 0n || imm64 > 0xffff_ffff_ffff_ffffn) {
    throw new InstructionRangeError(`${what}: imm64 must be a bigint 0 to 2^64-1, got ${show(imm64)}`)
  }
  return imm64
}

/** @returns the number of a register operand. @throws {InstructionRangeError} when it is something else. */
export function registerNumber(what: string, field: string, operand: Register): number {
  if (!isRegister(operand)) {
    throw new InstructionRangeError(`${what}: ${field} must be a register (r0 to r10), got ${show(operand)}`)
  }
  return checkInteger(what, field, operand.number, 0, 10)
}

/** As {@link registerNumber}, and not r10, which is read-only. */
export function writableRegisterNumber(what: string, field: string, operand: Register): number {
  const number = registerNumber(what, field, operand)
  if (number === 10) {
    throw new InstructionRangeError(`${what}: ${field} must not be r10`, {
      hint: 'r10 is the read-only frame pointer: copy it to another register first',
    })
  }
  return number
}

/** Checks that `value` is one of the few values an instruction allows. */
export function checkOneOf<T>(what: string, field: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) {
    throw new InstructionRangeError(
      `${what}: ${field} must be one of ${allowed.join(', ')}, got ${show(value)}`,
    )
  }
  return value
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return isRegister(value) ? `r${value.number}` : String(value)
}
