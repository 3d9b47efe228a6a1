import type { FrameObject, FunctionGraph, Operation, Type, Value } from './graph.ts'

/** What floats: constants, the addresses of stack objects, maps and functions, offsets of kernel structs' members. */
export type FloatingOperation = Extract<
  Operation,
  { readonly kind: 'const' | 'frame' | 'map' | 'function' | 'offset' }
>

/**
 * Whether a value belongs to no block: constants and addresses are the same wherever they are made, so the graph has
 * each of them once, in no block's list, and machine code makes them where they are used.
 */
export function isFloating(value: Value): boolean {
  return isFloatingOperation(value.op)
}

/** Whether values of this operation belong to no block. */
export function isFloatingOperation(op: Operation): op is FloatingOperation {
  const { kind } = op
  return kind === 'const' || kind === 'frame' || kind === 'map' || kind === 'function' || kind === 'offset'
}

/** The graph's one value for this constant or address. */
export function floating(graph: FunctionGraph, op: FloatingOperation, type: Type): Value {
  const key = keyOf(op, type)
  const known = graph.floating.get(key)
  if (known !== undefined) return known
  const value: Value = {
    id: graph.nextValue++,
    op,
    type,
    args: [],
    block: graph.entry,
    source: undefined,
  }
  graph.floating.set(key, value)
  return value
}

/** A constant of `type`; `value` is unsigned and fits. */
export function constant(graph: FunctionGraph, value: bigint, type: Type): Value {
  return floating(graph, { kind: 'const', value }, type)
}

/** The address of a stack object. */
export function frameAddress(graph: FunctionGraph, object: FrameObject): Value {
  return floating(graph, { kind: 'frame', object }, 'ptr')
}

function keyOf(op: FloatingOperation, type: Type): string {
  switch (op.kind) {
    case 'const':
      return `${type} ${op.value}`
    case 'frame':
      return `frame ${op.object.id}`
    case 'map':
    case 'function':
      return `${op.kind} ${op.name}`
    case 'offset':
      return `offset ${op.field.struct} ${op.field.path} ${op.size}`
  }
}
