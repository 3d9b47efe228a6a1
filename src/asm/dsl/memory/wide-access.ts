import type { MemorySpace, Value } from '../../ir/graph.ts'
import type { Emitter } from '../core/emitter.ts'
import { type Halves, Wide } from '../core/wide.ts'

/** As much of a reference's location as it takes to read and write there. */
export interface Place {
  readonly emitter: Emitter
  readonly pointer: Value
  readonly space: MemorySpace
  readonly alignment?: number
}

/** Reads 128 bits. */
export function loadWide(at: Place, offset: number): Wide {
  return new Wide(at.emitter, [loadHalf(at, offset), loadHalf(at, offset + 8)])
}

/** Writes 128 bits. */
export function storeWide(at: Place, offset: number, halves: Halves): void {
  halves.forEach((half, i) => {
    storeHalf(at, offset + i * 8, half)
  })
}

function loadHalf(at: Place, offset: number): Value {
  if (isWhole(at, offset)) return load(at, 8, offset)
  const { emitter } = at
  const [first, second] = [load(at, 4, offset), load(at, 4, offset + 4)].map((word) =>
    emitter.emit({ kind: 'extend', signed: false }, 'i64', [word]),
  ) as [Value, Value]
  const shifted = emitter.emit({ kind: 'binary', operator: 'lsh' }, 'i64', [
    second,
    emitter.constant(32n, 'i64'),
  ])
  return emitter.emit({ kind: 'binary', operator: 'or' }, 'i64', [shifted, first])
}

function storeHalf(at: Place, offset: number, half: Value): void {
  if (isWhole(at, offset)) {
    store(at, 8, offset, half)
    return
  }
  const { emitter } = at
  const second = emitter.emit({ kind: 'binary', operator: 'rsh' }, 'i64', [
    half,
    emitter.constant(32n, 'i64'),
  ])
  for (const [i, word] of [half, second].entries())
    store(at, 4, offset + i * 4, emitter.emit({ kind: 'truncate' }, 'i32', [word]))
}

/** The verifier insists on alignment on the stack alone; elsewhere it depends on the machine, and ours can do without. */
function isWhole(at: Place, offset: number): boolean {
  return at.space !== 'frame' || (offset % 8 === 0 && (at.alignment ?? 8) === 8)
}

function load(at: Place, size: 4 | 8, offset: number): Value {
  const type = size === 8 ? 'i64' : 'i32'
  return at.emitter.emit({ kind: 'load', size, offset, space: at.space }, type, [at.pointer])
}

function store(at: Place, size: 4 | 8, offset: number, value: Value): void {
  at.emitter.emit({ kind: 'store', size, offset, space: at.space }, 'none', [at.pointer, value])
}
