import type { Dominators } from './dominators.ts'
import { type Block, type FunctionGraph, reversePostorder } from './graph.ts'

/** A loop: its head, which dominates the rest, and all its blocks. */
export interface Loop {
  readonly head: Block
  readonly blocks: ReadonlySet<Block>
}

/** The natural loops of a graph, one for each head. */
export function findLoops(graph: FunctionGraph, tree: Dominators): Loop[] {
  const loops: Loop[] = []
  for (const head of reversePostorder(graph)) {
    const back = head.predecessors.filter((from) => dominates(tree, head, from))
    if (back.length === 0) continue
    const blocks = new Set<Block>([head])
    for (const work = [...back]; work.length > 0; ) {
      const block = work.pop()
      if (block === undefined || blocks.has(block)) continue
      blocks.add(block)
      work.push(...block.predecessors)
    }
    loops.push({ head, blocks })
  }
  return loops
}

/** How many loops each block is in. */
export function loopDepths(graph: FunctionGraph, tree: Dominators): ReadonlyMap<Block, number> {
  const depths = new Map<Block, number>()
  for (const { blocks } of findLoops(graph, tree))
    for (const block of blocks) depths.set(block, (depths.get(block) ?? 0) + 1)
  return depths
}

/** Whether every way to `below` leads through `above`. */
export function dominates(tree: Dominators, above: Block, below: Block): boolean {
  for (let at: Block | undefined = below; at !== undefined; at = tree.parent(at))
    if (at === above) return true
  return false
}
