import { branchKind } from '../isa/branch.ts'
import type { Instruction } from '../isa/instruction.ts'
import { calleeName, parameterCount } from './calls.ts'
import type { ControlFlowGraph } from './control-flow-graph.ts'
import { argumentRegisters, effectsOf, isCall } from './effects.ts'
import type { AnalysisInput } from './input.ts'

/** Which registers hold a value that is still needed: bit sets, bit 0 for r0. r10, which is always there, is left out. */
export interface Liveness {
  /** By instruction: before it. */
  readonly before: Uint16Array
  /** By instruction: the arguments that it passes, if it is a call; 0 for others. */
  readonly passed: Uint8Array
}

const framePointer = 1 << 10

/**
 * Solves liveness over real registers. Calls read as many arguments as their callee takes: a helper's and a kernel
 * function's are known, a function's of the program follow from what is live where it begins, and those of what is
 * not known are the argument registers that may have been set since the last call.
 */
export function liveness(input: AnalysisInput, graph: ControlFlowGraph): Liveness {
  const { instructions } = input
  const before = new Uint16Array(instructions.length)
  const passed = new Uint8Array(instructions.length)
  const set = argumentsSet(instructions, graph)
  const kfuncs = new Map(input.kfuncs?.map((kfunc) => [kfunc.name, kfunc]))
  const done = new Set<number>()

  const argumentsOf = (index: number, open: ReadonlySet<number>): number => {
    const instruction = instructions[index]
    if (instruction === undefined || !isCall(instruction)) return 0
    const available = set[index] ?? 0
    if (branchKind(instruction) === 'call') {
      const target = graph.targets[index] ?? -1
      const callee = target < 0 ? -1 : functionAt(graph, target)
      if (callee < 0 || open.has(callee)) return available
      solve(callee, open)
      return (before[target] ?? 0) & argumentRegisters
    }
    const count = parameterCount(calleeName(instruction), kfuncs)
    return count === undefined ? available : ((1 << (count + 1)) - 2) & argumentRegisters
  }

  const solve = (number: number, outer: ReadonlySet<number>): void => {
    if (done.has(number)) return
    done.add(number)
    const open = new Set([...outer, number])
    const blocks = graph.blocks.filter((block) => block.function === number)
    for (const { start, end } of blocks)
      for (let index = start; index < end; index++) passed[index] = argumentsOf(index, open)
    for (let changed = true; changed; ) {
      changed = false
      for (const block of blocks.toReversed()) {
        let live = 0
        for (const edge of block.successors) live |= before[graph.blocks[edge.block]?.start ?? 0] ?? 0
        for (let index = block.end - 1; index >= block.start; index--) {
          const { reads, writes } = effectsOf(instructions[index] as Instruction, passed[index] ?? 0)
          live = ((live & ~writes) | reads) & ~framePointer
          if (before[index] !== live) changed = true
          before[index] = live
        }
      }
    }
  }
  for (const number of graph.functions.keys()) solve(number, new Set())
  return { before, passed }
}

function functionAt(graph: ControlFlowGraph, index: number): number {
  return graph.blocks[graph.blockOf[index] ?? 0]?.function ?? -1
}

/** Before each instruction, which argument registers may have been set since the function began or a call was made. */
function argumentsSet(instructions: readonly Instruction[], graph: ControlFlowGraph): Uint8Array {
  const result = new Uint8Array(instructions.length)
  const ends = new Uint8Array(graph.blocks.length)
  const entries = new Set(graph.functions.map(({ start }) => start))
  for (let changed = true; changed; ) {
    changed = false
    for (const block of graph.blocks) {
      let current = block.start === 0 ? 0b10 : entries.has(block.start) ? argumentRegisters : 0
      for (const edge of block.predecessors) current |= ends[edge.block] ?? 0
      for (let index = block.start; index < block.end; index++) {
        const instruction = instructions[index] as Instruction
        result[index] = current
        const { writes } = effectsOf(instruction, 0)
        current = isCall(instruction) ? 0 : (current | writes) & argumentRegisters
      }
      if (ends[block.index] !== current) changed = true
      ends[block.index] = current
    }
  }
  return result
}
