import { constantOf } from '../fold.ts'
import { type Block, type FunctionGraph, reversePostorder, successors } from '../graph.ts'
import { dropEdge, retarget } from './edges.ts'

/**
 * Tidies the control-flow graph: removes unreachable blocks, lets jumps to empty blocks go straight to where these
 * lead, joins a block with its only predecessor, and merges returns of the same constant into one block.
 *
 * @returns whether anything changed
 */
export function tidyControlFlow(graph: FunctionGraph): boolean {
  let changed = removeUnreachable(graph)
  changed = mergeReturns(graph) || changed
  changed = threadEmptyBlocks(graph) || changed
  changed = joinChains(graph) || changed
  return changed
}

/** Removes blocks that control never comes to. @returns whether there were any */
export function removeUnreachable(graph: FunctionGraph): boolean {
  const reachable = new Set(reversePostorder(graph))
  if (reachable.size === graph.blocks.length) return false
  for (const block of graph.blocks) {
    if (reachable.has(block)) continue
    for (const target of successors(block)) dropEdge(block, target)
  }
  graph.blocks = graph.blocks.filter((block) => reachable.has(block))
  return true
}

function mergeReturns(graph: FunctionGraph): boolean {
  const byConstant = new Map<bigint, Block>()
  let changed = false
  for (const block of graph.blocks) {
    const end = block.terminator
    if (end.kind !== 'return' || block.phis.length > 0 || block === graph.entry) continue
    const value = constantOf(end.value)
    if (value === undefined || block.values.length > 0) continue
    const first = byConstant.get(value)
    if (first === undefined) {
      byConstant.set(value, block)
      continue
    }
    for (const predecessor of [...block.predecessors]) redirect(predecessor, block, first)
    changed = true
  }
  return removeUnreachable(graph) || changed
}

/** Blocks without values that only jump on. */
function threadEmptyBlocks(graph: FunctionGraph): boolean {
  let changed = false
  for (const block of graph.blocks) {
    const end = block.terminator
    if (block === graph.entry || end.kind !== 'jump' || end.target === block) continue
    if (block.phis.length > 0 || block.values.length > 0) continue
    for (const predecessor of [...block.predecessors]) {
      // Two edges from one block cannot carry different phi operands.
      if (end.target.phis.length > 0 && end.target.predecessors.includes(predecessor)) continue
      const index = end.target.predecessors.indexOf(block)
      const inputs = end.target.phis.map((phi) => phi.args[index])
      redirect(predecessor, block, end.target)
      end.target.phis.forEach((phi, i) => {
        const input = inputs[i]
        if (input !== undefined) phi.args.push(input)
      })
      changed = true
    }
  }
  return removeUnreachable(graph) || changed
}

/** Moves the edge `from` → `old` to `from` → `target`; the caller supplies the target's phi operands. */
export function redirect(from: Block, old: Block, target: Block): void {
  dropEdge(from, old)
  retarget(from, old, target)
  const next = from.terminator
  if (next.kind === 'branch' && next.whenTrue === next.whenFalse) {
    // Both ways lead to the same block now, which the other way is already a predecessor edge of.
    from.terminator = { kind: 'jump', target }
    return
  }
  target.predecessors.push(from)
}

function joinChains(graph: FunctionGraph): boolean {
  let changed = false
  for (const block of graph.blocks) {
    for (;;) {
      const end = block.terminator
      if (end.kind !== 'jump' || end.target === block || end.target === graph.entry) break
      const next = end.target
      if (next.predecessors.length !== 1 || next.phis.length > 0) break
      for (const value of next.values) value.block = block
      block.values.push(...next.values)
      block.terminator = next.terminator
      for (const target of successors(next))
        target.predecessors = target.predecessors.map((p) => (p === next ? block : p))
      next.values = []
      next.terminator = { kind: 'none' }
      next.predecessors = []
      changed = true
    }
  }
  if (changed) graph.blocks = [...new Set(reversePostorder(graph))]
  return changed
}
