import type { Instruction } from '../isa/instruction.ts'
import { analyzeControlFlow } from './control-flow.ts'
import { UnreachableCodeError } from './errors.ts'
import type { Item } from './items.ts'
import { type Entry, link } from './link.ts'
import { relax } from './relax.ts'

/** How to assemble. */
export interface AssembleOptions {
  /**
   * BPF CPU version, as clang's -mcpu: 4 allows `gotol` (Linux 6.6) for jumps of more than 16 bits. 3, the
   * default, runs on every kernel since 5.1 and makes such a jump an error.
   */
  readonly cpu?: 3 | 4
  /** Whether unreachable code, which the kernel refuses, is an error (the default) or only reported. */
  readonly unreachable?: 'error' | 'report'
}

/** An assembled program. All indexes are into `instructions`; of slots, `ld_imm64` takes two. */
export interface Assembled {
  /** Every branch filled in, each instruction frozen. */
  readonly instructions: readonly Instruction[]
  /** Index of the instruction after each label; the number of instructions for labels at the end. */
  readonly labels: ReadonlyMap<string, number>
  /** Indexes of the first instructions of its functions, ascending, 0 first. */
  readonly functions: readonly number[]
  /** Indexes of unreachable instructions; empty unless `unreachable: 'report'` was asked for. */
  readonly unreachable: readonly number[]
}

/**
 * Fills in the distances of branches to labels, and checks the program's shape. Numeric distances in plain
 * instructions go on meaning the same instruction if a longer jump is put between.
 *
 * @throws {DuplicateLabelError} a label is placed twice
 * @throws {UnknownLabelError} a branch goes to a label that is placed nowhere
 * @throws {BadBranchError} a branch item is no branch, or goes where no instruction of its function begins
 * @throws {FallsOffEndError} a function does not end with `exit` or an unconditional jump; no instructions
 * @throws {BranchRangeError} a jump's distance needs more than 16 bits and `cpu` is 3
 * @throws {UnreachableCodeError} no path leads to some instructions
 */
export function assemble(items: readonly Item[], options: AssembleOptions = {}): Assembled {
  const { entries, labels } = link(items)
  const flow = analyzeControlFlow(entries)
  if (flow.unreachable.length > 0 && options.unreachable !== 'report') {
    throw unreachableError(flow.unreachable, entries)
  }
  const expansion = relax(entries, options.cpu === 4)
  const starts: number[] = []
  const instructions: Instruction[] = []
  for (const made of expansion) {
    starts.push(instructions.length)
    instructions.push(...made)
  }
  const indexOf = (entry: number): number => starts[entry] ?? instructions.length
  return {
    instructions,
    labels: new Map([...labels].map(([name, entry]) => [name, indexOf(entry)])),
    functions: flow.functions.map(indexOf),
    unreachable: flow.unreachable.flatMap((entry) =>
      (expansion[entry] ?? []).map((_, part) => indexOf(entry) + part),
    ),
  }
}

function unreachableError(unreachable: readonly number[], entries: readonly Entry[]): UnreachableCodeError {
  const items = unreachable.map((index) => entries[index]?.item ?? 0)
  const source = entries[unreachable[0] ?? 0]?.instruction.source
  return new UnreachableCodeError(items, source)
}
