import { dominators } from '../dominators.ts'
import { isFloating } from '../floating.ts'
import type { Block, FunctionGraph, MemorySpace, Value } from '../graph.ts'
import { dominates, findLoops, type Loop } from '../loops.ts'

/**
 * Moves computations whose operands a loop does not change in front of it, loads too, where nothing in the loop writes
 * to their memory and every turn makes them.
 *
 * @returns whether anything changed
 */
export function hoist(graph: FunctionGraph): boolean {
  const tree = dominators(graph)
  let changed = false
  for (const loop of findLoops(graph, tree)) {
    const before = entryOf(loop)
    if (before === undefined) continue
    const written = writtenSpaces(loop)
    const outside = (value: Value): boolean => isFloating(value) || !loop.blocks.has(value.block)
    // What not every turn does would be done for nothing.
    for (const block of loop.blocks) {
      const everyTurn = loop.head.predecessors.every(
        (from) => !loop.blocks.has(from) || dominates(tree, block, from),
      )
      if (!everyTurn) continue
      block.values = block.values.filter((value) => {
        if (!canMove(value, written, block === loop.head) || !value.args.every(outside)) return true
        value.block = before
        before.values.push(value)
        changed = true
        return false
      })
    }
  }
  return changed
}

/** The one block from which a loop is entered, if it goes nowhere else. */
function entryOf(loop: Loop): Block | undefined {
  const [only, ...others] = loop.head.predecessors.filter((from) => !loop.blocks.has(from))
  return only !== undefined && others.length === 0 && only.terminator.kind === 'jump' ? only : undefined
}

function writtenSpaces(loop: Loop): ReadonlySet<MemorySpace> {
  const written = new Set<MemorySpace>()
  for (const block of loop.blocks)
    for (const { op } of block.values) {
      if (op.kind === 'store' || op.kind === 'atomic') written.add(op.space)
      if (op.kind === 'call') for (const space of op.callee.writes) written.add(space)
    }
  return written
}

/** `atHead`: whether it is done first thing in every turn, so that doing it before is no less allowed. */
function canMove({ op, type }: Value, written: ReadonlySet<MemorySpace>, atHead: boolean): boolean {
  switch (op.kind) {
    case 'binary':
      // Pointers that are made of checked ones stay where the check is.
      return type !== 'ptr'
    case 'negate':
    case 'swap':
    case 'truncate':
    case 'extend':
      return true
    case 'load':
      return atHead && op.field === undefined && !written.has(op.space)
    default:
      return false
  }
}
