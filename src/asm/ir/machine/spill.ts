import type { FrameObject } from '../graph.ts'
import { definitions, isMove, type MachineFunction, type MachineInstruction, uses } from './code.ts'
import { loadOpcode, storeOpcode } from './instructions.ts'

/**
 * Moves registers to the stack: each group of joined registers gets an 8-byte slot, every read is preceded by a load
 * into a short-lived new register and every write followed by a store. Copies to and from a spilled register become
 * that load or store; copies within a group go.
 *
 * @param spilled the registers, each with the one that stands for its group
 * @returns the short-lived registers, which must not be spilled again
 */
export function insertSpills(code: MachineFunction, spilled: ReadonlyMap<number, number>): number[] {
  const slots = new Map<number, FrameObject>()
  const temporaries: number[] = []
  const slotOf = (register: number): FrameObject => {
    const group = spilled.get(register) ?? register
    const known = slots.get(group)
    if (known !== undefined) return known
    const id = 1 + Math.max(-1, ...code.frameObjects.map((object) => object.id))
    const slot = {
      id,
      name: `spill ${id}`,
      size: 8,
      align: 8,
      spill: true,
    }
    code.frameObjects.push(slot)
    slots.set(group, slot)
    return slot
  }
  const load = (into: number, register: number, like: MachineInstruction): MachineInstruction => ({
    opcode: loadOpcode(8),
    dst: into,
    src: 10,
    offset: 0,
    imm: 0,
    frame: slotOf(register),
    source: like.source,
  })
  const store = (from: number, register: number, like: MachineInstruction): MachineInstruction => ({
    opcode: storeOpcode(8),
    dst: 10,
    src: from,
    offset: 0,
    imm: 0,
    frame: slotOf(register),
    source: like.source,
  })
  const fresh = (): number => {
    const register = code.nextVirtual++
    temporaries.push(register)
    return register
  }

  for (const block of code.blocks) {
    block.instructions = block.instructions.flatMap((instruction) => {
      const read = uses(instruction).filter((register) => spilled.has(register))
      const written = definitions(instruction).filter((register) => spilled.has(register))
      if (read.length === 0 && written.length === 0) return [instruction]
      if (isMove(instruction) && instruction.src !== 10) {
        if (read.length > 0 && written.length > 0) {
          if (slotOf(instruction.src) === slotOf(instruction.dst)) return []
          const via = fresh()
          return [load(via, instruction.src, instruction), store(via, instruction.dst, instruction)]
        }
        return read.length > 0
          ? [load(instruction.dst, instruction.src, instruction)]
          : [store(instruction.src, instruction.dst, instruction)]
      }
      const renamed = new Map<number, number>()
      for (const register of new Set([...read, ...written])) renamed.set(register, fresh())
      const result: MachineInstruction[] = []
      for (const register of new Set(read))
        result.push(load(renamed.get(register) ?? 0, register, instruction))
      result.push({
        ...instruction,
        dst: renamed.get(instruction.dst) ?? instruction.dst,
        src: renamed.get(instruction.src) ?? instruction.src,
      })
      for (const register of written) result.push(store(renamed.get(register) ?? 0, register, instruction))
      return result
    })
  }
  return temporaries
}
