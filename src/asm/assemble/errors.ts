import type { ErrorContext } from '../diagnostics/error.ts'
import { TsbpfError } from '../diagnostics/error.ts'
import type { SourcePosition } from '../diagnostics/source-position.ts'
import type { CpuFeature, CpuLevel } from '../isa/opcodes.ts'

/** A program that cannot be assembled; each reason has a class of its own. */
export class AssembleError extends TsbpfError {
  /** The statement at fault, where its instruction says so. */
  readonly source: SourcePosition | undefined
  /** The message without the place. */
  readonly reason: string

  constructor(code: string, reason: string, source: SourcePosition | undefined, context: ErrorContext = {}) {
    super(code, source === undefined ? reason : `${reason} (${source.file}:${source.line})`, context)
    this.reason = reason
    this.source = source
  }
}

/** The same label is placed twice. */
export class DuplicateLabelError extends AssembleError {
  readonly label: string

  constructor(label: string, first: number, second: number, source: SourcePosition | undefined) {
    super(
      'ASSEMBLE_DUPLICATE_LABEL',
      `label ${JSON.stringify(label)} is placed twice: before item ${first} and before item ${second}`,
      source,
      { hint: 'give one of them another name' },
    )
    this.label = label
  }
}

/** A branch to a label that is placed nowhere. */
export class UnknownLabelError extends AssembleError {
  readonly label: string

  constructor(label: string, item: number, known: Iterable<string>, source: SourcePosition | undefined) {
    const names = [...known].map((name) => JSON.stringify(name))
    super(
      'ASSEMBLE_UNKNOWN_LABEL',
      `the branch at item ${item} goes to label ${JSON.stringify(label)}, which is placed nowhere`,
      source,
      {
        hint: names.length === 0 ? 'the program has no labels' : `labels of the program: ${names.join(', ')}`,
      },
    )
    this.label = label
  }
}

/** An instruction is above the CPU level of its program, and no others can stand for it exactly. */
export class CpuLevelError extends AssembleError {
  /** The level the instruction needs. */
  readonly needed: CpuLevel

  constructor(
    text: string,
    item: number,
    { cpu: needed, linux, what }: CpuFeature,
    allowed: CpuLevel,
    source: SourcePosition | undefined,
  ) {
    super(
      'ASSEMBLE_CPU_LEVEL',
      `item ${item}, \`${text}\`, is ${what}, of cpu v${needed} (Linux ${linux}); the program may use v${allowed}`,
      source,
      {
        hint: `assemble with cpu: ${needed}, or write it with instructions of v${allowed}: none of them do exactly the same without another register`,
      },
    )
    this.needed = needed
  }
}

/** A branch is further from its target than its encoding reaches, and too many are for trampolines to help. */
export class BranchRangeError extends AssembleError {
  /** The target: a label, or `slot N` of a branch with a numeric offset. */
  readonly label: string
  /** Slots from the instruction after the branch. */
  readonly distance: number

  constructor(label: string, item: number, distance: number, source: SourcePosition | undefined) {
    super(
      'ASSEMBLE_BRANCH_RANGE',
      `the branch at item ${item} is ${distance} slots from its target ${label}; a 16-bit offset reaches -32768 to 32767, and there is no room for the trampolines of all such jumps`,
      source,
      { hint: 'assemble with cpu: 4 to allow gotol (Linux 6.6), or move code into functions' },
    )
    this.label = label
    this.distance = distance
  }
}

/** A branch that cannot be: not a branch at all, outside the program, into an `ld_imm64`, into another function. */
export class BadBranchError extends AssembleError {
  constructor(message: string, source: SourcePosition | undefined, hint = '') {
    super('ASSEMBLE_BAD_BRANCH', message, source, { hint })
  }
}

/** Control runs off the end of a function or of the program. */
export class FallsOffEndError extends AssembleError {
  constructor(message: string, source: SourcePosition | undefined) {
    super('ASSEMBLE_FALLS_OFF_END', message, source, { hint: 'end every function with exit or a jump' })
  }
}

/** Instructions that no path reaches; the kernel refuses them (`unreachable insn`). */
export class UnreachableCodeError extends AssembleError {
  /** Indexes of the items they come from, ascending. */
  readonly items: readonly number[]

  constructor(items: readonly number[], source: SourcePosition | undefined) {
    super('ASSEMBLE_UNREACHABLE', `no path reaches ${inRanges(items)}`, source, {
      hint: 'remove them, or the jump or exit before them',
    })
    this.items = items
  }
}

/** `item 3`, `items 3 to 5, 8`. */
function inRanges(items: readonly number[]): string {
  const ranges: [number, number][] = []
  for (const item of items) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === item - 1) last[1] = item
    else ranges.push([item, item])
  }
  const words = ranges.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`))
  return `${items.length === 1 ? 'item' : 'items'} ${words.join(', ')}`
}
