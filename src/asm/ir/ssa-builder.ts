import type { SourcePosition } from '../diagnostics/source-position.ts'
import { constant, floating, isFloating, isFloatingOperation } from './floating.ts'
import { fold } from './fold.ts'
import {
  type Block,
  type Comparison,
  createBlock,
  createGraph,
  type FrameObject,
  type FunctionGraph,
  type Operation,
  type Type,
  type Value,
} from './graph.ts'

/** A mutable local of the source program; the builder turns its reads into SSA values. */
export interface Variable {
  readonly name: string
  readonly type: Exclude<Type, 'none'>
}

/**
 * What a function sees of the one it is written in. A loop's body that is compiled to a function of its own uses
 * values and variables of the function around it.
 */
export interface Outside {
  /** A value of another function, in this one. */
  value(value: Value): Value
  /** The value of another function's variable. */
  read(variable: Variable): Value
  /** Assigns another function's variable. */
  write(variable: Variable, value: Value): void
  /**
   * Whether the other function's stack is reached by pointers that are values like others: then this function's own
   * stack and what lies outside of it are one kind of memory.
   */
  readonly sharesFrame: boolean
}

/** Which function a variable belongs to: the one that assigned it first. */
const owners = new WeakMap<Variable, SsaBuilder>()

/**
 * Builds a graph block by block, directly in SSA form, after Braun et al., "Simple and Efficient Construction of
 * Static Single Assignment Form" (2013): a block is *sealed* once all its predecessors are known; reading a
 * variable in an unsealed block leaves a phi to be completed then.
 */
export class SsaBuilder {
  readonly graph: FunctionGraph
  #current: Block | undefined
  readonly #definitions = new Map<Block, Map<Variable, Value>>()
  readonly #incomplete = new Map<Block, Map<Variable, Value>>()
  readonly #sealed = new Set<Block>()
  readonly #blocks = new Set<Block>()
  readonly #outside: Outside | undefined

  constructor(name: string, outside?: Outside) {
    this.#outside = outside
    this.graph = createGraph(name)
    this.#blocks.add(this.graph.entry)
    this.#current = this.graph.entry
    this.#sealed.add(this.graph.entry)
  }

  /** The block being written; undefined after a jump or return, until {@link enter}. */
  get current(): Block | undefined {
    return this.#current
  }

  /** A new block, not yet sealed. */
  createBlock(): Block {
    const block = createBlock(this.graph)
    this.#blocks.add(block)
    return block
  }

  /** Goes on writing in `block`. */
  enter(block: Block): void {
    this.#current = block
  }

