import { dominators } from '../dominators.ts'
import { type Block, type FunctionGraph, type MemorySpace, replaceUses, type Value } from '../graph.ts'

/**
 * Removes a computation whose result a dominating block already has, including loads with no write to their memory
 * in between. Memory is followed through straight lines of blocks only: where two ways meet, it is taken as changed.
 *
 * @returns whether anything changed
 */
export function eliminateCommonSubexpressions(graph: FunctionGraph): boolean {
  const tree = dominators(graph)
  const replacements = new Map<Value, Value>()
  const resolve = (value: Value): Value => replacements.get(value) ?? value
  let epochs = 0

  type Epochs = Record<MemorySpace, number>
  const fresh = (): Epochs => {
    const epoch = ++epochs
    return { context: epoch, packet: epoch, frame: epoch, map: epoch, kernel: epoch }
  }

  const visit = (block: Block, outer: ReadonlyMap<string, Value>, inherited: Epochs | undefined): void => {
    const available = new Map(outer)
    const memory = inherited === undefined ? fresh() : { ...inherited }
    const kept: Value[] = []
    for (const value of block.values) {
      value.args = value.args.map(resolve)
      const key = keyOf(value, memory)
      const known = key === undefined ? undefined : available.get(key)
      if (known !== undefined) {
        replacements.set(value, known)
        continue
      }
      if (key !== undefined) available.set(key, value)
      for (const space of writtenSpaces(value)) memory[space] = ++epochs
      kept.push(value)
    }
    block.values = kept
    for (const child of tree.children(block)) {
      const straight = child.predecessors.length === 1 && child.predecessors[0] === block
      visit(child, available, straight ? memory : undefined)
    }
  }
  visit(graph.entry, new Map(), undefined)
  replaceUses(graph, replacements)
  return replacements.size > 0
}

function writtenSpaces(value: Value): readonly MemorySpace[] {
  if (value.op.kind === 'store' || value.op.kind === 'atomic') return [value.op.space]
  return value.op.kind === 'call' ? value.op.callee.writes : []
}

/** What two values must share to be the same; undefined for values that are never the same. */
function keyOf(value: Value, memory: Readonly<Record<MemorySpace, number>>): string | undefined {
  const { op } = value
  const args = value.args.map((arg) => (arg.op.kind === 'const' ? `#${arg.op.value}` : arg.id)).join(',')
  switch (op.kind) {
    case 'const':
      return undefined
    case 'frame':
      return `frame ${op.object.id}`
    case 'map':
      return `map ${op.name}`
    case 'binary':
      return `${op.operator} ${value.type} ${args}`
    case 'negate':
    case 'truncate':
      return `${op.kind} ${value.type} ${args}`
    case 'swap':
      return `swap${op.bits} ${value.type} ${args}`
    case 'extend':
      return `extend${op.signed} ${args}`
    case 'load': {
      const field = op.field === undefined ? '' : `${op.field.struct}.${op.field.path}`
      return `load${op.size} ${op.space}@${memory[op.space]} ${args}+${op.offset} ${field} ${value.type}`
    }
    default:
      return undefined
  }
}
