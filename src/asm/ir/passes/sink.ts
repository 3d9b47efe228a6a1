import { dominators } from '../dominators.ts'
import { type Block, type FunctionGraph, terminatorArgs, type Value } from '../graph.ts'
import { loopDepths } from '../loops.ts'

/**
 * Moves a computation down to where its result is needed, past the branches whose other ways do not need it.
 *
 * @returns whether anything changed
 */
export function sink(graph: FunctionGraph): boolean {
  const tree = dominators(graph)
  const depth = loopDepths(graph, tree)
  const usedIn = findUses(graph)
  const level = new Map<Block, number>()
  const levelOf = (block: Block): number => {
    const known = level.get(block)
    if (known !== undefined) return known
    let steps = 0
    for (let at = tree.parent(block); at !== undefined; at = tree.parent(at)) steps++
    level.set(block, steps)
    return steps
  }
  const common = (a: Block, b: Block): Block => {
    let [x, y] = [a, b]
    while (x !== y) {
      if (levelOf(x) < levelOf(y)) y = tree.parent(y) ?? x
      else x = tree.parent(x) ?? y
    }
    return x
  }
  let changed = false
  // Users first: what they need can follow them.
  for (const block of [...graph.blocks].reverse()) {
    for (const value of [...block.values].reverse()) {
      if (!isMovable(value)) continue
      const places = usedIn.get(value)
      if (places === undefined || places.size === 0) continue
      let target = [...places].reduce(common)
      // Not into a loop, where it would be computed every turn.
      while (target !== block && (depth.get(target) ?? 0) > (depth.get(block) ?? 0))
        target = tree.parent(target) ?? block
      if (target === block) continue
      if (value.op.kind === 'load' && !staysTheSame(value, block, target)) continue
      block.values.splice(block.values.indexOf(value), 1)
      target.values.unshift(value)
      value.block = target
      for (const arg of value.args) usedIn.get(arg)?.add(target)
      for (const arg of value.args) if (!isUsedIn(arg, block)) usedIn.get(arg)?.delete(block)
      changed = true
    }
  }
  return changed
}

function isMovable({ op }: Value): boolean {
  switch (op.kind) {
    case 'binary':
    case 'negate':
    case 'swap':
    case 'truncate':
    case 'extend':
    case 'load':
      return true
    default:
      return false
  }
}

/** Whether the memory that a load reads is the same at the start of `target`, which a straight way leads to. */
function staysTheSame(load: Value, block: Block, target: Block): boolean {
  if (load.op.kind !== 'load') return false
  const { space } = load.op
  const untouched = (values: readonly Value[]): boolean =>
    values.every(({ op }) => {
      if (op.kind === 'store' || op.kind === 'atomic') return op.space !== space
      return op.kind !== 'call' || !op.callee.writes.includes(space)
    })
  for (let at = target; at !== block; ) {
    const [only, ...others] = at.predecessors
    if (only === undefined || others.length > 0) return false
    if (!untouched(only === block ? block.values.slice(block.values.indexOf(load) + 1) : only.values))
      return false
    at = only
  }
  return true
}

/** For each value, the blocks that need it; a phi needs its operands at the end of the blocks before. */
function findUses(graph: FunctionGraph): Map<Value, Set<Block>> {
  const uses = new Map<Value, Set<Block>>()
  const use = (value: Value, block: Block): void => {
    const known = uses.get(value)
    if (known === undefined) uses.set(value, new Set([block]))
    else known.add(block)
  }
  for (const block of graph.blocks) {
    for (const phi of block.phis)
      phi.args.forEach((arg, i) => {
        const from = block.predecessors[i]
        if (from !== undefined) use(arg, from)
      })
    for (const value of block.values) for (const arg of value.args) use(arg, block)
    for (const arg of terminatorArgs(block.terminator)) use(arg, block)
  }
  return uses
}

function isUsedIn(value: Value, block: Block): boolean {
  return (
    block.values.some((user) => user.args.includes(value)) ||
    terminatorArgs(block.terminator).includes(value) ||
    targetsOf(block).some((next) =>
      next.phis.some((phi) => phi.args[next.predecessors.indexOf(block)] === value),
    )
  )
}

function targetsOf(block: Block): Block[] {
  const end = block.terminator
  if (end.kind === 'jump') return [end.target]
  return end.kind === 'branch' ? [end.whenTrue, end.whenFalse] : []
}