  /** Declares that `block` gets no more predecessors. */
  seal(block: Block): void {
    if (this.#sealed.has(block)) return
    this.#sealed.add(block)
    for (const [variable, phi] of this.#incomplete.get(block) ?? []) this.#completePhi(variable, phi)
    this.#incomplete.delete(block)
  }

  /** Reserves stack memory. */
  frameObject(name: string, size: number, align: number, source?: SourcePosition): FrameObject {
    const object = {
      id: this.graph.frameObjects.length,
      name,
      size,
      align,
      ...(source === undefined ? {} : { source }),
    }
    this.graph.frameObjects.push(object)
    return object
  }

  /** Appends a value to the current block, folded where it can be. */
  emit(operation: Operation, type: Type, operands: Value[] = [], source?: SourcePosition): Value {
    const args = operands.map((arg) => this.#own(arg))
    const op = this.#inOneMemory(operation)
    const folded = fold(op, type, args)
    if (folded?.kind === 'value') return folded.value
    if (folded?.kind === 'const') return constant(this.graph, folded.value, type)
    if (isFloatingOperation(op)) return floating(this.graph, op, type)
    const value = this.#value(op, type, args, source)
    value.block.values.push(value)
    return value
  }

  /** A constant of `type`; `value` is unsigned and fits. */
  constant(value: bigint, type: Type): Value {
    return constant(this.graph, value, type)
  }

  /** Ends the current block with a jump. */
  jump(target: Block): void {
    const block = this.#open()
    block.terminator = { kind: 'jump', target }
    target.predecessors.push(block)
    this.#current = undefined
  }

  /** Ends the current block with a two-way branch. */
  branch(
    comparison: Comparison,
    left: Value,
    right: Value,
    whenTrue: Block,
    whenFalse: Block,
    source?: SourcePosition,
  ): void {
    const [a, b] = [this.#own(left), this.#own(right)]
    const block = this.#open()
    block.terminator = { kind: 'branch', comparison, left: a, right: b, whenTrue, whenFalse, source }
    whenTrue.predecessors.push(block)
    whenFalse.predecessors.push(block)
    this.#current = undefined
  }

  /** Ends the current block by returning from the function. */
  return(value: Value, source?: SourcePosition): void {
    const result = this.#own(value)
    this.#open().terminator = { kind: 'return', value: result, source }
    this.#current = undefined
  }

  /** Assigns a variable at the current place. */
  write(variable: Variable, value: Value): void {
    const assigned = this.#own(value)
    const owner = owners.get(variable)
    if (owner === undefined) owners.set(variable, this)
    if (owner === undefined || owner === this) this.#define(variable, this.#open(), assigned)
    else this.#outside?.write(variable, assigned)
  }

  /** The variable's value at the current place. */
  read(variable: Variable): Value {
    const foreign = this.#outside !== undefined && owners.get(variable) !== this
    return foreign ? this.#outside.read(variable) : this.#readIn(variable, this.#open())
  }

  /** A value to be used in this function. */
  #own(value: Value): Value {
    if (this.#blocks.has(value.block)) return value
    if (isFloating(value) && value.op.kind !== 'frame' && isFloatingOperation(value.op))
      return floating(this.graph, value.op, value.type)
    return this.#outside?.value(value) ?? value
  }

  /** See {@link Outside.sharesFrame}; of what calls write through pointers, it is never known whose it is. */
  #inOneMemory(op: Operation): Operation {
    if (this.#outside === undefined) return op
    if (op.kind === 'call') {
      const { writes } = op.callee
      if (!writes.includes('frame') || writes.includes('map')) return op
      return { ...op, callee: { ...op.callee, writes: [...writes, 'map'] } }
    }
    const access = op.kind === 'load' || op.kind === 'store' || op.kind === 'atomic'
    return access && op.space === 'frame' && this.#outside.sharesFrame ? { ...op, space: 'map' } : op
  }

  #open(): Block {
    if (this.#current === undefined) throw new Error('no block is open: the code here is unreachable')
    return this.#current
  }

  #value(
    op: Operation,
    type: Type,
    args: Value[],
    source: SourcePosition | undefined,
    block = this.#open(),
  ): Value {
    return { id: this.graph.nextValue++, op, type, args, block, source }
  }

  #define(variable: Variable, block: Block, value: Value): void {
    const known = this.#definitions.get(block) ?? new Map<Variable, Value>()
    this.#definitions.set(block, known.set(variable, value))
  }

  #readIn(variable: Variable, block: Block): Value {
    const known = this.#definitions.get(block)?.get(variable)
    if (known !== undefined) return known
    let value: Value
    const [only, ...others] = block.predecessors
    if (!this.#sealed.has(block)) {
      value = this.#phi(variable, block)
      const incomplete = this.#incomplete.get(block) ?? new Map<Variable, Value>()
      this.#incomplete.set(block, incomplete.set(variable, value))
    } else if (only === undefined) {
      throw new Error(`variable ${variable.name} is read before it is assigned`)
    } else if (others.length === 0) {
      value = this.#readIn(variable, only)
    } else {
      // Defined before its operands are read, so that a loop finds it instead of recursing for ever.
      value = this.#phi(variable, block)
      this.#define(variable, block, value)
      this.#completePhi(variable, value)
    }
    this.#define(variable, block, value)
    return value
  }

  #phi(variable: Variable, block: Block): Value {
    const phi = this.#value({ kind: 'phi' }, variable.type, [], undefined, block)
    block.phis.push(phi)
    return phi
  }

  #completePhi(variable: Variable, phi: Value): void {
    phi.args = phi.block.predecessors.map((predecessor) => this.#readIn(variable, predecessor))
  }
}
