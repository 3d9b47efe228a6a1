import type {
  BinaryOperator,
  Block,
  Callee,
  FunctionGraph,
  MemorySpace,
  Type,
  Value,
} from '../../../../src/asm/ir/graph.ts'
import { SsaBuilder } from '../../../../src/asm/ir/ssa-builder.ts'

/** Writes small graphs. What `SsaBuilder.emit` would fold at once it is given as arguments of unknown value. */
export class GraphBuilder {
  readonly ssa = new SsaBuilder('small')

  get graph(): FunctionGraph {
    return this.ssa.graph
  }

  constant(value: bigint | number, type: Type = 'i32'): Value {
    return this.ssa.constant(BigInt(value), type)
  }

  /** A value nobody knows: the result of a call. */
  unknown(type: Type = 'i32', name = 'unknown'): Value {
    return this.ssa.emit({ kind: 'call', callee: callee(name, []) }, type)
  }

  binary(operator: BinaryOperator, left: Value, right: Value | number): Value {
    const operand =
      typeof right === 'number' ? this.constant(right, left.type === 'ptr' ? 'i64' : left.type) : right
    return this.ssa.emit({ kind: 'binary', operator }, left.type, [left, operand])
  }

  load(pointer: Value, space: MemorySpace, offset = 0, size: 1 | 2 | 4 | 8 = 4): Value {
    return this.ssa.emit({ kind: 'load', size, offset, space }, size === 8 ? 'i64' : 'i32', [pointer])
  }

  store(pointer: Value, space: MemorySpace, value: Value, offset = 0): void {
    this.ssa.emit({ kind: 'store', size: 4, offset, space }, 'none', [pointer, value])
  }

  /** A call that writes to these spaces. */
  call(name: string, writes: readonly MemorySpace[], ...args: Value[]): Value {
    return this.ssa.emit({ kind: 'call', callee: callee(name, writes) }, 'i32', args)
  }

  return(value: Value | number): void {
    this.ssa.return(typeof value === 'number' ? this.constant(value) : value)
  }

  /** Sealed blocks to go to; call {@link at} to write in one. */
  blocks(count: number): Block[] {
    return Array.from({ length: count }, () => this.ssa.createBlock())
  }

  /** Goes on in a block whose ways in are all written. */
  at(block: Block | undefined): void {
    if (block === undefined) throw new Error('no such block')
    this.ssa.seal(block)
    this.ssa.enter(block)
  }

  /** An `if` with both ways, and what comes behind it. */
  branch(condition: Value, yes: () => void, no: () => void): void {
    const [whenTrue, whenFalse, after] = [
      this.ssa.createBlock(),
      this.ssa.createBlock(),
      this.ssa.createBlock(),
    ]
    this.ssa.branch('ne', condition, this.constant(0, condition.type), whenTrue, whenFalse)
    for (const [block, body] of [
      [whenTrue, yes],
      [whenFalse, no],
    ] as const) {
      this.at(block)
      body()
      if (this.ssa.current !== undefined) this.ssa.jump(after)
    }
    this.ssa.seal(after)
    if (after.predecessors.length > 0) this.ssa.enter(after)
  }
}

function callee(name: string, writes: readonly MemorySpace[]): Callee {
  return { kind: 'helper', name, number: 7, writes, removable: false }
}
