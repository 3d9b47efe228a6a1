import type { FunctionGraph } from './graph.ts'
import { eliminateCommonSubexpressions } from './passes/common-subexpressions.ts'
import { tidyControlFlow } from './passes/control-flow.ts'
import { removeDeadCode } from './passes/dead-code.ts'
import { simplify } from './passes/simplify.ts'

/** A transformation of the graph that keeps its meaning. */
export interface Pass {
  readonly name: string
  /** @returns whether the graph changed */
  readonly run: (graph: FunctionGraph) => boolean
}

/** The passes, in the order in which they run. */
export const passes: readonly Pass[] = [
  { name: 'simplify', run: simplify },
  { name: 'cse', run: eliminateCommonSubexpressions },
  { name: 'cfg', run: tidyControlFlow },
  { name: 'dce', run: removeDeadCode },
]

/** Rounds after which optimising stops even if something could still change; two are usual. */
const maxRounds = 8

/** Runs the passes over and over until none of them changes anything. */
export function optimise(graph: FunctionGraph, selected: readonly Pass[] = passes): void {
  for (let round = 0; round < maxRounds; round++) {
    let changed = false
    for (const pass of selected) changed = pass.run(graph) || changed
    if (!changed) return
  }
}
