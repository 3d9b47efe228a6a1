import { dominators } from '../dominators.ts'
import {
  type Block,
  type FunctionGraph,
  type MemorySpace,
  memorySpaces,
  type Operation,
  replaceUses,
  reversePostorder,
  type Type,
  type Value,
} from '../graph.ts'

type Epochs = Record<MemorySpace, number>

/**
 * Removes a computation whose result a dominating block already has, including loads with no write to their memory
 * in between. Every write to a space of memory starts a new *epoch* of it; where ways meet that bring different
 * epochs, or where a loop comes back, a new one starts too.
 *
 * @returns whether anything changed
 */
export function eliminateCommonSubexpressions(graph: FunctionGraph): boolean {
  const tree = dominators(graph)
  const replacements = new Map<Value, Value>()
  const available = new Map<Block, Map<string, Value>>()
  const epochsAtEnd = new Map<Block, Epochs>()
  let epochs = 0

  const findKnown = (block: Block, key: string): Value | undefined => {
    for (let at: Block | undefined = block; at !== undefined; at = tree.parent(at)) {
      const known = available.get(at)?.get(key)
      if (known !== undefined) return known
    }
    return undefined
  }
  const epochsAtStart = (block: Block): Epochs => {
    const incoming = block.predecessors.map((predecessor) => epochsAtEnd.get(predecessor))
    const start = {} as Epochs
    for (const space of memorySpaces) {
      const first = incoming[0]?.[space]
      const agreed = first !== undefined && incoming.every((other) => other?.[space] === first)
      start[space] = agreed ? first : ++epochs
    }
    return start
  }

  for (const block of reversePostorder(graph)) {
    const memory = epochsAtStart(block)
    const own = new Map<string, Value>()
    available.set(block, own)
    block.values = block.values.filter((value) => {
      value.args = value.args.map((arg) => replacements.get(arg) ?? arg)
      const key = keyOf(value, memory)
      const known = key === undefined ? undefined : findKnown(block, key)
      if (known !== undefined) {
        replacements.set(value, known)
        return false
      }
      if (key !== undefined) own.set(key, value)
      for (const space of writtenSpaces(value)) memory[space] = ++epochs
      return true
    })
    epochsAtEnd.set(block, memory)
  }
  replaceUses(graph, replacements)
  return replacements.size > 0
}

function writtenSpaces(value: Value): readonly MemorySpace[] {
  if (value.op.kind === 'store' || value.op.kind === 'atomic') return [value.op.space]
  return value.op.kind === 'call' ? value.op.callee.writes : []
}

/** What two values must share to be the same; undefined for values that are never the same. */
function keyOf(value: Value, memory: Readonly<Epochs>): string | undefined {
  const { op } = value
  if (op.kind !== 'load') return pureKey(op, value.type, value.args)
  const field = op.field === undefined ? '' : `${op.field.struct}.${op.field.path}`
  return `load${op.size} ${op.space}@${memory[op.space]} ${idsOf(value.args)}+${op.offset} ${field} ${value.type}`
}

/** What two computations that depend on nothing but their operands must share to be the same. */
export function pureKey(op: Operation, type: Type, args: readonly Value[]): string | undefined {
  switch (op.kind) {
    case 'binary':
      return `${op.operator} ${type} ${idsOf(args)}`
    case 'negate':
    case 'truncate':
      return `${op.kind} ${type} ${idsOf(args)}`
    case 'global':
      return `global ${op.name}`
    case 'swap':
      return `swap${op.bits} ${type} ${idsOf(args)}`
    case 'extend':
      return `extend${op.signed} ${idsOf(args)}`
    default:
      return undefined
  }
}

function idsOf(args: readonly Value[]): string {
  return args.map((arg) => arg.id).join(',')
}
