import type { FrameObject } from '../graph.ts'
import {
  definitions,
  framePointer,
  type MachineBlock,
  type MachineFunction,
  type MachineInstruction,
} from './code.ts'
import { loadOpcode, opcode, storeOpcode } from './instructions.ts'

/**
 * Removes what spilling left over once registers are real: loads of a value that a register still holds, stores that
 * another store replaces before anything reads them, slots that nothing reads.
 */
export function removeNeedlessSpills(code: MachineFunction): void {
  for (const block of code.blocks) {
    forwardStores(block)
    removeOverwrittenStores(block)
  }
  const read = new Set<FrameObject>()
  for (const block of code.blocks)
    for (const instruction of block.instructions) if (isSpillLoad(instruction)) read.add(instruction.frame)
  for (const block of code.blocks)
    block.instructions = block.instructions.filter((i) => !isSpillStore(i) || read.has(i.frame))
}

type SpillAccess = MachineInstruction & { frame: FrameObject }

function isSpillLoad(instruction: MachineInstruction): instruction is SpillAccess {
  return (
    instruction.frame?.spill === true &&
    instruction.opcode === loadOpcode(8) &&
    instruction.src === framePointer
  )
}

function isSpillStore(instruction: MachineInstruction): instruction is SpillAccess {
  return (
    instruction.frame?.spill === true &&
    instruction.opcode === storeOpcode(8) &&
    instruction.dst === framePointer
  )
}

/** Replaces a load from a slot by a copy of the register that is known to hold the same, or by nothing. */
function forwardStores(block: MachineBlock): void {
  const holder = new Map<FrameObject, number>()
  const kept: MachineInstruction[] = []
  for (const instruction of block.instructions) {
    if (isSpillLoad(instruction)) {
      const register = holder.get(instruction.frame)
      if (register === instruction.dst) continue
      const { frame, dst, source } = instruction
      forget(holder, [dst])
      kept.push(
        register === undefined
          ? instruction
          : { opcode: opcode.move64, dst, src: register, offset: 0, imm: 0, source },
      )
      if (register === undefined) holder.set(frame, dst)
      continue
    }
    kept.push(instruction)
    forget(holder, definitions(instruction))
    if (isSpillStore(instruction)) holder.set(instruction.frame, instruction.src)
  }
  block.instructions = kept
}

function forget(holder: Map<FrameObject, number>, registers: readonly number[]): void {
  for (const [slot, register] of holder) if (registers.includes(register)) holder.delete(slot)
}

function removeOverwrittenStores(block: MachineBlock): void {
  const overwritten = new Set<FrameObject>()
  const kept: MachineInstruction[] = []
  for (const instruction of [...block.instructions].reverse()) {
    if (isSpillLoad(instruction)) overwritten.delete(instruction.frame)
    if (isSpillStore(instruction)) {
      if (overwritten.has(instruction.frame)) continue
      overwritten.add(instruction.frame)
    }
    kept.push(instruction)
  }
  block.instructions = kept.reverse()
}
