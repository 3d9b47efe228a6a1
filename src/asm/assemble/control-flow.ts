import { branchKind, isTerminator } from '../isa/branch.ts'
import { BadBranchError, FallsOffEndError } from './errors.ts'
import type { Entry } from './link.ts'

/** What the branches of a program say about its shape. */
export interface ControlFlow {
  /** Indexes of the first entries of its functions, ascending; the entry function, 0, first. */
  readonly functions: readonly number[]
  /** Indexes of the entries that no path from entry 0 reaches, ascending. */
  readonly unreachable: readonly number[]
}

/**
 * Finds functions (the targets of calls and of function addresses) and unreachable code, and checks what
 * the kernel checks before it verifies (check_subprogs, check_cfg in kernel/bpf/verifier.c): functions end
 * with `exit` or an unconditional jump, and jumps stay inside their function.
 */
export function analyzeControlFlow(entries: readonly Entry[]): ControlFlow {
  if (entries.length === 0) throw new FallsOffEndError('the program has no instructions', undefined)
  const functions = findFunctions(entries)
  checkEnds(entries, functions)
  checkJumps(entries, functions)
  return { functions, unreachable: findUnreachable(entries) }
}

function findFunctions(entries: readonly Entry[]): number[] {
  const starts = new Set([0])
  for (const { instruction, target } of entries) {
    const kind = branchKind(instruction)
    if (target !== undefined && (kind === 'call' || kind === 'function')) starts.add(target)
  }
  return [...starts].sort((a, b) => a - b)
}

function checkEnds(entries: readonly Entry[], functions: readonly number[]): void {
  for (const end of [...functions.slice(1), entries.length]) {
    const last = entries[end - 1]
    if (last === undefined || isTerminator(last.instruction)) continue
    const next = entries[end]
    const where =
      next === undefined ? 'off the end of the program' : `into the function that begins at item ${next.item}`
    throw new FallsOffEndError(`control runs from item ${last.item} ${where}`, last.instruction.source)
  }
}

function checkJumps(entries: readonly Entry[], functions: readonly number[]): void {
  let current = 0
  entries.forEach(({ instruction, item, target, targetName }, index) => {
    if (functions[current + 1] === index) current++
    const kind = branchKind(instruction)
    if (target === undefined || kind === 'call' || kind === 'function') return
    const begin = functions[current] ?? 0
    const end = functions[current + 1] ?? entries.length
    if (target >= begin && target < end) return
    throw new BadBranchError(
      `the jump at item ${item} goes to ${targetName}, in another function`,
      instruction.source,
      'a function is entered with callLocal() only',
    )
  })
}

function findUnreachable(entries: readonly Entry[]): number[] {
  const reached = new Uint8Array(entries.length)
  const pending = [0]
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    const entry = entries[index]
    if (entry === undefined || reached[index] === 1) continue
    reached[index] = 1
    if (!isTerminator(entry.instruction)) pending.push(index + 1)
    if (entry.target !== undefined) pending.push(entry.target)
  }
  return [...entries.keys()].filter((index) => reached[index] === 0)
}
