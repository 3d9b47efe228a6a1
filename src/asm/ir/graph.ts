import type { SourcePosition } from '../diagnostics/source-position.ts'

/**
 * The intermediate representation: a control-flow graph of blocks over values in SSA form.
 *
 * Invariant of types: an `i32` sits zero-extended in its 64-bit register, whatever its sign; narrower integers are
 * `i32`s that the front end keeps in range. The result of a call is the one exception: its upper half is unknown
 * until an `extend` clears it.
 */
export type Type = (typeof types)[number]
export const types = ['i32', 'i64', 'ptr', 'none'] as const

/** Two-operand arithmetic, by RFC 9669's names. */
export type BinaryOperator = (typeof binaryOperators)[number]
export const binaryOperators = [
  'add',
  'sub',
  'mul',
  'div',
  'mod',
  'sdiv',
  'smod',
  'and',
  'or',
  'xor',
  'lsh',
  'rsh',
  'arsh',
] as const

/** Comparisons of a branch, by RFC 9669's names; `s` is signed. */
export type Comparison = (typeof comparisons)[number]
export const comparisons = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sgt', 'sge', 'slt', 'sle', 'set'] as const

/** Memory that cannot overlap with another kind: what an optimisation may assume of two accesses. */
export type MemorySpace = (typeof memorySpaces)[number]
export const memorySpaces = ['context', 'packet', 'frame', 'map', 'kernel'] as const

/** A member of a kernel struct, whose offset is known only when loading. */
export interface KernelField {
  readonly struct: string
  readonly path: string
}

/** Memory on the stack, placed by the frame layout. */
export interface FrameObject {
  readonly id: number
  /** For listings and the stack table. */
  readonly name: string
  readonly size: number
  readonly align: number
  /** Where the author declared it. */
  readonly source?: SourcePosition
  /** Made by the register allocator: nothing but its own loads and stores touches it. */
  readonly spill?: boolean
}

/** What a call calls, and what it does to the memory that the caller can see. */
export interface Callee {
  /** `function`: another function of this program. */
  readonly kind: 'helper' | 'kfunc' | 'function'
  readonly name: string
  /** Helper number; 0 for kfuncs, which the loader resolves by name, and for functions. */
  readonly number: number
  /** Spaces whose contents, or pointers to which, are no longer what they were after the call. */
  readonly writes: readonly MemorySpace[]
  /** No effect but its result; two calls are still two calls (`bpf_ktime_get_ns`), but an unused one can go. */
  readonly removable: boolean
}

/** What a value computes, apart from its arguments. */
export type Operation =
  | { readonly kind: 'const'; readonly value: bigint }
  | { readonly kind: 'param'; readonly index: number }
  | { readonly kind: 'frame'; readonly object: FrameObject }
  | { readonly kind: 'map'; readonly name: string }
  /** Where a kernel struct has a member of `size` bytes: a number that is known only when loading. */
  | { readonly kind: 'offset'; readonly field: KernelField; readonly size: number }
  /** The address of global data: of the only value of the array map of this name. */
  | { readonly kind: 'global'; readonly name: string }
  /** The address of a function of this program, for helpers that call back. */
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'binary'; readonly operator: BinaryOperator }
  | { readonly kind: 'negate' }
  | { readonly kind: 'swap'; readonly bits: 16 | 32 | 64 }
  | { readonly kind: 'truncate' }
  | { readonly kind: 'extend'; readonly signed: boolean }
  | {
      readonly kind: 'load'
      readonly size: 1 | 2 | 4 | 8
      readonly offset: number
      readonly space: MemorySpace
      readonly field?: KernelField
    }
  | {
      readonly kind: 'store'
      readonly size: 1 | 2 | 4 | 8
      readonly offset: number
      readonly space: MemorySpace
      readonly field?: KernelField
    }
  | {
      readonly kind: 'atomic'
      readonly operator: 'add' | 'and' | 'or' | 'xor'
      readonly fetch: boolean
      readonly size: 4 | 8
      readonly offset: number
      readonly space: MemorySpace
    }
  | { readonly kind: 'call'; readonly callee: Callee }
  | { readonly kind: 'phi' }

/** One value (or effect) of the graph. */
export interface Value {
  readonly id: number
  readonly op: Operation
  readonly type: Type
  /** Operands; of a phi, one for each of the block's predecessors, in their order. */
  args: Value[]
  block: Block
  readonly source: SourcePosition | undefined
}

