import { constantOf } from '../fold.ts'
import {
  type Block,
  type FunctionGraph,
  type Operation,
  successors,
  terminatorArgs,
  type Value,
} from '../graph.ts'
import { redirect, removeUnreachable } from './control-flow.ts'

/** A piece of code with a constant of its own must be this long to be worth a place where the constant is chosen. */
const minimumWithConstant = 4

/**
 * Makes one of pieces of code that do the same: blocks with equal contents that go on in the same way, together with
 * what follows them alone. Pieces that differ in one constant are merged, too, with a phi for the constant.
 *
 * @returns whether anything changed
 */
export function mergeBlocks(graph: FunctionGraph): boolean {
  const alike = new Map<string, Block[]>()
  for (const block of graph.blocks) {
    if (block.phis.length > 0 || block === graph.entry) continue
    const shape = shapeOf(block)
    alike.set(shape, [...(alike.get(shape) ?? []), block])
  }
  let changed = false
  const gone = new Set<Block>()
  for (const blocks of alike.values()) {
    for (const block of blocks) {
      if (gone.has(block)) continue
      for (const group of groupsLike(
        block,
        blocks.filter((other) => other !== block && !gone.has(other)),
      )) {
        merge(graph, block, group)
        for (const { block: other, region } of group) for (const part of [other, ...region]) gone.add(part)
        changed = true
        // The block has a phi now, or more predecessors; what else there is to merge is seen in the next round.
        break
      }
    }
  }
  return removeUnreachable(graph) || changed
}

/** Where in a piece of code a constant stands: of which value, which operand. */
interface Difference {
  readonly place: string
  readonly user: Value
  readonly index: number
  readonly constant: Value
}

interface Twin {
  readonly block: Block
  /** The blocks behind it that go with it. */
  readonly region: readonly Block[]
  readonly difference: Difference | undefined
}

/** The blocks that do the same as `block`, those that differ in the same place together; the largest group first. */
function groupsLike(block: Block, others: readonly Block[]): Twin[][] {
  const groups = new Map<string, Twin[]>()
  for (const other of others) {
    const comparison = new Comparison()
    if (!comparison.blocks(block, other)) continue
    const { difference, length, region } = comparison
    if (difference !== undefined && length < minimumWithConstant) continue
    if (region.includes(block) || region.includes(other)) continue
    const place = difference?.place ?? ''
    groups.set(place, [...(groups.get(place) ?? []), { block: other, region, difference }])
  }
  // Equal ones first: they cost nothing.
  return [...groups].sort(([a], [b]) => a.length - b.length).map(([, twins]) => twins)
}

/** Compares two pieces of code, with the values that one computes standing for those of the other. */
class Comparison {
  difference: Difference | undefined
  /** Values in the piece. */
  length = 0
  /** The second piece's blocks behind the first of them. */
  readonly region: Block[] = []
  readonly #twin = new Map<Value, Value>()
  readonly #seen = new Set<Block>()

