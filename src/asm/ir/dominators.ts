import { type Block, type FunctionGraph, reversePostorder } from './graph.ts'

/** The dominator tree of a graph. */
export interface Dominators {
  /** The closest block on every way to `block`; undefined for the entry. */
  parent(block: Block): Block | undefined
  /** The blocks whose closest dominator `block` is. */
  children(block: Block): readonly Block[]
}

/** Computes dominators after Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001). */
export function dominators(graph: FunctionGraph): Dominators {
  const order = reversePostorder(graph)
  const index = new Map(order.map((block, i) => [block, i]))
  const closest: number[] = order.map((_, i) => (i === 0 ? 0 : -1))
  const intersect = (a: number, b: number): number => {
    while (a !== b) {
      while (a > b) a = closest[a] ?? 0
      while (b > a) b = closest[b] ?? 0
    }
    return a
  }
  for (let changed = true; changed; ) {
    changed = false
    for (let i = 1; i < order.length; i++) {
      let best = -1
      for (const predecessor of order[i]?.predecessors ?? []) {
        const p = index.get(predecessor)
        if (p === undefined || closest[p] === -1) continue
        best = best === -1 ? p : intersect(p, best)
      }
      if (best !== closest[i]) {
        closest[i] = best
        changed = true
      }
    }
  }
  const children = new Map<Block, Block[]>(order.map((block) => [block, []]))
  for (let i = 1; i < order.length; i++) {
    const block = order[i]
    const parent = order[closest[i] ?? 0]
    if (block !== undefined && parent !== undefined) children.get(parent)?.push(block)
  }
  return {
    parent: (block) => {
      const i = index.get(block)
      return i === undefined || i === 0 ? undefined : order[closest[i] ?? 0]
    },
    children: (block) => children.get(block) ?? [],
  }
}
