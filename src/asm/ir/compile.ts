import { type Assembled, assemble } from '../assemble/assembler.ts'
import { branch, type Item, label, plain } from '../assemble/items.ts'
import type { CpuLevel } from '../isa/opcodes.ts'
import type { FunctionGraph } from './graph.ts'
import { allocateRegisters } from './machine/allocate.ts'
import {
  instructionOf,
  type MachineBlock,
  type MachineFunction,
  type MachineInstruction,
} from './machine/code.ts'
import { removeNeedlessCopies } from './machine/copies.ts'
import { layOutFrame, markLoops, orderBlocks } from './machine/layout.ts'
import { mergeTails } from './machine/merge-tails.ts'
import { printMachineCode } from './machine/print.ts'
import { select } from './machine/select.ts'
import { removeNeedlessSpills } from './machine/spill-cleanup.ts'
import { tidyControlFlow } from './passes/control-flow.ts'
import { splitCriticalEdges } from './passes/critical-edges.ts'
import { optimise, type PassSelection, selectPasses } from './pipeline.ts'
import { printGraph } from './text/print.ts'

/** How to compile a function. */
export interface CompileOptions {
  /** The optimisation passes to run; all of them by default. {@link parsePasses} reads a list of their names. */
  readonly passes?: PassSelection
  /**
   * The highest CPU level whose instructions may be used, as clang's -mcpu: instructions above it are replaced where
   * that is exact, else refused. The compiler's own need level 3 (Linux 5.1), fetching atomics Linux 5.12.
   */
  readonly cpu?: CpuLevel
  /** Watches the compiler at work. */
  readonly trace?: Trace
}

/**
 * Called with every form a function takes on its way: as the front end made it (`front end`), after each pass that
 * changed it (by the pass's name), and after each stage of code generation (`select`, `allocate`, …). `text` prints
 * it as it is at that moment, so call it at once or not at all; both forms begin with `function NAME`.
 */
export type Trace = (stage: string, text: () => string) => void

/** What happens to machine code, in this order. */
export const machineStages: readonly {
  readonly name: string
  readonly run: (code: MachineFunction) => void
}[] = [
  { name: 'mark loops', run: markLoops },
  { name: 'allocate', run: allocateRegisters },
  { name: 'spill cleanup', run: removeNeedlessSpills },
  { name: 'remove copies', run: removeNeedlessCopies },
  { name: 'lay out frame', run: layOutFrame },
  { name: 'merge tails', run: mergeTails },
  { name: 'order blocks', run: orderBlocks },
]

/**
 * Compiles one function to instructions.
 *
 * @throws {UnknownPassError} for a pass that does not exist
 * @throws {StackOverflowError} when it needs more than 512 bytes of stack
 * @throws {CpuLevelError} for an instruction above `cpu` that has no replacement
 */
export function compile(graph: FunctionGraph, options: CompileOptions = {}): Assembled {
  const { trace = () => {} } = options
  const traceGraph = (stage: string): void => trace(stage, () => printGraph(graph))
  traceGraph('front end')
  optimise(graph, selectPasses(options.passes), (pass) => traceGraph(pass.name))
  tidyControlFlow(graph)
  splitCriticalEdges(graph)
  traceGraph('split critical edges')
  const code = select(graph)
  const traceCode = (stage: string): void => trace(stage, () => printMachineCode(code))
  traceCode('select')
  for (const stage of machineStages) {
    stage.run(code)
    traceCode(stage.name)
  }
  return assemble(itemsOf(code), options.cpu === undefined ? {} : { cpu: options.cpu })
}

function itemsOf(code: MachineFunction): Item[] {
  return code.blocks.flatMap((block) => [label(labelOf(block)), ...block.instructions.map(itemOf)])
}

function labelOf(block: MachineBlock): string {
  return `b${block.id}`
}

function itemOf(machine: MachineInstruction): Item {
  const instruction = instructionOf(machine)
  return machine.target === undefined ? plain(instruction) : branch(instruction, labelOf(machine.target))
}
