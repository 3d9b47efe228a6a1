import { dominators } from './dominators.ts'
import { isFloating } from './floating.ts'
import {
  type Block,
  type FunctionGraph,
  reversePostorder,
  successors,
  type Type,
  terminatorArgs,
  type Value,
  valuesOf,
} from './graph.ts'

/**
 * Checks what every pass relies on and must keep: each value is defined once and before its uses, blocks and their
 * predecessors agree, phis have an operand for each way in, operands have types that fit. For tests: nothing that an
 * author can write makes a graph that fails.
 *
 * @returns what is wrong, one sentence each; nothing for a sound graph
 */
export function verifyGraph(graph: FunctionGraph): string[] {
  return new Verifier(graph).run()
}

class Verifier {
  readonly #graph: FunctionGraph
  readonly #problems: string[] = []
  readonly #defined = new Map<Value, { readonly block: Block; readonly at: number }>()

  constructor(graph: FunctionGraph) {
    this.#graph = graph
  }

  run(): string[] {
    const reachable = reversePostorder(this.#graph)
    this.#check(this.#graph.blocks.includes(this.#graph.entry), 'the entry is not among the blocks')
    this.#check(this.#graph.entry.predecessors.length === 0, 'something goes back to the entry')
    this.#unique(
      this.#graph.blocks.map((block) => block.id),
      'blocks called b',
    )
    for (const block of reachable)
      this.#check(this.#graph.blocks.includes(block), `b${block.id} is reached but not among the blocks`)
    for (const block of this.#graph.blocks) this.#edges(block, new Set(reachable))
    for (const block of this.#graph.blocks) this.#definitions(block)
    const all = [...this.#defined.keys(), ...this.#graph.floating.values()]
    this.#unique(
      all.map((value) => value.id),
      'values called v',
    )
    this.#check(
      all.every((value) => value.id < this.#graph.nextValue),
      'nextValue is not above all values',
    )
    this.#check(
      this.#graph.blocks.every((b) => b.id < this.#graph.nextBlock),
      'nextBlock is not above all blocks',
    )
    if (this.#problems.length === 0) this.#uses(reachable)
    return this.#problems
  }

  #check(holds: boolean, problem: string): void {
    if (!holds) this.#problems.push(problem)
  }

  #unique(ids: readonly number[], what: string): void {
    const seen = new Set<number>()
    for (const id of ids) {
      this.#check(!seen.has(id), `two ${what}${id}`)
      seen.add(id)
    }
  }

  #edges(block: Block, reachable: ReadonlySet<Block>): void {
    const name = `b${block.id}`
    const end = block.terminator
    if (reachable.has(block)) this.#check(end.kind !== 'none', `${name} does not end`)
    for (const next of successors(block)) {
      const edges = next.predecessors.filter((p) => p === block).length
      this.#check(edges === 1, `${name} goes to b${next.id}, which has it ${edges} times as predecessor`)
    }
    for (const before of block.predecessors)
      this.#check(
        successors(before).includes(block),
        `b${before.id} is a predecessor of ${name} and does not go there`,
      )
    for (const phi of block.phis)
      this.#check(
        phi.op.kind === 'phi' && phi.args.length === block.predecessors.length,
        `v${phi.id} has ${phi.args.length} operands, ${name} ${block.predecessors.length} predecessors`,
      )
  }

  #definitions(block: Block): void {
    for (const [at, value] of valuesOf(block).entries()) {
      const name = `v${value.id}`
      this.#check(!isFloating(value), `${name} is a ${value.op.kind} and stands in b${block.id}`)
      this.#check(value.block === block, `${name} stands in b${block.id} and says b${value.block.id}`)
      this.#check(
        (value.op.kind === 'phi') === at < block.phis.length,
        `${name} is at the wrong place for a ${value.op.kind}`,
      )
      this.#check(!this.#defined.has(value), `${name} is defined twice`)
      this.#defined.set(value, { block, at })
      const problem = typeProblem(value)
      if (problem !== undefined) this.#problems.push(`${name}: ${problem}`)
    }
  }

  #uses(reachable: readonly Block[]): void {
    const tree = dominators(this.#graph)
    const dominates = (above: Block, below: Block): boolean => {
      for (let at: Block | undefined = below; at !== undefined; at = tree.parent(at))
        if (at === above) return true
      return false
    }
    const constants = new Set(this.#graph.floating.values())
    const reached = new Set(reachable)
    const available = (value: Value, block: Block, at: number, who: string): void => {
      if (isFloating(value)) {
        this.#check(constants.has(value), `${who} uses a ${value.op.kind} that is not the graph's`)
        return
      }
      const place = this.#defined.get(value)
      if (place === undefined) {
        this.#problems.push(`${who} uses v${value.id}, which is defined nowhere`)
        return
      }
      const before = place.block === block ? place.at < at : dominates(place.block, block)
      this.#check(before, `${who} uses v${value.id}, which is not defined on every way there`)
    }
    for (const block of reachable) {
      for (const phi of block.phis)
        phi.args.forEach((arg, i) => {
          const from = block.predecessors[i]
          if (from !== undefined && reached.has(from))
            available(arg, from, Number.POSITIVE_INFINITY, `v${phi.id}`)
        })
      block.values.forEach((value, i) => {
        for (const arg of value.args) available(arg, block, block.phis.length + i, `v${value.id}`)
      })
      for (const arg of terminatorArgs(block.terminator))
        available(arg, block, Number.POSITIVE_INFINITY, `the end of b${block.id}`)
      const end = block.terminator
      if (end.kind === 'branch' && wide(end.left.type) !== wide(end.right.type))
        this.#problems.push(`the end of b${block.id} compares ${end.left.type} with ${end.right.type}`)
    }
  }
}

const wide = (type: Type | undefined): boolean => type !== 'i32'

/** What is wrong with the types of a value and its operands. */
function typeProblem({ op, type, args }: Value): string | undefined {
  const types = args.map((arg) => arg.type)
  const [left, right] = types
  if (types.includes('none')) return 'an operand without a value'
  switch (op.kind) {
    case 'binary': {
      if (types.length !== 2 || type === 'none') return `${types.length} operands of ${op.operator}`
      const shift = op.operator === 'lsh' || op.operator === 'rsh' || op.operator === 'arsh'
      return wide(left) === wide(type) && (shift || wide(right) === wide(type))
        ? undefined
        : `${op.operator} ${type} of ${types.join(' and ')}`
    }
    case 'negate':
    case 'swap':
      return types.length === 1 && wide(left) === wide(type) ? undefined : `${op.kind} ${type} of ${left}`
    case 'truncate':
      return type === 'i32' && wide(left) ? undefined : `truncate of ${left} to ${type}`
    case 'extend':
      return type === 'i64' && left === 'i32' ? undefined : `extend of ${left} to ${type}`
    case 'phi':
      return types.every((t) => wide(t) === wide(type)) ? undefined : `phi ${type} of ${types.join(', ')}`
    case 'load':
      return type !== 'none' && left === 'ptr' ? undefined : `load ${type} from ${left}`
    case 'store':
      return type === 'none' && left === 'ptr' && types.length === 2 ? undefined : `store ${type} to ${left}`
    case 'atomic':
      return (type !== 'none') === op.fetch && left === 'ptr' ? undefined : `atomic ${type} on ${left}`
    default:
      return undefined
  }
}
