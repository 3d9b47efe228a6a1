import type { Instruction } from './instruction.ts'
import {
  addressSpaceCastOffset,
  aluCode,
  atomicCode,
  type CpuFeature,
  type CpuLevel,
  cpuFeatures,
  instructionClass,
  jumpCode,
  modeCode,
  operandSource,
} from './opcodes.ts'

/** @returns the group an instruction belongs to; undefined: it is of level 1, every CPU has it. */
export function cpuFeatureOf(instruction: Instruction): CpuFeature | undefined {
  switch (instruction.opcode & 0x07) {
    case instructionClass.alu:
    case instructionClass.alu64:
      return aluFeature(instruction)
    case instructionClass.jmp:
    case instructionClass.jmp32:
      return jumpFeature(instruction.opcode)
    case instructionClass.ldx:
      return (instruction.opcode & 0xe0) === modeCode.memsx ? cpuFeatures.signExtendingLoad : undefined
    case instructionClass.stx:
      return (instruction.opcode & 0xe0) === modeCode.atomic ? atomicFeature(instruction.imm) : undefined
    default:
      return undefined
  }
}

/** @returns the lowest CPU level that has the instruction. */
export function cpuLevelOf(instruction: Instruction): CpuLevel {
  return cpuFeatureOf(instruction)?.cpu ?? 1
}

function aluFeature({ opcode, offset }: Instruction): CpuFeature | undefined {
  const wide = (opcode & 0x07) === instructionClass.alu64
  const code = opcode & 0xf0
  // The conversions to and from a byte order are of class alu, and of level 1.
  if (code === aluCode.end) return wide ? cpuFeatures.byteSwap : undefined
  if (offset !== 0) {
    if (code === aluCode.div || code === aluCode.mod) return cpuFeatures.signedDivision
    if (code === aluCode.mov && (opcode & operandSource.register) !== 0) {
      return wide && offset === addressSpaceCastOffset
        ? cpuFeatures.addressSpaceCast
        : cpuFeatures.signExtendingMove
    }
  }
  return wide ? undefined : cpuFeatures.alu32
}

const lessThan: ReadonlySet<number> = new Set([jumpCode.jlt, jumpCode.jle, jumpCode.jslt, jumpCode.jsle])

function jumpFeature(opcode: number): CpuFeature | undefined {
  const code = opcode & 0xf0
  if ((opcode & 0x07) === instructionClass.jmp32) {
    return code === jumpCode.ja ? cpuFeatures.longGoto : cpuFeatures.jump32
  }
  if (code === jumpCode.jcond) return cpuFeatures.mayGoto
  return lessThan.has(code) ? cpuFeatures.lessThanJump : undefined
}

function atomicFeature(operation: number): CpuFeature | undefined {
  if (operation === atomicCode.add) return undefined
  return operation === atomicCode.load_acquire || operation === atomicCode.store_release
    ? cpuFeatures.acquireRelease
    : cpuFeatures.atomic
}