  blocks(a: Block, b: Block): boolean {
    if (a.values.length !== b.values.length || this.#seen.has(a)) return false
    this.#seen.add(a)
    for (const [i, x] of a.values.entries()) {
      const y = b.values[i]
      if (y === undefined || !this.#values(x, y)) return false
      this.#twin.set(y, x)
      this.length++
    }
    return this.#ends(a, b)
  }

  #values(x: Value, y: Value): boolean {
    if (x.type !== y.type || x.args.length !== y.args.length || !sameOperation(x.op, y.op)) return false
    return x.args.every((arg, i) => {
      const other = y.args[i]
      return other !== undefined && (this.#same(arg, other) || this.#differ(x, i, arg, other))
    })
  }

  #same(x: Value, y: Value): boolean {
    return (this.#twin.get(y) ?? y) === x
  }

  /** Two constants may be different once; not where the instruction or the verifier needs a constant. */
  #differ(user: Value, index: number, x: Value, y: Value): boolean {
    const { kind } = user.op
    const allowed = kind === 'store' ? index === 1 : kind === 'binary'
    if (!allowed || user.type === 'ptr' || x.type === 'ptr' || x.type !== y.type) return false
    if (constantOf(x) === undefined || constantOf(y) === undefined || this.difference !== undefined)
      return false
    this.difference = { place: `${this.length} ${index}`, user, index, constant: y }
    return true
  }

  #ends(a: Block, b: Block): boolean {
    const [x, y] = [a.terminator, b.terminator]
    if (x.kind !== y.kind || x.kind === 'none') return false
    if (x.kind === 'branch' && y.kind === 'branch' && x.comparison !== y.comparison) return false
    const others = terminatorArgs(y)
    if (!terminatorArgs(x).every((arg, i) => others[i] !== undefined && this.#same(arg, others[i])))
      return false
    const [to, otherTo] = [targets(a), targets(b)]
    return to.every((next, i) => otherTo[i] !== undefined && this.#targets(a, next, b, otherTo[i]))
  }

  #targets(a: Block, x: Block, b: Block, y: Block): boolean {
    if (x === y) {
      const [i, j] = [x.predecessors.indexOf(a), x.predecessors.indexOf(b)]
      return x.phis.every((phi) => {
        const [arg, other] = [phi.args[i], phi.args[j]]
        return arg !== undefined && other !== undefined && this.#same(arg, other)
      })
    }
    // Code of its own behind each: it must be alike as well.
    const own = (block: Block): boolean => block.predecessors.length === 1 && block.phis.length === 0
    if (!own(x) || !own(y)) return false
    this.region.push(y)
    return this.blocks(x, y)
  }
}

function targets(block: Block): Block[] {
  const end = block.terminator
  if (end.kind === 'branch') return [end.whenTrue, end.whenFalse]
  return successors(block)
}

function merge(graph: FunctionGraph, block: Block, twins: readonly Twin[]): void {
  const difference = twins[0]?.difference
  const own = difference?.user.args[difference.index]
  const inputs = new Map<Block, Value>()
  if (own !== undefined) for (const before of block.predecessors) inputs.set(before, own)
  for (const twin of twins)
    for (const before of [...twin.block.predecessors]) {
      // A branch whose two ways lead here has no room to say which constant it comes with.
      if (own !== undefined && block.predecessors.includes(before)) continue
      redirect(before, twin.block, block)
      if (twin.difference !== undefined) inputs.set(before, twin.difference.constant)
    }
  if (difference === undefined || own === undefined) return
  const phi: Value = {
    id: graph.nextValue++,
    op: { kind: 'phi' },
    type: own.type,
    args: block.predecessors.map((before) => inputs.get(before) ?? own),
    block,
    source: difference.user.source,
  }
  block.phis.push(phi)
  difference.user.args = difference.user.args.map((arg, i) => (i === difference.index ? phi : arg))
}

/** A text that equal blocks share. */
function shapeOf(block: Block): string {
  const values = block.values.map(({ op, type }) => `${op.kind}${type}`)
  return [...values, block.terminator.kind].join(' ')
}

function sameOperation(a: Operation, b: Operation): boolean {
  if (a === b) return true
  if (a.kind !== b.kind) return false
  if (a.kind === 'call' && b.kind === 'call')
    return (
      a.callee === b.callee ||
      (a.callee.kind === b.callee.kind &&
        a.callee.name === b.callee.name &&
        a.callee.number === b.callee.number &&
        a.callee.writes.join() === b.callee.writes.join())
    )
  const [x, y] = [a, b] as unknown as Readonly<Record<string, unknown>>[]
  if (x === undefined || y === undefined) return false
  return [...new Set([...Object.keys(x), ...Object.keys(y)])].every((key) =>
    key === 'field' ? JSON.stringify(x[key]) === JSON.stringify(y[key]) : x[key] === y[key],
  )
}
