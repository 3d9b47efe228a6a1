import { dominators } from '../dominators.ts'
import { Facts } from '../facts.ts'
import type { Block, FunctionGraph } from '../graph.ts'
import { Ranges } from '../ranges.ts'
import { dropEdge } from './edges.ts'

/**
 * Removes branches whose outcome the branches on the way there have decided: the same question, one about a range that
 * is narrower, a bounds check of less than what is known to be there.
 *
 * @returns whether anything changed
 */
export function removeKnownBranches(graph: FunctionGraph): boolean {
  const facts = new Facts(new Ranges(graph))
  const known: { readonly block: Block; readonly taken: Block; readonly other: Block }[] = []
  walkWithFacts(graph, facts, (block) => {
    const end = block.terminator
    if (end.kind !== 'branch' || end.whenTrue === end.whenFalse) return
    const answer = facts.answer(end)
    if (answer === undefined) return
    const [taken, other] = answer ? [end.whenTrue, end.whenFalse] : [end.whenFalse, end.whenTrue]
    known.push({ block, taken, other })
  })
  for (const { block, taken, other } of known) {
    dropEdge(block, other)
    block.terminator = { kind: 'jump', target: taken }
  }
  return known.length > 0
}

/** Visits every block with what is known at its end, dominators first. */
export function walkWithFacts(graph: FunctionGraph, facts: Facts, visit: (block: Block) => void): void {
  const tree = dominators(graph)
  // An explicit stack: long chains of checks would overflow JavaScript's.
  const work: ({ readonly enter: Block } | { readonly forget: number })[] = [{ enter: graph.entry }]
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if ('forget' in next) {
      facts.forget(next.forget)
      continue
    }
    const block = next.enter
    work.push({ forget: facts.mark() })
    const [only, ...others] = block.predecessors
    if (only !== undefined && others.length === 0) facts.learnEdge(only.terminator, block)
    visit(block)
    for (const child of tree.children(block)) work.push({ enter: child })
  }
}
