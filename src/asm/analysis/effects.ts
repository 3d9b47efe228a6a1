import type { Instruction } from '../isa/instruction.ts'
import {
  aluCode,
  atomicCode,
  atomicFetchBit,
  instructionClass,
  jumpCode,
  loadImm64Opcode,
  modeCode,
  operandSource,
} from '../isa/opcodes.ts'

/**
 * Which registers an instruction reads and writes, as bit sets: bit 0 is r0. Bit 11 is the kernel's own register, which
 * occurs in programs that the verifier has rewritten.
 */
export interface Effects {
  readonly reads: number
  readonly writes: number
}

/** r1 to r5, which pass arguments and are gone after every call. */
export const argumentRegisters = 0b111110
/** r0 to r5. */
const clobbered = 0b111111

const callOpcode = instructionClass.jmp | jumpCode.call

/** Whether an instruction is a call, of whatever kind. */
export function isCall({ opcode }: Instruction): boolean {
  return (opcode & ~operandSource.register) === callOpcode
}

/**
 * What an instruction does to registers.
 *
 * @param passed the arguments of a call, as a bit set
 */
export function effectsOf(instruction: Instruction, passed: number): Effects {
  const { opcode, dst, src } = instruction
  const [d, s] = [1 << dst, 1 << src]
  const fromRegister = (opcode & operandSource.register) !== 0
  switch (opcode & 0x07) {
    case instructionClass.alu:
    case instructionClass.alu64: {
      const code = opcode & 0xf0
      if (code === aluCode.mov) return { reads: fromRegister ? s : 0, writes: d }
      if (code === aluCode.neg || code === aluCode.end) return { reads: d, writes: d }
      return { reads: fromRegister ? d | s : d, writes: d }
    }
    case instructionClass.ldx:
      return { reads: s, writes: d }
    case instructionClass.st:
      return { reads: d, writes: 0 }
    case instructionClass.stx:
      return (opcode & 0xe0) === modeCode.atomic ? atomicEffects(instruction) : { reads: d | s, writes: 0 }
    case instructionClass.ld:
      if (opcode === loadImm64Opcode) return { reads: 0, writes: d }
      // The old packet loads take the context in r6, and are calls in disguise.
      return { reads: (1 << 6) | ((opcode & 0xe0) === modeCode.ind ? s : 0), writes: clobbered }
    default:
      return jumpEffects(instruction, fromRegister, passed)
  }
}

function atomicEffects({ dst, src, imm }: Instruction): Effects {
  const [d, s] = [1 << dst, 1 << src]
  if (imm === atomicCode.load_acquire) return { reads: s, writes: d }
  if (imm === atomicCode.cmpxchg) return { reads: d | s | 1, writes: 1 }
  return { reads: d | s, writes: imm !== atomicCode.store_release && (imm & atomicFetchBit) !== 0 ? s : 0 }
}

function jumpEffects(instruction: Instruction, fromRegister: boolean, passed: number): Effects {
  const { opcode, dst, src } = instruction
  if (isCall(instruction)) return { reads: fromRegister ? passed | (1 << dst) : passed, writes: clobbered }
  const code = opcode & 0xf0
  if (code === jumpCode.exit) return { reads: 1, writes: 0 }
  if (code === jumpCode.ja || code === jumpCode.jcond) return { reads: 0, writes: 0 }
  return { reads: fromRegister ? (1 << dst) | (1 << src) : 1 << dst, writes: 0 }
}
