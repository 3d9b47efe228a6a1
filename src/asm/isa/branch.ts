import { checkImm, checkOffset, withImm, withOffset } from './fields.ts'
import type { Instruction } from './instruction.ts'
import {
  callKind,
  instructionClass,
  jumpCode,
  loadImm64Kind,
  loadImm64Opcode,
  mayGotoSource,
} from './opcodes.ts'

/** Instructions that name another one: jumps, calls of this program's functions, and their addresses. */
export type BranchKind = 'conditional' | 'goto' | 'gotol' | 'may_goto' | 'call' | 'function'

const jaOpcode = instructionClass.jmp | jumpCode.ja
const gotolOpcode = instructionClass.jmp32 | jumpCode.ja
const callOpcode = instructionClass.jmp | jumpCode.call
const exitOpcode = instructionClass.jmp | jumpCode.exit
const jcondOpcode = instructionClass.jmp | jumpCode.jcond

/** @returns what kind of branch an instruction is; undefined when it goes nowhere but to the next one. */
export function branchKind({ opcode, src }: Instruction): BranchKind | undefined {
  switch (opcode) {
    case jaOpcode:
      return 'goto'
    case gotolOpcode:
      return 'gotol'
    case jcondOpcode:
      return src === mayGotoSource ? 'may_goto' : undefined
    case callOpcode:
      return src === callKind.local ? 'call' : undefined
    case loadImm64Opcode:
      return src === loadImm64Kind.function ? 'function' : undefined
  }
  const family = opcode & 0x07
  if (family !== instructionClass.jmp && family !== instructionClass.jmp32) return undefined
  const code = opcode & 0xf0
  if (code === jumpCode.ja || code === jumpCode.call || code === jumpCode.exit || code > jumpCode.jsle) {
    return undefined
  }
  return 'conditional'
}

/** @returns the distance to a branch's target, in slots from the one after the branch's first. */
export function branchDistance(instruction: Instruction): number | undefined {
  const kind = branchKind(instruction)
  if (kind === undefined) return undefined
  return hasOffsetDistance(kind) ? instruction.offset : instruction.imm
}

/**
 * @returns the branch with another distance.
 * @throws {InstructionRangeError} when the field cannot hold it: 16 bits of jumps, 32 of `gotol` and calls.
 */
export function withBranchDistance(instruction: Instruction, distance: number): Instruction {
  const kind = branchKind(instruction)
  if (kind === undefined) return instruction
  if (hasOffsetDistance(kind)) return withOffset(instruction, checkOffset(kind, distance))
  return withImm(instruction, checkImm(kind, distance))
}

/** @returns whether a kind of branch keeps its distance in the 16-bit offset and not in the immediate. */
export function hasOffsetDistance(kind: BranchKind): boolean {
  return kind === 'conditional' || kind === 'goto' || kind === 'may_goto'
}

/** @returns whether control never goes on to the following instruction: `exit`, `goto`, `gotol`. */
export function isTerminator({ opcode }: Instruction): boolean {
  return opcode === exitOpcode || opcode === jaOpcode || opcode === gotolOpcode
}
