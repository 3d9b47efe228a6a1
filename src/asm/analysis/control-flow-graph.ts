import { branchKind, isTerminator } from '../isa/branch.ts'
import type { Instruction } from '../isa/instruction.ts'
import { slotStarts, targetSlot } from '../text/target-names.ts'
import type { AnalysisInput } from './input.ts'

/** A function of a program: instructions `start` up to, not including, `end`. */
export interface AnalysedFunction {
  readonly name: string
  readonly start: number
  readonly end: number
}

/** How control gets from one block to another. */
export interface Edge {
  /** Index of the other block. */
  readonly block: number
  /**
   * `fall`: to the next instruction; `jump`: always; `taken`: when the condition holds. `may_goto` counts as a condition.
   */
  readonly kind: 'fall' | 'jump' | 'taken'
  /** Whether it goes back to a block that control came through: the edge closes a loop. */
  readonly back: boolean
}

/** Instructions that are always executed one after the other: `start` up to, not including, `end`. */
export interface BasicBlock {
  readonly index: number
  /** Index of its function. */
  readonly function: number
  readonly start: number
  readonly end: number
  readonly predecessors: readonly Edge[]
  readonly successors: readonly Edge[]
  /** Whether any path leads here. */
  readonly reachable: boolean
}

/** The blocks of a program, in order of their instructions, and its functions. */
export interface ControlFlowGraph {
  readonly functions: readonly AnalysedFunction[]
  readonly blocks: readonly BasicBlock[]
  /** By instruction: index of its block. */
  readonly blockOf: Uint32Array
  /** By instruction: index of the instruction that its branch goes to, calls included; -1 of others. */
  readonly targets: Int32Array
}

/**
 * Recovers functions and basic blocks from instructions. Never throws: a jump to where no instruction begins, or out of
 * its function, has no edge.
 */
export function controlFlowGraph({ instructions, functions = [] }: AnalysisInput): ControlFlowGraph {
  const slots = slotStarts(instructions)
  const indexAt = new Map(slots.slice(0, -1).map((slot, index) => [slot, index]))
  const targets = Int32Array.from(instructions, (instruction, index) => {
    const slot = targetSlot(instruction, slots[index] ?? 0)
    return slot === undefined ? -1 : (indexAt.get(slot) ?? -1)
  })
  const found = findFunctions(instructions, targets, functions)
  const functionOf = new Uint32Array(instructions.length)
  for (const [number, { start, end }] of found.entries()) functionOf.fill(number, start, end)
  const starts = leaders(instructions, targets, found)
  const blockOf = new Uint32Array(instructions.length)
  for (const [block, start] of starts.entries())
    blockOf.fill(block, start, starts[block + 1] ?? instructions.length)

  const next = starts.map((start, block) => {
    const end = starts[block + 1] ?? instructions.length
    const last = instructions[end - 1]
    const own = functionOf[start]
    const inside = (index: number): boolean => index < instructions.length && functionOf[index] === own
    const edges: { block: number; kind: Edge['kind'] }[] = []
    if (last === undefined) return edges
    const kind = branchKind(last)
    const target = targets[end - 1] ?? -1
    if (!isTerminator(last) && inside(end)) edges.push({ block: blockOf[end] ?? 0, kind: 'fall' })
    if (kind !== undefined && kind !== 'call' && kind !== 'function' && target >= 0 && inside(target))
      edges.push({ block: blockOf[target] ?? 0, kind: isTerminator(last) ? 'jump' : 'taken' })
    return edges
  })
  const { reachable, back } = walk(
    next.map((edges) => edges.map(({ block }) => block)),
    found.map(({ start }) => blockOf[start] ?? 0),
  )
  const predecessors: Edge[][] = starts.map(() => [])
  const successors = next.map((edges, from) =>
    edges.map((edge): Edge => {
      const closes = back.has(`${from} ${edge.block}`)
      predecessors[edge.block]?.push({ block: from, kind: edge.kind, back: closes })
      return { ...edge, back: closes }
    }),
  )
  const blocks = starts.map((start, index) => ({
    index,
    function: functionOf[start] ?? 0,
    start,
    end: starts[index + 1] ?? instructions.length,
    predecessors: predecessors[index] ?? [],
    successors: successors[index] ?? [],
    reachable: reachable.has(index),
  }))
  return { functions: found, blocks, blockOf, targets }
}

function findFunctions(
  instructions: readonly Instruction[],
  targets: Int32Array,
  named: AnalysisInput['functions'] = [],
): AnalysedFunction[] {
  const names = new Map<number, string>()
  for (const { name, start } of named) if (start >= 0 && start < instructions.length) names.set(start, name)
  for (const [index, instruction] of instructions.entries()) {
    const kind = branchKind(instruction)
    const target = targets[index] ?? -1
    if ((kind === 'call' || kind === 'function') && target >= 0 && !names.has(target))
      names.set(target, `F${target}`)
  }
  if (instructions.length > 0 && !names.has(0)) names.set(0, 'main')
  const starts = [...names.keys()].sort((a, b) => a - b)
  return starts.map((start, index) => ({
    name: names.get(start) ?? '',
    start,
    end: starts[index + 1] ?? instructions.length,
  }))
}

/** Where blocks begin: functions, targets of jumps, and what follows a jump. */
function leaders(
  instructions: readonly Instruction[],
  targets: Int32Array,
  functions: readonly AnalysedFunction[],
): number[] {
  const starts = new Set(functions.map(({ start }) => start))
  for (const [index, instruction] of instructions.entries()) {
    const kind = branchKind(instruction)
    const jumps = kind !== undefined && kind !== 'call' && kind !== 'function'
    const target = targets[index] ?? -1
    if (jumps && target >= 0) starts.add(target)
    if ((jumps || isTerminator(instruction)) && index + 1 < instructions.length) starts.add(index + 1)
  }
  return [...starts].sort((a, b) => a - b)
}

/** Depth first from every function's entry; an edge to a block that the walk is still inside of closes a loop. */
function walk(
  successors: readonly (readonly number[])[],
  entries: readonly number[],
): { readonly reachable: ReadonlySet<number>; readonly back: ReadonlySet<string> } {
  const reachable = new Set<number>()
  const back = new Set<string>()
  const open = new Set<number>()
  for (const entry of entries) {
    if (reachable.has(entry)) continue
    reachable.add(entry)
    open.add(entry)
    const path = [{ block: entry, next: 0 }]
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const to = successors[top.block]?.[top.next++]
      if (to === undefined) {
        open.delete(top.block)
        path.pop()
      } else if (open.has(to)) back.add(`${top.block} ${to}`)
      else if (!reachable.has(to)) {
        reachable.add(to)
        open.add(to)
        path.push({ block: to, next: 0 })
      }
    }
  }
  return { reachable, back }
}
