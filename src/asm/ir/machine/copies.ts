import { aluCode, instructionClass, modeCode, operandSource } from '../../isa/opcodes.ts'
import {
  definitions,
  isMove,
  type MachineBlock,
  type MachineFunction,
  type MachineInstruction,
  uses,
} from './code.ts'
import { opcode } from './instructions.ts'
import { liveOut } from './liveness.ts'

/**
 * Reads registers where their values come from instead of copies, once registers are real, and removes copies,
 * constants and reloads that nothing reads then. Spilling leaves such copies behind.
 */
export function removeNeedlessCopies(code: MachineFunction): void {
  for (const block of code.blocks) readOriginals(block)
  const out = liveOut(code)
  for (const block of code.blocks) removeUnread(block, new Set(out.get(block)))
}

function readOriginals(block: MachineBlock): void {
  const original = new Map<number, number>()
  const forget = (register: number): void => {
    original.delete(register)
    for (const [copy, from] of original) if (from === register) original.delete(copy)
  }
  for (const instruction of block.instructions) {
    const now = (register: number): number => original.get(register) ?? register
    if (readsOnlySource(instruction)) instruction.src = now(instruction.src)
    if (readsOnlyDestination(instruction)) instruction.dst = now(instruction.dst)
    for (const register of definitions(instruction)) forget(register)
    if (isMove(instruction) && instruction.dst !== instruction.src && instruction.src !== 10)
      original.set(instruction.dst, instruction.src)
  }
}

const classOf = (instruction: MachineInstruction): number => instruction.opcode & 0x07

/** Whether the source field is a register that the instruction reads and does not write. */
function readsOnlySource(instruction: MachineInstruction): boolean {
  const family = classOf(instruction)
  if (family === instructionClass.ldx) return true
  if (family === instructionClass.stx) return (instruction.opcode & 0xe0) !== modeCode.atomic
  if (family === instructionClass.ld || family === instructionClass.st) return false
  if (instruction.opcode === opcode.call) return false
  if (family === instructionClass.alu || family === instructionClass.alu64) {
    // In a byte swap the bit that says "from a register" has another meaning.
    if ((instruction.opcode & 0xf0) === aluCode.end) return false
  }
  return (instruction.opcode & operandSource.register) !== 0
}

/** Whether the destination field is a register that is only read: the base of a store, the left side of a test. */
function readsOnlyDestination(instruction: MachineInstruction): boolean {
  const family = classOf(instruction)
  if (family === instructionClass.st) return true
  if (family === instructionClass.stx) return true
  const jumps = family === instructionClass.jmp || family === instructionClass.jmp32
  return (
    jumps &&
    instruction.opcode !== opcode.call &&
    instruction.opcode !== opcode.exit &&
    instruction.opcode !== opcode.jump
  )
}

function removeUnread(block: MachineBlock, live: Set<number>): void {
  const kept: MachineInstruction[] = []
  for (const instruction of [...block.instructions].reverse()) {
    const written = definitions(instruction)
    if (isRemovable(instruction) && !live.has(instruction.dst)) continue
    if (isMove(instruction) && instruction.dst === instruction.src) continue
    kept.push(instruction)
    for (const register of written) live.delete(register)
    for (const register of uses(instruction)) live.add(register)
  }
  block.instructions = kept.reverse()
}

/** Copies, constants and reloads of spilled registers have no effect but their result. */
function isRemovable(instruction: MachineInstruction): boolean {
  const family = classOf(instruction)
  if (family === instructionClass.alu || family === instructionClass.alu64)
    return (instruction.opcode & 0xf0) === aluCode.mov
  if (instruction.opcode === opcode.loadImmediate64) return true
  return family === instructionClass.ldx && instruction.frame?.spill === true
}
