import type { Block } from '../graph.ts'

/** Removes one edge from `from` to `to`, with the phi operands that came along it. */
export function dropEdge(from: Block, to: Block): void {
  const index = to.predecessors.indexOf(from)
  if (index < 0) return
  to.predecessors.splice(index, 1)
  for (const phi of to.phis) phi.args.splice(index, 1)
}
