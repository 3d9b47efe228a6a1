import { assemble } from '../assemble/assembler.ts'
import { branch, type Item, label, plain } from '../assemble/items.ts'
import type { Instruction } from '../isa/instruction.ts'
import type { CpuLevel } from '../isa/opcodes.ts'
import type { FunctionSpec } from '../program.ts'
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
import { checkStack } from './machine/stack.ts'
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

/** What becomes of a program's functions. */
export interface Compiled {
  readonly instructions: readonly Instruction[]
  /** In the order in which they were given, without those that nothing calls any more. */
  readonly functions: readonly FunctionSpec[]
}

/**
 * Compiles a program: its entry function and those that it calls or takes the address of, which have names of their
 * own.
 *
 * @throws {UnknownPassError} for a pass that does not exist
 * @throws {StackOverflowError} when functions that call one another need more than 512 bytes of stack
 * @throws {CallDepthError} when they call one another too deep, or in a circle
 * @throws {CpuLevelError} for an instruction above `cpu` that has no replacement
 */
export function compile(graphs: readonly FunctionGraph[], options: CompileOptions = {}): Compiled {
  const codes = stillUsed(graphs.map((graph) => compileFunction(graph, options)))
  checkStack(codes)
  const items = codes.flatMap(itemsOf)
  const { instructions, labels } = assemble(items, options.cpu === undefined ? {} : { cpu: options.cpu })
  return {
    instructions,
    functions: codes.map(({ name }) => ({ name, start: labels.get(name) ?? 0 })),
  }
}

/** The entry and what it leads to: a call may have turned out to be unreachable, and the kernel refuses dead code. */
function stillUsed(codes: readonly MachineFunction[]): MachineFunction[] {
  const [entry] = codes
  const used = new Set(entry === undefined ? [] : [entry])
  for (const code of used)
    for (const { function: name } of code.blocks.flatMap((block) => block.instructions)) {
      const next = name === undefined ? undefined : codes.find((other) => other.name === name)
      if (next !== undefined) used.add(next)
    }
  return codes.filter((code) => used.has(code))
}

function compileFunction(graph: FunctionGraph, options: CompileOptions): MachineFunction {
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
  return code
}

function itemsOf(code: MachineFunction): Item[] {
  const { name } = code
  return [
    label(name),
    ...code.blocks.flatMap((block) => [
      label(labelOf(name, block)),
      ...block.instructions.map((instruction) => itemOf(name, instruction)),
    ]),
  ]
}

/** No function is called like a block: names have no spaces. */
function labelOf(name: string, block: MachineBlock): string {
  return `${name} b${block.id}`
}

function itemOf(name: string, machine: MachineInstruction): Item {
  const instruction = instructionOf(machine)
  const target = machine.target === undefined ? machine.function : labelOf(name, machine.target)
  return target === undefined ? plain(instruction) : branch(instruction, target)
}
