import { constant } from '../floating.ts'
import { constantOf } from '../fold.ts'
import { framePlace } from '../frame-liveness.ts'
import { type Block, type FunctionGraph, type Terminator, terminatorArgs, type Value } from '../graph.ts'
import { dropEdge } from './edges.ts'

/**
 * Compares neighbouring bytes with constants at once: `p[0] == 'G' && p[1] == 'E'` becomes one comparison of 16 bits,
 * two of those one of 32. Where the second is read in a block of its own without another check before it, the verifier
 * knows before the first that it may be.
 *
 * @returns whether anything changed
 */
export function widenTests(graph: FunctionGraph): boolean {
  const uses = countUses(graph)
  let changed = false
  for (const block of graph.blocks) {
    const first = testOf(block, uses)
    const second = first === undefined ? undefined : testOf(first.match, uses)
    if (first === undefined || second === undefined || !areNeighbours(block, first, second)) continue
    join(graph, block, first, second)
    changed = true
  }
  return changed
}

/** A block's end that compares what it has loaded with a constant. */
interface Test {
  readonly load: Value
  readonly size: 1 | 2
  readonly offset: number
  readonly constant: bigint
  readonly match: Block
  readonly fail: Block
}

function testOf(block: Block, uses: ReadonlyMap<Value, number>): Test | undefined {
  const end = block.terminator
  if (end.kind !== 'branch' || (end.comparison !== 'eq' && end.comparison !== 'ne')) return undefined
  const load = end.left
  const known = constantOf(end.right)
  if (known === undefined || load.op.kind !== 'load' || load.block !== block || uses.get(load) !== 1)
    return undefined
  const { size, offset, space, field } = load.op
  if ((size !== 1 && size !== 2) || field !== undefined || known >= 1n << BigInt(size * 8)) return undefined
  // The kernel rewrites accesses to the context; members of kernel structs are found one by one.
  if (space === 'context' || space === 'kernel') return undefined
  const [match, fail] =
    end.comparison === 'eq' ? [end.whenTrue, end.whenFalse] : [end.whenFalse, end.whenTrue]
  return match === fail ? undefined : { load, size, offset, constant: known, match, fail }
}

function areNeighbours(block: Block, first: Test, second: Test): boolean {
  const { match } = first
  const [pointer, other] = [first.load.args[0], second.load.args[0]]
  const { op } = first.load
  if (match === block || match.predecessors.length !== 1 || match.phis.length > 0) return false
  if (match.values.length !== 1 || first.fail !== second.fail || first.size !== second.size) return false
  if (pointer === undefined || pointer !== other || op.kind !== 'load' || second.load.op.kind !== 'load')
    return false
  if (op.space !== second.load.op.space || Math.abs(first.offset - second.offset) !== first.size) return false
  // The stack must be read at multiples of the size, other memory need not on the machines that BPF loads are used on.
  const place = framePlace(pointer)
  const low = Math.min(first.offset, second.offset)
  if (op.space === 'frame' && (place === undefined || (place.offset + low) % (2 * first.size) !== 0))
    return false
  const after = block.values.slice(block.values.indexOf(first.load) + 1)
  if (
    after.some((value) => value.op.kind === 'store' || value.op.kind === 'atomic' || value.op.kind === 'call')
  )
    return false
  const [i, j] = [first.fail.predecessors.indexOf(block), first.fail.predecessors.indexOf(match)]
  return first.fail.phis.every((phi) => phi.args[i] === phi.args[j])
}

function join(graph: FunctionGraph, block: Block, first: Test, second: Test): void {
  const [low, high] = first.offset < second.offset ? [first, second] : [second, first]
  const size = first.size === 1 ? 2 : 4
  if (first.load.op.kind !== 'load') return
  const load: Value = {
    ...first.load,
    id: graph.nextValue++,
    op: { ...first.load.op, size, offset: low.offset },
  }
  block.values = block.values.map((value) => (value === first.load ? load : value))
  const end = block.terminator
  if (end.kind !== 'branch') return
  const whole = low.constant | (high.constant << BigInt(first.size * 8))
  block.terminator = { ...end, left: load, right: constant(graph, whole, 'i32') }
  // What the second block was, the first one is now; the second goes on to where its match led.
  const match = first.match
  dropEdge(match, second.fail)
  match.values = []
  const onward: Terminator = { kind: 'jump', target: second.match }
  match.terminator = onward
}

function countUses(graph: FunctionGraph): ReadonlyMap<Value, number> {
  const counts = new Map<Value, number>()
  for (const block of graph.blocks)
    for (const arg of [
      ...block.phis.flatMap((phi) => phi.args),
      ...block.values.flatMap((value) => value.args),
      ...terminatorArgs(block.terminator),
    ])
      counts.set(arg, (counts.get(arg) ?? 0) + 1)
  return counts
}