/** How a block ends. */
export type Terminator =
  | { readonly kind: 'jump'; readonly target: Block }
  | {
      readonly kind: 'branch'
      readonly comparison: Comparison
      readonly left: Value
      readonly right: Value
      readonly whenTrue: Block
      readonly whenFalse: Block
      readonly source: SourcePosition | undefined
    }
  | { readonly kind: 'return'; readonly value: Value; readonly source: SourcePosition | undefined }
  /** Not written yet, or a place control never reaches. */
  | { readonly kind: 'none' }

/** A straight run of values with one way in and one terminator. */
export interface Block {
  readonly id: number
  phis: Value[]
  values: Value[]
  terminator: Terminator
  predecessors: Block[]
}

/** One function being compiled. */
export interface FunctionGraph {
  readonly name: string
  readonly entry: Block
  blocks: Block[]
  readonly frameObjects: FrameObject[]
  /** Constants and addresses, each once: see `floating.ts`. */
  readonly floating: Map<string, Value>
  nextValue: number
  nextBlock: number
}

/** A graph of one empty block, which is its entry. */
export function createGraph(name: string, entryId = 0): FunctionGraph {
  const entry = emptyBlock(entryId)
  return {
    name,
    entry,
    blocks: [entry],
    frameObjects: [],
    floating: new Map(),
    nextValue: 0,
    nextBlock: entryId + 1,
  }
}

/** Appends an empty block to the graph. */
export function createBlock(graph: FunctionGraph, id = graph.nextBlock): Block {
  const block = emptyBlock(id)
  graph.blocks.push(block)
  graph.nextBlock = Math.max(graph.nextBlock, id + 1)
  return block
}

function emptyBlock(id: number): Block {
  return { id, phis: [], values: [], terminator: { kind: 'none' }, predecessors: [] }
}

/** Everything that is computed in a block, phis first. */
export function valuesOf(block: Block): Value[] {
  return [...block.phis, ...block.values]
}

/** The blocks control can go to from `block`. */
export function successors(block: Block): Block[] {
  const end = block.terminator
  if (end.kind === 'jump') return [end.target]
  if (end.kind === 'branch')
    return end.whenTrue === end.whenFalse ? [end.whenTrue] : [end.whenTrue, end.whenFalse]
  return []
}

/** Blocks reachable from the entry, each after its predecessors where the graph has no loop between them. */
export function reversePostorder(graph: FunctionGraph): Block[] {
  const seen = new Set<Block>([graph.entry])
  const order: Block[] = []
  // An explicit stack: long chains of early returns would overflow JavaScript's.
  const stack: { block: Block; next: Block[] }[] = [{ block: graph.entry, next: successors(graph.entry) }]
  for (;;) {
    const top = stack[stack.length - 1]
    if (top === undefined) break
    // Last successor first, so that the first one (the `then` side) comes first in the reversed order.
    const target = top.next.pop()
    if (target === undefined) {
      order.push(top.block)
      stack.pop()
    } else if (!seen.has(target)) {
      seen.add(target)
      stack.push({ block: target, next: successors(target) })
    }
  }
  return order.reverse()
}

/** Operands of a terminator. */
export function terminatorArgs(end: Terminator): Value[] {
  if (end.kind === 'branch') return [end.left, end.right]
  return end.kind === 'return' ? [end.value] : []
}

/** The terminator with its operands passed through `map`. */
export function mapTerminatorArgs(end: Terminator, map: (value: Value) => Value): Terminator {
  if (end.kind === 'branch') return { ...end, left: map(end.left), right: map(end.right) }
  if (end.kind === 'return') return { ...end, value: map(end.value) }
  return end
}

/** Whether a value must be kept although nobody uses its result. */
export function hasEffect(value: Value): boolean {
  const { op } = value
  return op.kind === 'store' || op.kind === 'atomic' || (op.kind === 'call' && !op.callee.removable)
}

/** Rewrites every use in the graph according to `replacements` (followed transitively). */
export function replaceUses(graph: FunctionGraph, replacements: ReadonlyMap<Value, Value>): void {
  if (replacements.size === 0) return
  const resolve = (value: Value): Value => {
    let current = value
    for (let next = replacements.get(current); next !== undefined; next = replacements.get(current))
      current = next
    return current
  }
  for (const block of graph.blocks) {
    for (const phi of block.phis) phi.args = phi.args.map(resolve)
    for (const value of block.values) value.args = value.args.map(resolve)
    block.terminator = mapTerminatorArgs(block.terminator, resolve)
  }
}
