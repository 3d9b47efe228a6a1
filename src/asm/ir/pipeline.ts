import { TsbpfError } from '../diagnostics/error.ts'
import type { FunctionGraph } from './graph.ts'
import { mergeBoundsChecks } from './passes/bounds-checks.ts'
import { eliminateCommonSubexpressions } from './passes/common-subexpressions.ts'
import { tidyControlFlow } from './passes/control-flow.ts'
import { removeDeadCode } from './passes/dead-code.ts'
import { removeDeadStores } from './passes/dead-stores.ts'
import { useDemandedBits } from './passes/demanded-bits.ts'
import { hoist } from './passes/hoist.ts'
import { removeKnownBranches } from './passes/known-branches.ts'
import { mergeBlocks } from './passes/merge-blocks.ts'
import { narrow } from './passes/narrow.ts'
import { shareFrame } from './passes/share-frame.ts'
import { simplify } from './passes/simplify.ts'
import { sink } from './passes/sink.ts'
import { threadJumps } from './passes/thread-jumps.ts'
import { widenStores } from './passes/wide-stores.ts'
import { widenTests } from './passes/wide-tests.ts'

/** A transformation of the graph that keeps its meaning. */
export interface Pass {
  readonly name: string
  /** What it does, in half a line. */
  readonly summary: string
  /** Runs only when the others have nothing left to do: what it makes of the code would be in their way. */
  readonly late?: boolean
  /** @returns whether the graph changed */
  readonly run: (graph: FunctionGraph) => boolean
}

/** The passes, in the order in which they run. */
export const passes: readonly Pass[] = [
  { name: 'simplify', summary: 'constant folding and cheaper forms', run: simplify },
  { name: 'narrow', summary: 'masks, extensions and divisions that ranges make needless', run: narrow },
  {
    name: 'cse',
    summary: 'computations and loads that were made before',
    run: eliminateCommonSubexpressions,
  },
  { name: 'bounds', summary: 'bounds checks that a larger one before can stand for', run: mergeBoundsChecks },
  { name: 'branches', summary: 'branches that earlier ones have decided', run: removeKnownBranches },
  { name: 'thread', summary: 'ways around branches that they decide', run: threadJumps },
  { name: 'demand', summary: 'what changes only bits that nobody looks at', run: useDemandedBits },
  { name: 'tests', summary: 'comparisons of neighbouring bytes', run: widenTests },
  { name: 'hoist', summary: 'computations that a loop does not change', run: hoist },
  { name: 'stores', summary: 'stores to the stack that nothing reads', run: removeDeadStores, late: true },
  { name: 'sink', summary: 'computations that not every way needs', run: sink, late: true },
  { name: 'wide', summary: 'neighbouring constants on the stack', run: widenStores, late: true },
  { name: 'frame', summary: 'stack objects that can be one', run: shareFrame, late: true },
  { name: 'merge', summary: 'pieces of code that do the same', run: mergeBlocks, late: true },
  { name: 'cfg', summary: 'unreachable, empty and chained blocks', run: tidyControlFlow },
  { name: 'dce', summary: 'values that nobody needs', run: removeDeadCode },
]

/** Which passes to run: every one, none, or these (by name), in this order. */
export type PassSelection = 'all' | 'none' | readonly string[]

/**
 * Reads a selection as a command line gives it: `all`, `none`, or names with commas between them.
 *
 * @throws {UnknownPassError}
 */
export function parsePasses(text: string): PassSelection {
  const word = text.trim()
  if (word === 'all' || word === 'none') return word
  const names = word.split(',').map((name) => name.trim())
  selectPasses(names)
  return names
}

/** @throws {UnknownPassError} for a name that no pass has */
export function selectPasses(selection: PassSelection = 'all'): readonly Pass[] {
  if (selection === 'all') return passes
  if (selection === 'none') return []
  return selection.map((name) => {
    const pass = passes.find((p) => p.name === name)
    if (pass === undefined) throw new UnknownPassError(name)
    return pass
  })
}

/** Somebody asked for a pass that does not exist. */
export class UnknownPassError extends TsbpfError {
  constructor(name: string) {
    super('UNKNOWN_PASS', `there is no pass "${name}"`, {
      hint: `Choose all, none, or some of ${passes.map((pass) => pass.name).join(', ')}, with commas between them.`,
    })
  }
}

/** Rounds after which optimising stops even if something could still change; two or three are usual. */
const maxRounds = 8

/**
 * Runs the passes over and over until none of them changes anything.
 *
 * @param changed called after each pass that changed the graph
 */
export function optimise(
  graph: FunctionGraph,
  selected: readonly Pass[] = passes,
  changed: (pass: Pass) => void = () => {},
): void {
  let version = 0
  // A pass that found nothing to do finds nothing again until another has changed something.
  const idle = new Map<Pass, number>()
  const run = (some: readonly Pass[]): void => {
    for (let round = 0; round < maxRounds; round++) {
      const before = version
      for (const pass of some) {
        if (idle.get(pass) === version) continue
        if (pass.run(graph)) {
          version++
          changed(pass)
        } else idle.set(pass, version)
      }
      if (version === before) return
    }
  }
  run(selected.filter((pass) => pass.late !== true))
  if (selected.some((pass) => pass.late === true)) run(selected)
}
