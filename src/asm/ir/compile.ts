import { type Assembled, assemble } from '../assemble/assembler.ts'
import { branch, type Item, label, plain } from '../assemble/items.ts'
import type { Instruction } from '../isa/instruction.ts'
import type { CpuLevel } from '../isa/opcodes.ts'
import type { FunctionGraph } from './graph.ts'
import { allocateRegisters } from './machine/allocate.ts'
import type { MachineBlock, MachineInstruction } from './machine/code.ts'
import { layOutFrame, markLoops, orderBlocks } from './machine/layout.ts'
import { select } from './machine/select.ts'
import { removeNeedlessSpills } from './machine/spill-cleanup.ts'
import { optimise, type Pass, passes } from './optimise.ts'
import { tidyControlFlow } from './passes/control-flow.ts'
import { splitCriticalEdges } from './passes/critical-edges.ts'

/** How to compile a function. */
export interface CompileOptions {
  /** The optimisation passes to run; all of them by default. */
  readonly passes?: readonly Pass[]
  /**
   * The highest CPU level whose instructions may be used, as clang's -mcpu: instructions above it are replaced where
   * that is exact, else refused. The compiler's own need level 3 (Linux 5.1), fetching atomics Linux 5.12.
   */
  readonly cpu?: CpuLevel
}

/**
 * Compiles one function to instructions.
 *
 * @throws {StackOverflowError} when it needs more than 512 bytes of stack
 * @throws {CpuLevelError} for an instruction above `cpu` that has no replacement
 */
export function compile(graph: FunctionGraph, options: CompileOptions = {}): Assembled {
  optimise(graph, options.passes ?? passes)
  tidyControlFlow(graph)
  splitCriticalEdges(graph)
  const code = select(graph)
  markLoops(code)
  allocateRegisters(code)
  removeNeedlessSpills(code)
  orderBlocks(code)
  layOutFrame(code)
  const items: Item[] = []
  for (const block of code.blocks) {
    items.push(label(labelOf(block)))
    for (const instruction of block.instructions) items.push(itemOf(instruction))
  }
  return assemble(items, options.cpu === undefined ? {} : { cpu: options.cpu })
}

function labelOf(block: MachineBlock): string {
  return `b${block.id}`
}

function itemOf(machine: MachineInstruction): Item {
  const instruction: Instruction = {
    opcode: machine.opcode,
    dst: machine.dst,
    src: machine.src,
    offset: machine.offset,
    imm: machine.imm,
    ...(machine.imm64 === undefined ? {} : { imm64: machine.imm64 }),
    ...(machine.symbol === undefined ? {} : { symbol: machine.symbol }),
    ...(machine.source === undefined ? {} : { source: machine.source }),
  }
  return machine.target === undefined ? plain(instruction) : branch(instruction, labelOf(machine.target))
}
