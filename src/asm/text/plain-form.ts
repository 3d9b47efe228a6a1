import type { Instruction } from '../isa/instruction.ts'
import {
  accessSizeOf,
  addressSpaceCastOffset,
  aluCode,
  callKind,
  instructionClass,
  isKnownOpcode,
  jumpCode,
  loadImm64Kind,
  loadImm64Opcode,
  modeCode,
  operandSource,
} from '../isa/opcodes.ts'

/**
 * @returns whether an instruction's text says all there is: the fields that it does not use are 0, and the
 *   immediate of a store fits what is stored. The kernel refuses others, or ignores the bits.
 */
export function hasPlainForm(it: Instruction): boolean {
  if (!isKnownOpcode(it.opcode)) return false
  const register = (it.opcode & operandSource.register) !== 0
  const mode = it.opcode & 0xe0
  switch (it.opcode & 0x07) {
    case instructionClass.alu:
    case instructionClass.alu64:
      return isPlainAlu(it, register)
    case instructionClass.ld:
      if (it.opcode === loadImm64Opcode) return it.offset === 0 && isPlainWide(it)
      return unused(it.dst, it.offset, mode === modeCode.abs ? it.src : 0)
    case instructionClass.ldx:
      return unused(it.imm)
    case instructionClass.st:
      return unused(it.src) && fitsStore(it)
    case instructionClass.stx:
      return mode === modeCode.atomic || unused(it.imm)
    default:
      return isPlainJump(it, register)
  }
}

function unused(...fields: readonly number[]): boolean {
  return fields.every((field) => field === 0)
}

function isPlainAlu({ opcode, src, offset, imm }: Instruction, register: boolean): boolean {
  const code = opcode & 0xf0
  if (code === aluCode.end) return unused(src, offset)
  if (code === aluCode.neg) return unused(src, offset, imm)
  if (!register) return unused(src)
  const cast = opcode === (aluCode.mov | operandSource.register | instructionClass.alu64)
  return (cast && offset === addressSpaceCastOffset) || unused(imm)
}

function isPlainWide({ src, imm64 = 0n }: Instruction): boolean {
  const low = src === loadImm64Kind.mapFd || src === loadImm64Kind.mapIndex || src === loadImm64Kind.function
  return !low || imm64 >> 32n === 0n
}

function fitsStore({ opcode, imm }: Instruction): boolean {
  const bits = accessSizeOf(opcode) * 8
  return bits >= 32 || (imm >= -(2 ** (bits - 1)) && imm < 2 ** bits)
}

function isPlainJump({ opcode, dst, src, offset, imm }: Instruction, register: boolean): boolean {
  const code = opcode & 0xf0
  const long = (opcode & 0x07) === instructionClass.jmp32
  switch (code) {
    case jumpCode.ja:
      return unused(dst, src, long ? offset : imm)
    case jumpCode.jcond:
      return unused(dst, imm)
    case jumpCode.exit:
      return unused(dst, src, offset, imm)
    case jumpCode.call:
      if (register) return unused(src, offset, imm)
      return unused(dst, src === callKind.kfunc ? 0 : offset)
    default:
      return unused(register ? imm : src)
  }
}
