import { isCall } from '../analysis/effects.ts'
import { branchKind } from '../isa/branch.ts'
import { instructionClass } from '../isa/opcodes.ts'
import type { ProgramReport, ReportedInstruction } from './program-report.ts'

/** Counts of a program that a change is judged by. */
export interface ProgramCounts {
  readonly instructions: number
  readonly slots: number
  readonly blocks: number
  readonly branches: number
  readonly calls: number
  readonly loads: number
  readonly stores: number
  /** Slots that registers are spilled to. */
  readonly spillSlots: number
  readonly stackBytes: number
}

/** One line of a comparison: an instruction of the first program, of the second, or of both. */
export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added'
  /** Index into the first program's instructions; undefined for what was added. */
  readonly before: number | undefined
  /** Index into the second program's instructions; undefined for what was removed. */
  readonly after: number | undefined
}

/** Two programs side by side. */
export interface ProgramDiff {
  readonly before: { readonly name: string; readonly origin: string; readonly counts: ProgramCounts }
  readonly after: { readonly name: string; readonly origin: string; readonly counts: ProgramCounts }
  /** Instructions that are in both, only in the first, only in the second. */
  readonly same: number
  readonly removed: number
  readonly added: number
  readonly lines: readonly DiffLine[]
}

/** Aligns two programs. Jumps are the same wherever they go: that follows from what lies between. */
export function diffPrograms(before: ProgramReport, after: ProgramReport): ProgramDiff {
  const lines = align(before.instructions.map(comparable), after.instructions.map(comparable))
  const count = (kind: DiffLine['kind']): number => lines.filter((line) => line.kind === kind).length
  return {
    before: { name: before.name, origin: before.origin, counts: countsOf(before) },
    after: { name: after.name, origin: after.origin, counts: countsOf(after) },
    same: count('same'),
    removed: count('removed'),
    added: count('added'),
    lines,
  }
}

/** Counts what a program is made of. */
export function countsOf({ instructions, blocks, functions }: ProgramReport): ProgramCounts {
  const last = instructions.at(-1)
  const ofClass = (...classes: readonly number[]): number =>
    instructions.filter(({ opcode }) => classes.includes(opcode & 0x07)).length
  const objects = functions.flatMap(({ stack }) => stack.objects)
  return {
    instructions: instructions.length,
    slots: last === undefined ? 0 : last.slot + last.bytes.length / 16,
    blocks: blocks.length,
    branches: instructions.filter((it) => {
      const kind = branchKind(it as never)
      return kind !== undefined && kind !== 'call' && kind !== 'function'
    }).length,
    calls: instructions.filter((it) => isCall(it as never)).length,
    loads: ofClass(instructionClass.ldx),
    stores: ofClass(instructionClass.st, instructionClass.stx),
    spillSlots: objects.filter(({ kind }) => kind === 'spill').length,
    stackBytes: Math.max(0, ...functions.map(({ stack }) => stack.depth)),
  }
}

function comparable({ text, symbol }: ReportedInstruction): string {
  const member = symbol?.kind === 'field' ? ` ${symbol.struct}::${symbol.path}` : ''
  return text.replace(/goto \S+$/, 'goto') + member
}

/** More cells than this are not compared with each other: the middle then counts as replaced. */
const mostCells = 60_000_000

/** A longest common subsequence, by the table of Wagner and Fischer, of what lies between equal ends. */
function align(a: readonly string[], b: readonly string[]): DiffLine[] {
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let tail = 0
  while (
    tail < a.length - start &&
    tail < b.length - start &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  )
    tail++
  const lines: DiffLine[] = []
  const same = (i: number, j: number): void => void lines.push({ kind: 'same', before: i, after: j })
  const removed = (i: number): void => void lines.push({ kind: 'removed', before: i, after: undefined })
  const added = (j: number): void => void lines.push({ kind: 'added', before: undefined, after: j })
  for (let i = 0; i < start; i++) same(i, i)
  const [rows, columns] = [a.length - start - tail, b.length - start - tail]
  const width = columns + 1
  const known = (rows + 1) * width <= mostCells
  const longest = new Uint32Array(known ? (rows + 1) * width : 0)
  if (known)
    for (let i = rows - 1; i >= 0; i--)
      for (let j = columns - 1; j >= 0; j--)
        longest[i * width + j] =
          a[start + i] === b[start + j]
            ? (longest[(i + 1) * width + j + 1] ?? 0) + 1
            : Math.max(longest[(i + 1) * width + j] ?? 0, longest[i * width + j + 1] ?? 0)
  let [i, j] = [0, 0]
  while (i < rows || j < columns) {
    if (known && i < rows && j < columns && a[start + i] === b[start + j]) same(start + i++, start + j++)
    else if (i < rows && (j === columns || !known || at(i + 1, j) >= at(i, j + 1))) removed(start + i++)
    else added(start + j++)
  }
  for (let k = tail; k > 0; k--) same(a.length - k, b.length - k)
  return lines

  function at(row: number, column: number): number {
    return longest[row * width + column] ?? 0
  }
}
