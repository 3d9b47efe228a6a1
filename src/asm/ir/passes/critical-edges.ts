import { createBlock, type FunctionGraph, successors } from '../graph.ts'

/**
 * Gives every edge from a block with several ways out to a block with phis a block of its own, so that the copies
 * which replace the phis have a place where they affect nothing else.
 */
export function splitCriticalEdges(graph: FunctionGraph): void {
  for (const block of [...graph.blocks]) {
    const end = block.terminator
    if (end.kind !== 'branch') continue
    for (const target of successors(block)) {
      if (target.phis.length === 0) continue
      const middle = createBlock(graph)
      middle.terminator = { kind: 'jump', target }
      middle.predecessors.push(block)
      target.predecessors[target.predecessors.indexOf(block)] = middle
      const current = block.terminator
      if (current.kind !== 'branch') continue
      block.terminator = {
        ...current,
        whenTrue: current.whenTrue === target ? middle : current.whenTrue,
        whenFalse: current.whenFalse === target ? middle : current.whenFalse,
      }
    }
  }
}
