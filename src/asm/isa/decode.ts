import type { Endianness } from './encode.ts'
import { InstructionDecodeError } from './errors.ts'
import { rawInstruction } from './fields.ts'
import type { Instruction } from './instruction.ts'
import { isKnownOpcode, loadImm64Opcode, slotSize } from './opcodes.ts'

/**
 * Reads a program from bytes. Opcodes and registers must exist and `ld_imm64` be whole; fields that an
 * instruction does not use are kept as they are, so that `encode` gives the same bytes again.
 *
 * @param options `rewritten`: the program comes from the kernel, as the verifier rewrote it; there an eleventh
 *   register exists, which programs cannot name (BPF_REG_AX, include/linux/filter.h).
 * @throws {InstructionDecodeError} naming the slot and what is wrong with it
 */
export function decode(
  bytes: Uint8Array,
  endianness: Endianness = 'little',
  options: { readonly rewritten?: boolean } = {},
): Instruction[] {
  const whole = Math.floor(bytes.byteLength / slotSize)
  if (bytes.byteLength % slotSize !== 0) {
    throw new InstructionDecodeError(
      whole,
      `the program ends in the middle of a slot: ${bytes.byteLength} bytes are not a multiple of ${slotSize}`,
    )
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const instructions: Instruction[] = []
  for (let slot = 0; slot < whole; slot++) {
    const instruction = readInstruction(
      view,
      slot,
      whole,
      endianness === 'little',
      options.rewritten === true ? 11 : 10,
    )
    instructions.push(instruction)
    if (instruction.opcode === loadImm64Opcode) slot++
  }
  return instructions
}

function readInstruction(
  view: DataView,
  slot: number,
  slots: number,
  little: boolean,
  highest: number,
): Instruction {
  const at = slot * slotSize
  const opcode = view.getUint8(at)
  const registers = view.getUint8(at + 1)
  const low = registers & 0x0f
  const high = registers >> 4
  const [dst, src] = little ? [low, high] : [high, low]
  const offset = view.getInt16(at + 2, little)
  const imm = view.getInt32(at + 4, little)
  if (!isKnownOpcode(opcode)) {
    throw new InstructionDecodeError(slot, `unknown opcode 0x${opcode.toString(16).padStart(2, '0')}`)
  }
  if (dst > highest) throw new InstructionDecodeError(slot, `there is no register r${dst} (dst)`)
  if (src > highest) throw new InstructionDecodeError(slot, `there is no register r${src} (src)`)
  if (opcode !== loadImm64Opcode) return fromFields({ opcode, dst, src, offset, imm }, highest)
  if (slot + 1 === slots) {
    throw new InstructionDecodeError(slot, 'ld_imm64 takes two slots, and the program ends after its first')
  }
  if (view.getUint32(at + slotSize) !== 0) {
    throw new InstructionDecodeError(
      slot + 1,
      'in the second half of an ld_imm64 opcode, registers and offset must be 0',
    )
  }
  const highImm = view.getUint32(at + slotSize + 4, little)
  const imm64 = (BigInt(highImm) << 32n) | BigInt.asUintN(32, BigInt(imm))
  return rawInstruction({ opcode, dst, src, offset, imm64 })
}

/** Instructions with the kernel's own register are outside of what `rawInstruction` lets through. */
function fromFields(fields: Omit<Instruction, 'imm64'>, highest: number): Instruction {
  const internal = highest > 10 && (fields.dst > 10 || fields.src > 10)
  return internal ? Object.freeze({ ...fields }) : rawInstruction(fields)
}
