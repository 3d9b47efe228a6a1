import { expect } from 'vitest'
import { type PassSelection, selectPasses } from '../../../../src/asm/ir/pipeline.ts'
import { parseGraph } from '../../../../src/asm/ir/text/parse.ts'
import { printGraph } from '../../../../src/asm/ir/text/print.ts'
import { verifyGraph } from '../../../../src/asm/ir/verify.ts'

/**
 * Runs passes, each once, over a graph given as the lines between its first and its last; the graph must be sound
 * before and after. @returns the lines of the result, without those of the header
 */
export function runPass(selection: PassSelection & readonly string[], text: string): string[] {
  const graph = parseGraph(`function f\n${text}`)
  expect(verifyGraph(graph)).toEqual([])
  for (const pass of selectPasses(selection)) pass.run(graph)
  expect(verifyGraph(graph)).toEqual([])
  return lines(printGraph(graph))
}

/** Lines of a graph without indentation, in which tests say what they expect. */
export function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(function|frame\d+|file\d+) /.test(line))
}
