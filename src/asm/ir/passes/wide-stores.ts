import { constant } from '../floating.ts'
import { constantOf } from '../fold.ts'
import { framePlace } from '../frame-liveness.ts'
import type { FunctionGraph, Value } from '../graph.ts'

/**
 * Writes neighbouring constants on the stack at once: the zeroes of a key's unused words, a byte and its padding.
 *
 * @returns whether anything changed
 */
export function widenStores(graph: FunctionGraph): boolean {
  let changed = false
  for (const block of graph.blocks) {
    /** Constant stores behind which nothing has looked at the stack yet. */
    let open: Store[] = []
    for (const value of [...block.values]) {
      const store = storeOf(value)
      if (store === undefined) {
        if (touchesFrame(value)) open = []
        continue
      }
      if (open.some((other) => overlap(other, store))) open = []
      let last = store
      for (let pair = pairOf(open, last); pair !== undefined; pair = pairOf(open, last)) {
        const wide = join(graph, pair, last)
        const gone = pair.value
        block.values = block.values.flatMap((v) => (v === gone ? [] : v === last.value ? [wide.value] : [v]))
        open = open.filter((other) => other !== pair)
        last = wide
        changed = true
      }
      open.push(last)
    }
  }
  return changed
}

/** A store of a constant to a stack object. */
interface Store {
  readonly value: Value
  readonly pointer: Value
  /** From `pointer`. */
  readonly offset: number
  /** From the start of the object, which is aligned to `align`. */
  readonly place: number
  readonly align: number
  readonly size: 1 | 2 | 4 | 8
  readonly constant: bigint
}

function storeOf(value: Value): Store | undefined {
  const { op } = value
  const [pointer, stored] = value.args
  const known = constantOf(stored)
  if (op.kind !== 'store' || op.space !== 'frame' || pointer === undefined || known === undefined)
    return undefined
  const object = framePlace(pointer)
  if (object === undefined) return undefined
  return {
    value,
    pointer,
    offset: op.offset,
    place: object.offset + op.offset,
    align: object.object.align,
    size: op.size,
    constant: BigInt.asUintN(op.size * 8, known),
  }
}

function touchesFrame({ op }: Value): boolean {
  if (op.kind === 'load' || op.kind === 'store' || op.kind === 'atomic') return op.space === 'frame'
  return op.kind === 'call'
}

function overlap(a: Store, b: Store): boolean {
  return a.pointer !== b.pointer || (a.offset < b.offset + b.size && b.offset < a.offset + a.size)
}

/** A store that together with this one is one aligned store of a constant that an instruction can hold. */
function pairOf(open: readonly Store[], store: Store): Store | undefined {
  return open.find((other) => {
    if (other.size !== store.size || store.size === 8 || Math.abs(other.offset - store.offset) !== store.size)
      return false
    const low = Math.min(other.place, store.place)
    if (low % (2 * store.size) !== 0 || store.align < 2 * store.size) return false
    if (store.size < 4) return true
    const whole = BigInt.asIntN(64, combined(other, store))
    return whole >= -(2n ** 31n) && whole < 2n ** 31n
  })
}

function combined(a: Store, b: Store): bigint {
  const [low, high] = a.offset < b.offset ? [a, b] : [b, a]
  return low.constant | (high.constant << BigInt(low.size * 8))
}

/** The wide store, in the place of the second one. */
function join(graph: FunctionGraph, first: Store, second: Store): Store {
  const size = second.size === 1 ? 2 : second.size === 2 ? 4 : 8
  const low = first.offset < second.offset ? first : second
  const whole = combined(first, second)
  const { op } = second.value
  if (op.kind !== 'store') throw new Error('not a store')
  const value: Value = {
    ...second.value,
    id: graph.nextValue++,
    op: { ...op, size, offset: low.offset },
    args: [second.pointer, constant(graph, whole, size === 8 ? 'i64' : 'i32')],
  }
  return { ...low, value, size, constant: whole }
}
