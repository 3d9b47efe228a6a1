import { definitions, type MachineBlock, type MachineFunction, uses } from './code.ts'

/** For every block, the registers whose values are still needed when it ends. */
export type LiveOut = ReadonlyMap<MachineBlock, ReadonlySet<number>>

/** Solves liveness backwards over the graph until nothing changes. */
export function liveOut(code: MachineFunction): LiveOut {
  const reads = new Map<MachineBlock, Set<number>>()
  const writes = new Map<MachineBlock, Set<number>>()
  for (const block of code.blocks) {
    const read = new Set<number>()
    const written = new Set<number>()
    for (const instruction of block.instructions) {
      for (const register of uses(instruction)) if (!written.has(register)) read.add(register)
      for (const register of definitions(instruction)) written.add(register)
    }
    reads.set(block, read)
    writes.set(block, written)
  }
  const liveIn = new Map<MachineBlock, Set<number>>(
    code.blocks.map((block) => [block, new Set(reads.get(block) ?? [])]),
  )
  const out = new Map<MachineBlock, Set<number>>(code.blocks.map((block) => [block, new Set()]))
  for (let changed = true; changed; ) {
    changed = false
    for (let i = code.blocks.length - 1; i >= 0; i--) {
      const block = code.blocks[i]
      if (block === undefined) continue
      const blockOut = out.get(block)
      const blockIn = liveIn.get(block)
      const written = writes.get(block)
      if (blockOut === undefined || blockIn === undefined || written === undefined) continue
      for (const next of block.successors) {
        for (const register of liveIn.get(next) ?? []) {
          if (blockOut.has(register)) continue
          blockOut.add(register)
          if (written.has(register)) continue
          if (!blockIn.has(register)) {
            blockIn.add(register)
            changed = true
          }
        }
      }
    }
  }
  return out
}
