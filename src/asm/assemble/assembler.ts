import type { Endianness } from '../isa/encode.ts'
import type { Instruction } from '../isa/instruction.ts'
import type { CpuLevel } from '../isa/opcodes.ts'
import { analyzeControlFlow } from './control-flow.ts'
import { UnreachableCodeError } from './errors.ts'
import type { Item } from './items.ts'
import { type Entry, link } from './link.ts'
import { lowerToCpu } from './lower.ts'
import { layOutWithGotol } from './relax.ts'
import { layOutWithTrampolines } from './trampoline.ts'

/** How to assemble. */
export interface AssembleOptions {
  /**
   * BPF CPU version, as clang's -mcpu. Instructions above it are replaced by others that do exactly the
   * same, or refused where there are none. 4 makes a `gotol` (Linux 6.6) of jumps of more than 16 bits; below
   * it they go by trampolines. Left out, instructions stay as they are, whatever their level, and such jumps
   * go by trampolines: the program runs wherever its own instructions do.
   */
  readonly cpu?: CpuLevel
  /** Byte order of the machine that runs the program: decides what replaces `bswap`. Little unless told. */
  readonly endianness?: Endianness
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
 * @throws {CpuLevelError} an instruction is above the CPU level, and nothing of that level does the same
 * @throws {BranchRangeError} a jump needs more than 16 bits, `cpu` is not 4, and trampolines find no room
 * @throws {UnreachableCodeError} no path leads to some instructions
 */
export function assemble(items: readonly Item[], options: AssembleOptions = {}): Assembled {
  const { entries, labels } = link(items)
  const flow = analyzeControlFlow(entries)
  if (flow.unreachable.length > 0 && options.unreachable !== 'report') {
    throw unreachableError(flow.unreachable, entries)
  }
  const { cpu, endianness = 'little' } = options
  const lowered = cpu === undefined ? undefined : lowerToCpu(entries, cpu, endianness)
  const layOut = cpu === 4 ? layOutWithGotol : layOutWithTrampolines
  const { instructions, starts, counts } = layOut(lowered?.entries ?? entries)
  const firstOf = (entry: number): number => lowered?.starts[entry] ?? entry
  const indexOf = (entry: number): number => starts[firstOf(entry)] ?? instructions.length
  return {
    instructions,
    labels: new Map([...labels].map(([name, entry]) => [name, indexOf(entry)])),
    functions: flow.functions.map(indexOf),
    unreachable: flow.unreachable.flatMap((entry) => {
      const parts = range(firstOf(entry), firstOf(entry + 1))
      return parts.flatMap((part) => range(starts[part] ?? 0, (starts[part] ?? 0) + (counts[part] ?? 0)))
    }),
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

function unreachableError(unreachable: readonly number[], entries: readonly Entry[]): UnreachableCodeError {
  const items = unreachable.map((index) => entries[index]?.item ?? 0)
  const source = entries[unreachable[0] ?? 0]?.instruction.source
  return new UnreachableCodeError(items, source)
}
