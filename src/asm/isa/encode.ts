import { InstructionRangeError } from './errors.ts'
import { checkInteger, lowHalf } from './fields.ts'
import type { Instruction } from './instruction.ts'
import { loadImm64Opcode, slotSize } from './opcodes.ts'

/** Byte order of the machine that runs the program; it also swaps the two register nibbles (RFC 9669 section 3). */
export type Endianness = 'little' | 'big'

/** @returns how many 8-byte slots the instruction takes: 2 for `ld_imm64`, else 1. */
export function slotCount(instruction: Instruction): 1 | 2 {
  return instruction.opcode === loadImm64Opcode ? 2 : 1
}

/**
 * @returns the bytes the kernel takes: 8 a slot, in order.
 * @throws {InstructionRangeError} naming index and field when an instruction does not fit its encoding.
 */
export function encode(instructions: readonly Instruction[], endianness: Endianness = 'little'): Uint8Array {
  let slots = 0
  for (const instruction of instructions) slots += slotCount(instruction)
  const bytes = new Uint8Array(slots * slotSize)
  const view = new DataView(bytes.buffer)
  let at = 0
  instructions.forEach((instruction, index) => {
    writeInstruction(view, at, instruction, index, endianness === 'little')
    at += slotCount(instruction) * slotSize
  })
  return bytes
}

function writeInstruction(view: DataView, at: number, it: Instruction, index: number, little: boolean): void {
  const what = `encode instruction ${index}`
  const dst = checkInteger(what, 'dst', it.dst, 0, 10)
  const src = checkInteger(what, 'src', it.src, 0, 10)
  view.setUint8(at, checkInteger(what, 'opcode', it.opcode, 0, 255))
  view.setUint8(at + 1, little ? (src << 4) | dst : (dst << 4) | src)
  view.setInt16(at + 2, checkInteger(what, 'offset', it.offset, -0x8000, 0x7fff), little)
  view.setInt32(at + 4, checkInteger(what, 'imm', it.imm, -0x8000_0000, 0x7fff_ffff), little)
  if (it.opcode === loadImm64Opcode) {
    view.setInt32(at + slotSize + 4, highHalf(what, it), little)
  } else if (it.imm64 !== undefined) {
    throw new InstructionRangeError(`${what}: imm64 is set, but the opcode is not ld_imm64 (0x18)`)
  }
}

function highHalf(what: string, { imm, imm64 }: Instruction): number {
  if (imm64 === undefined || imm64 < 0n || imm64 > 0xffff_ffff_ffff_ffffn) {
    throw new InstructionRangeError(`${what}: imm64 must be 0 to 2^64-1, got ${String(imm64)}`)
  }
  if (lowHalf(imm64) !== imm) {
    throw new InstructionRangeError(
      `${what}: imm (${imm}) is not the low half of imm64 (0x${imm64.toString(16)})`,
      { hint: 'change immediates with withImm or withImm64, which keep the two in step' },
    )
  }
  return lowHalf(imm64 >> 32n)
}
