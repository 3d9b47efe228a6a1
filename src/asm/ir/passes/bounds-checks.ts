import { sumOf } from '../facts.ts'
import { constant } from '../floating.ts'
import { type Block, type FunctionGraph, hasEffect, type Terminator, type Value } from '../graph.ts'

type Branch = Extract<Terminator, { readonly kind: 'branch' }>

/**
 * Lets the first of several bounds checks of a packet check for all of them: `data + 14 <= end`, then
 * `data + 34 <= end`, both with the same way out and nothing in between that could be noticed, becomes one check of 34.
 * Other tests may stand between them if they have the same way out: whichever fails, the outcome is the same. The later
 * checks are then known to hold, and go with the next pass that looks for that.
 *
 * @returns whether anything changed
 */
export function mergeBoundsChecks(graph: FunctionGraph): boolean {
  let changed = false
  for (const block of graph.blocks) {
    const first = checkOf(block)
    if (first === undefined) continue
    let most = first.offset
    for (let at = onward(block, first.fail); at !== undefined; ) {
      if (at.values.some((value) => hasEffect(value) || value.op.kind === 'call')) break
      const check = checkOf(at)
      if (
        check?.base === first.base &&
        check.end === first.end &&
        check.fail === first.fail &&
        check.offset > most
      )
        most = check.offset
      at = onward(at, first.fail)
    }
    if (most === first.offset) continue
    enlarge(graph, block, first, most)
    changed = true
  }
  return changed
}

/** `base + offset <= end`, or to `fail`. */
interface Check {
  readonly base: Value
  readonly offset: bigint
  readonly end: Value
  readonly fail: Block
}

function checkOf(block: Block): Check | undefined {
  const branch = block.terminator
  if (branch.kind !== 'branch' || branch.left.type !== 'ptr' || branch.right.type !== 'ptr') return undefined
  if (branch.comparison !== 'le' && branch.comparison !== 'gt') return undefined
  const { base, offset } = sumOf(branch.left)
  if (base === branch.left || offset <= 0n) return undefined
  const fail = branch.comparison === 'le' ? branch.whenFalse : branch.whenTrue
  return { base, offset, end: branch.right, fail }
}

/**
 * Where control goes from a block if it does not leave for `fail`: a block that only it leads to, with nothing else
 * than this or `fail` to go to. The way to `fail` must bring the same there as from the other blocks.
 */
function onward(block: Block, fail: Block): Block | undefined {
  const end = block.terminator
  const next = end.kind === 'jump' ? end.target : end.kind === 'branch' ? otherWay(end, fail) : undefined
  if (next === undefined || next.predecessors.length !== 1 || fail.phis.length > 0) return undefined
  return next
}

function otherWay(end: Branch, fail: Block): Block | undefined {
  if (end.whenTrue === fail) return end.whenFalse
  return end.whenFalse === fail ? end.whenTrue : undefined
}

function enlarge(graph: FunctionGraph, block: Block, check: Check, offset: bigint): void {
  const branch = block.terminator
  if (branch.kind !== 'branch') return
  const left: Value = {
    id: graph.nextValue++,
    op: { kind: 'binary', operator: 'add' },
    type: 'ptr',
    args: [check.base, constant(graph, offset, 'i64')],
    block,
    source: branch.source,
  }
  block.values.push(left)
  block.terminator = { ...branch, left }
}
