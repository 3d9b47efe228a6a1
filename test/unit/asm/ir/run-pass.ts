import { expect } from 'vitest'
import type { FunctionGraph } from '../../../../src/asm/ir/graph.ts'
import { type PassSelection, selectPasses } from '../../../../src/asm/ir/pipeline.ts'
import { parseGraph } from '../../../../src/asm/ir/text/parse.ts'
import { printGraph } from '../../../../src/asm/ir/text/print.ts'
import { verifyGraph } from '../../../../src/asm/ir/verify.ts'

/**
 * Runs passes, each once, over a graph given as the lines between its first and its last; the graph must be sound
 * before and after, and a pass must change it exactly if it says so. @returns the lines of the result, without those
 * of the header
 */
export function runPass(selection: PassSelection & readonly string[], text: string): string[] {
  return transform((graph) => {
    for (const pass of selectPasses(selection)) honest(graph, pass.run)
  }, text)
}

/** As {@link runPass}, with one pass that is run until it says that it changed nothing, as the compiler does. */
export function runPassUntilIdle(name: string, text: string): string[] {
  const [pass] = selectPasses([name])
  return transform((graph) => {
    for (let runs = 1; pass !== undefined && honest(graph, pass.run); runs++) expect(runs).toBeLessThan(10)
  }, text)
}

/** A pass does not change this graph, given as for {@link runPass}, and says so. */
export function expectUnchanged(name: string, text: string): void {
  expect(runPass([name], text)).toEqual(lines(text))
}

/** As {@link runPass}, for what is no pass of the pipeline. */
export function transform(run: (graph: FunctionGraph) => void, text: string): string[] {
  const graph = parseGraph(`function f\n${text}`)
  expect(verifyGraph(graph)).toEqual([])
  run(graph)
  expect(verifyGraph(graph)).toEqual([])
  return lines(printGraph(graph))
}

/** Runs a pass that must tell the truth about whether it changed anything. */
function honest(graph: FunctionGraph, run: (graph: FunctionGraph) => boolean): boolean {
  const before = printGraph(graph)
  const changed = run(graph)
  expect(printGraph(graph) !== before, 'whether the graph changed, and whether the pass said so').toBe(
    changed,
  )
  return changed
}

/** Lines of a graph without indentation, in which tests say what they expect. */
export function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(function|frame\d+|file\d+) /.test(line))
}
