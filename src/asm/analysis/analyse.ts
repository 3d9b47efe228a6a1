import { type ControlFlowGraph, controlFlowGraph } from './control-flow-graph.ts'
import type { AnalysisInput } from './input.ts'
import { type Liveness, liveness } from './liveness.ts'
import { type RegisterValues, registerValues } from './register-values.ts'
import { type StackMap, stackMap } from './stack-map.ts'

/** All that instructions say about a program. */
export interface Analysis extends ControlFlowGraph {
  readonly liveness: Liveness
  readonly values: RegisterValues['before']
  /** By function. */
  readonly stacks: readonly StackMap[]
}

/**
 * Analyses a program of any origin from its instructions: control flow, live registers, what they hold, and the stack.
 * Never throws for instructions that decode, however little sense they make.
 */
export function analyse(input: AnalysisInput): Analysis {
  const graph = controlFlowGraph(input)
  const values = registerValues(input, graph)
  return {
    ...graph,
    liveness: liveness(input, graph),
    values: values.before,
    stacks: graph.functions.map((_, number) =>
      stackMap(values.stack.filter((access) => access.function === number)),
    ),
  }
}
