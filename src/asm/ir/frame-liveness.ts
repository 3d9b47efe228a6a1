import { constantOf } from './fold.ts'
import {
  type Block,
  type FrameObject,
  type FunctionGraph,
  reversePostorder,
  successors,
  terminatorArgs,
  type Value,
} from './graph.ts'

/** A place in a stack object. */
export interface FramePlace {
  readonly object: FrameObject
  readonly offset: number
}

/** The place that a pointer is, if it is the address of a stack object plus constants. */
export function framePlace(pointer: Value | undefined): FramePlace | undefined {
  if (pointer?.op.kind === 'frame') return { object: pointer.op.object, offset: 0 }
  if (pointer?.op.kind !== 'binary' || pointer.op.operator !== 'add') return undefined
  const step = constantOf(pointer.args[1])
  const base = framePlace(pointer.args[0])
  if (step === undefined || base === undefined) return undefined
  return { object: base.object, offset: base.offset + Number(BigInt.asIntN(64, step)) }
}

/**
 * The stack objects whose every access can be seen: their addresses are loaded from, stored to and passed to calls, and
 * go nowhere else. A call uses what it is given while it runs and keeps nothing.
 */
export function visibleObjects(graph: FunctionGraph): Set<FrameObject> {
  const visible = new Set(graph.frameObjects)
  const hide = (value: Value | undefined): void => {
    const place = framePlace(value)
    if (place !== undefined) visible.delete(place.object)
  }
  for (const block of graph.blocks) {
    for (const phi of block.phis) phi.args.forEach(hide)
    for (const { op, args } of block.values) {
      if (op.kind === 'load' || op.kind === 'store' || op.kind === 'atomic') {
        args.slice(1).forEach(hide)
        if (op.space !== 'frame') hide(args[0])
      } else if (op.kind !== 'call') {
        const step = op.kind === 'binary' && op.operator === 'add' ? constantOf(args[1]) : undefined
        if (step === undefined) args.forEach(hide)
      }
    }
    terminatorArgs(block.terminator).forEach(hide)
  }
  return visible
}

/** What an operation does to stack objects; the masks have a bit for each byte of the object. */
export interface FrameEffect {
  readonly object: FrameObject
  readonly reads: bigint
  /** Bytes that are written for certain. */
  readonly writes: bigint
}

const none: readonly FrameEffect[] = []

/** The effects of one value on the objects of `visible`. */
export function frameEffects({ op, args }: Value, visible: ReadonlySet<FrameObject>): readonly FrameEffect[] {
  if (op.kind === 'call') {
    const effects: FrameEffect[] = []
    for (const arg of args) {
      const place = framePlace(arg)
      if (place !== undefined && visible.has(place.object))
        effects.push({ object: place.object, reads: bytes(0, place.object.size), writes: 0n })
    }
    return effects
  }
  if (op.kind !== 'load' && op.kind !== 'store' && op.kind !== 'atomic') return none
  const place = framePlace(args[0])
  if (place === undefined || !visible.has(place.object)) return none
  const touched = bytes(place.offset + op.offset, op.size)
  return [
    {
      object: place.object,
      reads: op.kind === 'store' ? 0n : touched,
      writes: op.kind === 'store' ? touched : 0n,
    },
  ]
}

/** A mask of `size` bytes from `offset` on. */
export function bytes(offset: number, size: number): bigint {
  return ((1n << BigInt(size)) - 1n) << BigInt(Math.max(0, offset))
}

/** For each object, its bytes that may still be read. */
export type LiveBytes = Map<FrameObject, bigint>

/** For every block, the bytes of stack objects that may be read after its end before anything writes them. */
export function liveFrameBytes(
  graph: FunctionGraph,
  visible: ReadonlySet<FrameObject>,
): ReadonlyMap<Block, LiveBytes> {
  const order = reversePostorder(graph).reverse()
  const summaries = new Map(order.map((block) => [block, summarise(block, visible)]))
  const atStart = new Map<Block, LiveBytes>()
  const atEnd = new Map<Block, LiveBytes>()
  for (let changed = true; changed; ) {
    changed = false
    for (const block of order) {
      const end: LiveBytes = new Map()
      for (const next of successors(block))
        for (const [object, live] of atStart.get(next) ?? []) end.set(object, (end.get(object) ?? 0n) | live)
      atEnd.set(block, end)
      const start = new Map(end)
      stepBack(start, summaries.get(block) ?? none)
      if (!sameBytes(atStart.get(block), start)) {
        atStart.set(block, start)
        changed = true
      }
    }
  }
  return atEnd
}

/** What a whole block does: it reads what it does not write before, and writes what it writes anywhere. */
function summarise(block: Block, visible: ReadonlySet<FrameObject>): readonly FrameEffect[] {
  const sums = new Map<FrameObject, FrameEffect>()
  for (const value of block.values)
    for (const { object, reads, writes } of frameEffects(value, visible)) {
      const before = sums.get(object) ?? { object, reads: 0n, writes: 0n }
      sums.set(object, {
        object,
        reads: before.reads | (reads & ~before.writes),
        writes: before.writes | writes,
      })
    }
  return [...sums.values()]
}

/** Goes from what is live behind an operation to what is live in front of it. */
export function stepBack(live: LiveBytes, effects: readonly FrameEffect[]): void {
  for (const { object, reads, writes } of effects)
    live.set(object, ((live.get(object) ?? 0n) & ~writes) | reads)
}

function sameBytes(before: LiveBytes | undefined, now: LiveBytes): boolean {
  if (before === undefined) return false
  for (const [object, live] of now) if ((before.get(object) ?? 0n) !== live) return false
  return true
}
