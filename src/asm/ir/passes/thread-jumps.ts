import { bitsOf, compare } from '../arithmetic.ts'
import { dominators } from '../dominators.ts'
import { Facts, type Question } from '../facts.ts'
import { constant } from '../floating.ts'
import { constantOf, fold } from '../fold.ts'
import {
  type Block,
  createBlock,
  type FunctionGraph,
  hasEffect,
  type Operation,
  successors,
  type Type,
  type Value,
  valuesOf,
} from '../graph.ts'
import { Ranges } from '../ranges.ts'
import { repairUses } from '../ssa-repair.ts'
import { pureKey } from './common-subexpressions.ts'
import { removeUnreachable } from './control-flow.ts'
import { dropEdge, retarget } from './edges.ts'
import { walkWithFacts } from './known-branches.ts'

/** Values of a block that may be computed once more for the sake of a way around its branch. */
const maxCopies = 6

/**
 * Lets a way that comes into a block and whose branch there is decided go straight to where the branch leads: a branch
 * on a phi of constants, a bounds check that one of the ways to it has made already, the first test of a loop.
 *
 * @returns whether anything changed
 */
export function threadJumps(graph: FunctionGraph): boolean {
  let changed = removeUnreachable(graph)
  // Each way says what every run of the program does, so one that was taken makes no other untrue; but the blocks that
  // it is about may be gone.
  for (const way of findWays(graph)) {
    if (!way.through.predecessors.includes(way.from) || !successors(way.through).includes(way.to)) continue
    take(graph, way)
    changed = true
  }
  return changed
}

/** A way around the branch of `through` for those who come from `from`. */
interface Way {
  readonly from: Block
  readonly through: Block
  readonly to: Block
}

function findWays(graph: FunctionGraph): Way[] {
  const facts = new Facts(new Ranges(graph))
  const tree = dominators(graph)
  const dominates = (above: Block, below: Block): boolean => {
    for (let at: Block | undefined = below; at !== undefined; at = tree.parent(at))
      if (at === above) return true
    return false
  }
  const computed = new Map<string, Value[]>()
  for (const block of graph.blocks)
    for (const value of block.values) {
      const key = pureKey(value.op, value.type, value.args)
      if (key !== undefined) computed.set(key, [...(computed.get(key) ?? []), value])
    }
  const ways: Way[] = []
  walkWithFacts(graph, facts, (from) => {
    for (const through of successors(from)) {
      if (through.predecessors.length < 2 || !isCheap(through)) continue
      // The way back of a loop stays: taking it apart would unroll the loop turn by turn.
      if (dominates(through, from)) continue
      const isLoop = through.predecessors.some((other) => dominates(through, other))
      const mark = facts.mark()
      facts.learnEdge(from.terminator, through)
      // What is computed already is what the facts are about.
      const find: Find = (op, type, args) =>
        computed.get(pureKey(op, type, args) ?? '')?.find((value) => dominates(value.block, from))
      const to = outcome(graph, facts, from, through, find)
      facts.forget(mark)
      if (to === undefined || to === through) continue
      // Of a loop only the test that can leave it; else its first turn would be taken apart test by test.
      if (isLoop && !successors(through).some((next) => next !== to && !reaches(next, through))) continue
      ways.push({ from, through, to })
    }
  })
  return ways
}

/** Whether control can come from one block to another. */
function reaches(from: Block, to: Block): boolean {
  const seen = new Set<Block>()
  const work = [from]
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    if (block === to) return true
    if (seen.has(block)) continue
    seen.add(block)
    work.push(...successors(block))
  }
  return false
}

function isCheap(block: Block): boolean {
  return (
    block.terminator.kind === 'branch' &&
    block.terminator.whenTrue !== block.terminator.whenFalse &&
    block.values.length <= maxCopies &&
    block.values.every((value) => !hasEffect(value) && value.op.kind !== 'call' && value.op.kind !== 'load')
  )
}

/** Where those who come from `from` leave `through`, if that is known. */
function outcome(
  graph: FunctionGraph,
  facts: Facts,
  from: Block,
  through: Block,
  find: Find,
): Block | undefined {
  const end = through.terminator
  if (end.kind !== 'branch') return undefined
  // Nothing of this is put into the graph: numbers that no value of the graph has.
  let id = 0
  const { now } = translate(graph, from, through, () => --id, find)
  const question: Question = { ...end, left: now(end.left), right: now(end.right) }
  const [l, r] = [constantOf(question.left), constantOf(question.right)]
  const answer =
    l !== undefined && r !== undefined
      ? compare(end.comparison, bitsOf(question.left.type), l, r)
      : facts.answer(question)
  if (answer === undefined) return undefined
  return answer ? end.whenTrue : end.whenFalse
}

/** A value of the graph that computes this. */
type Find = (op: Operation, type: Type, args: readonly Value[]) => Value | undefined

/** What the values of a block are for those who come along one way; `copies` are to be computed there. */
interface Translation {
  readonly now: (value: Value) => Value
  readonly copies: readonly Value[]
}

function translate(
  graph: FunctionGraph,
  from: Block,
  through: Block,
  nextId: () => number,
  find: Find = () => undefined,
): Translation {
  const index = through.predecessors.indexOf(from)
  const known = new Map<Value, Value>()
  const now = (value: Value): Value => known.get(value) ?? value
  const copies: Value[] = []
  for (const phi of through.phis) {
    const input = phi.args[index]
    if (input !== undefined) known.set(phi, input)
  }
  for (const value of through.values) {
    const args = value.args.map(now)
    const folded = fold(value.op, value.type, args)
    const found = folded === undefined ? find(value.op, value.type, args) : undefined
    if (folded?.kind === 'value') known.set(value, folded.value)
    else if (folded?.kind === 'const') known.set(value, constant(graph, folded.value, value.type))
    else if (found !== undefined) known.set(value, found)
    else {
      const copy = { ...value, id: nextId(), args }
      known.set(value, copy)
      copies.push(copy)
    }
  }
  return { now, copies }
}

function take(graph: FunctionGraph, { from, through, to }: Way): void {
  const { now, copies } = translate(graph, from, through, () => graph.nextValue++)
  const around = createBlock(graph)
  for (const copy of copies) copy.block = around
  around.values = [...copies]
  around.terminator = { kind: 'jump', target: to }
  const inputs = to.phis.map((phi) => phi.args[to.predecessors.indexOf(through)])
  to.predecessors.push(around)
  to.phis.forEach((phi, i) => {
    const input = inputs[i]
    if (input !== undefined) phi.args.push(now(input))
  })
  dropEdge(from, through)
  retarget(from, through, around)
  around.predecessors.push(from)
  const results = valuesOf(through)
  for (const value of results)
    repairUses(
      graph,
      value,
      new Map([
        [through, value],
        [around, now(value)],
      ]),
    )
  if (through.predecessors.length === 0) removeUnreachable(graph)
}
