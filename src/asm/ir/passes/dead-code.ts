import { type FunctionGraph, hasEffect, terminatorArgs, type Value } from '../graph.ts'

/** Removes values that neither have an effect nor reach one. @returns whether anything changed */
export function removeDeadCode(graph: FunctionGraph): boolean {
  const live = new Set<Value>()
  const work: Value[] = []
  const need = (value: Value): void => {
    if (live.has(value)) return
    live.add(value)
    work.push(value)
  }
  for (const block of graph.blocks) {
    for (const value of block.values) if (hasEffect(value)) need(value)
    terminatorArgs(block.terminator).forEach(need)
  }
  for (let value = work.pop(); value !== undefined; value = work.pop()) value.args.forEach(need)
  let changed = false
  for (const block of graph.blocks) {
    const phis = block.phis.filter((value) => live.has(value))
    const values = block.values.filter((value) => live.has(value))
    changed ||= phis.length !== block.phis.length || values.length !== block.values.length
    block.phis = phis
    block.values = values
  }
  return changed
}
