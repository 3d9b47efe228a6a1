import type { Block } from '../graph.ts'

/** Removes one edge from `from` to `to`, with the phi operands that came along it. */
export function dropEdge(from: Block, to: Block): void {
  const index = to.predecessors.indexOf(from)
  if (index < 0) return
  to.predecessors.splice(index, 1)
  for (const phi of to.phis) phi.args.splice(index, 1)
}

/** Lets the jumps of a block that go to `old` go to `target`; predecessors and phis are the caller's. */
export function retarget(block: Block, old: Block, target: Block): void {
  const end = block.terminator
  if (end.kind === 'jump' && end.target === old) block.terminator = { ...end, target }
  else if (end.kind === 'branch')
    block.terminator = {
      ...end,
      whenTrue: end.whenTrue === old ? target : end.whenTrue,
      whenFalse: end.whenFalse === old ? target : end.whenFalse,
    }
}
