import { constant } from '../floating.ts'
import { constantOf, fillBelow } from '../fold.ts'
import { type FunctionGraph, replaceUses, reversePostorder, type Value } from '../graph.ts'
import { Ranges } from '../ranges.ts'

/**
 * Uses the ranges of values: masks that mask nothing go, sign extensions of what has no sign become zero extensions,
 * zero extensions move in front of additions that cannot overflow (where they meet others, and addresses), divisions of
 * what is smaller are known.
 *
 * @returns whether anything changed
 */
export function narrow(graph: FunctionGraph): boolean {
  const ranges = new Ranges(graph)
  const replacements = new Map<Value, Value>()
  for (const block of reversePostorder(graph)) {
    block.values = block.values.flatMap((value) => {
      const added: Value[] = []
      const make: Make = (op, type, args) => {
        const made = { id: graph.nextValue++, op, type, args, block, source: value.source }
        added.push(made)
        return made
      }
      const better = rewrite(graph, ranges, value, make)
      if (better === undefined) return [value]
      replacements.set(value, better)
      return added
    })
  }
  replaceUses(graph, replacements)
  return replacements.size > 0
}

type Make = (op: Value['op'], type: Value['type'], args: Value[]) => Value

function rewrite(graph: FunctionGraph, ranges: Ranges, value: Value, make: Make): Value | undefined {
  const [first, second] = value.args
  if (first === undefined) return undefined
  if (value.op.kind === 'extend') return extension(graph, ranges, value, first, make)
  if (value.op.kind !== 'binary') return undefined
  const right = constantOf(second)
  const { high } = ranges.of(first)
  if (value.op.operator === 'and' && right !== undefined)
    // Every bit that the value can have is in the mask.
    return (fillBelow(high) & right) === fillBelow(high) ? first : undefined
  if (value.op.operator === 'div' && right !== undefined && high < right)
    return constant(graph, 0n, value.type)
  if (value.op.operator === 'mod' && right !== undefined && high < right) return first
  return undefined
}

function extension(
  graph: FunctionGraph,
  ranges: Ranges,
  value: Value,
  first: Value,
  make: Make,
): Value | undefined {
  if (value.op.kind !== 'extend') return undefined
  const { high } = ranges.of(first)
  if (value.op.signed)
    return high < 1n << 31n ? make({ kind: 'extend', signed: false }, 'i64', [first]) : undefined
  const [left, right] = first.args
  if (
    first.op.kind === 'truncate' &&
    left !== undefined &&
    left.type === 'i64' &&
    ranges.of(left).high < 1n << 32n
  )
    return left
  const step = constantOf(right)
  if (first.op.kind !== 'binary' || first.op.operator !== 'add' || left === undefined || step === undefined)
    return undefined
  if (ranges.of(left).high + step >= 1n << 32n) return undefined
  const extended = make({ kind: 'extend', signed: false }, 'i64', [left])
  return make({ kind: 'binary', operator: 'add' }, 'i64', [extended, constant(graph, step, 'i64')])
}
