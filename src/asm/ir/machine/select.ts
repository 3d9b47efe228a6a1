import type { SourcePosition } from '../../diagnostics/source-position.ts'
import { loadImm64Kind } from '../../isa/opcodes.ts'
import { bitsOf, isCommutative, isDivision, isShift } from '../arithmetic.ts'
import { isFloating } from '../floating.ts'
import { constantOf } from '../fold.ts'
import {
  type Block,
  type FunctionGraph,
  reversePostorder,
  successors,
  terminatorArgs,
  type Value,
} from '../graph.ts'
import { firstVirtual, type MachineBlock, type MachineFunction, type MachineInstruction } from './code.ts'
import {
  aluOffset,
  aluOpcode,
  atomicImmediate,
  atomicOpcode,
  jumpOpcode,
  loadOpcode,
  opcode,
  storeImmediateOpcode,
  storeOpcode,
} from './instructions.ts'
import { callTarget, fieldSymbol, isZeroExtended, storeImmediate } from './operands.ts'

/**
 * Instruction selection: from the graph to machine code over virtual registers. Constants, frame addresses and map
 * pointers are made where they are used, as immediates where the instruction has room. Phis become copies at the
 * end of the predecessors (whose edges must not be critical: see `splitCriticalEdges`).
 */
export function select(graph: FunctionGraph): MachineFunction {
  return new Selector(graph).run()
}

class Selector {
  readonly #graph: FunctionGraph
  readonly #registers = new Map<Value, number>()
  readonly #blocks = new Map<Block, MachineBlock>()
  readonly #useCounts = new Map<Value, number>()
  #next = firstVirtual
  #out: MachineInstruction[] = []
  #source: SourcePosition | undefined

  constructor(graph: FunctionGraph) {
    this.#graph = graph
    for (const block of graph.blocks) {
      const used = [
        ...block.phis.flatMap((phi) => phi.args),
        ...block.values.flatMap((value) => value.args),
        ...terminatorArgs(block.terminator),
      ]
      for (const value of used) this.#useCounts.set(value, (this.#useCounts.get(value) ?? 0) + 1)
    }
  }

  run(): MachineFunction {
    const order = reversePostorder(this.#graph)
    for (const block of order)
      this.#blocks.set(block, { id: block.id, instructions: [], successors: [], loopDepth: 0 })
    for (const block of order) {
      const machine = this.#blockOf(block)
      this.#out = machine.instructions
      for (const value of block.values) {
        this.#source = value.source
        this.#value(value)
      }
      this.#terminator(block)
      machine.successors = successors(block).map((next) => this.#blockOf(next))
    }
    return {
      name: this.#graph.name,
      blocks: order.map((block) => this.#blockOf(block)),
      frameObjects: [...this.#graph.frameObjects],
      nextVirtual: this.#next,
    }
  }

  #blockOf(block: Block): MachineBlock {
    const machine = this.#blocks.get(block)
    if (machine === undefined) throw new Error(`block ${block.id} is unreachable`)
    return machine
  }

  #emit(instruction: Partial<MachineInstruction> & { opcode: number }): void {
    this.#out.push({ dst: 0, src: 0, offset: 0, imm: 0, source: this.#source, ...instruction })
  }

  #fresh(): number {
    return this.#next++
  }

  /** The register that holds a value for good; floating values (constants, addresses) have none. */
  #home(value: Value): number {
    const known = this.#registers.get(value)
    if (known !== undefined) return known
    const register = this.#fresh()
    this.#registers.set(value, register)
    return register
  }

  /** A register to read `value` from. */
  #use(value: Value): number {
    if (!isFloating(value)) return this.#home(value)
    const register = this.#fresh()
    this.#materialise(register, value)
    return register
  }

  /** Puts `value` into the given register. */
  #materialise(register: number, value: Value): void {
    const { op } = value
    if (op.kind === 'const') this.#constant(register, op.value, bitsOf(value.type))
    else if (op.kind === 'frame') {
      this.#emit({ opcode: opcode.move64, dst: register, src: 10 })
      this.#emit({ opcode: aluOpcode('add', 64, false), dst: register, frame: op.object })
    } else if (op.kind === 'map')
      this.#emit({
        opcode: opcode.loadImmediate64,
        dst: register,
        src: 1,
        imm64: 0n,
        symbol: { kind: 'map', name: op.name },
      })
    else if (op.kind === 'offset')
      this.#emit({ opcode: opcode.moveImmediate64, dst: register, ...fieldSymbol(op) })
    else if (op.kind === 'function')
      this.#emit({
        opcode: opcode.loadImmediate64,
        dst: register,
        src: loadImm64Kind.function,
        imm64: 0n,
        function: op.name,
      })
    else this.#emit({ opcode: opcode.move64, dst: register, src: this.#home(value) })
  }

  /** Puts `value` into a register that others read, all of it: an i32 has a clear upper half there. */
  #wholeRegister(register: number, value: Value): void {
    if (value.type === 'i32' && !isFloating(value) && !isZeroExtended(value, new Set()))
      this.#emit({ opcode: opcode.move32, dst: register, src: this.#use(value) })
    else this.#materialise(register, value)
  }

  #constant(register: number, value: bigint, bits: 32 | 64): void {
    const signed = BigInt.asIntN(bits, value)
    if (bits === 64 && signed >= -(2n ** 31n) && signed < 2n ** 31n)
      this.#emit({ opcode: opcode.moveImmediate64, dst: register, imm: Number(signed) })
    else if (value < 2n ** 32n)
      this.#emit({ opcode: opcode.moveImmediate32, dst: register, imm: Number(BigInt.asIntN(32, value)) })
    else
      this.#emit({
        opcode: opcode.loadImmediate64,
        dst: register,
        imm: Number(BigInt.asIntN(32, value)),
        imm64: value,
      })
  }

  #value(value: Value): void {
    const { op, args } = value
    const bits = bitsOf(value.type)
    const [first, second] = args
    switch (op.kind) {
      case 'const':
      case 'frame':
      case 'map':
      case 'offset':
      case 'function':
        throw new Error(`a ${op.kind} among the ordinary values of a block`)
      case 'global':
        this.#emit({
          opcode: opcode.loadImmediate64,
          dst: this.#home(value),
          src: 2,
          imm64: 0n,
          symbol: { kind: 'map', name: op.name },
        })
        return
      case 'param':
        this.#emit({ opcode: opcode.move64, dst: this.#home(value), src: op.index + 1 })
        return
      case 'binary':
        this.#binary(value)
        return
      case 'negate':
        this.#copyOf(value, first)
        this.#emit({ opcode: bits === 64 ? opcode.negate64 : opcode.negate32, dst: this.#home(value) })
        return
      case 'swap':
        this.#copyOf(value, first)
        this.#emit({ opcode: opcode.toBigEndian, dst: this.#home(value), imm: op.bits })
        return
      case 'truncate':
        // The upper half stays: 32-bit instructions do not see it, an extension clears it.
        this.#emit({ opcode: opcode.move64, dst: this.#home(value), src: this.#use(required(first)) })
        return
      case 'extend': {
        const from = required(first)
        const dst = this.#home(value)
        const clean = isZeroExtended(from, new Set())
        this.#emit({
          opcode: clean || op.signed ? opcode.move64 : opcode.move32,
          dst,
          src: this.#use(from),
        })
        if (op.signed) {
          this.#emit({ opcode: aluOpcode('lsh', 64, false), dst, imm: 32 })
          this.#emit({ opcode: aluOpcode('arsh', 64, false), dst, imm: 32 })
        }
        return
      }
      case 'load': {
        const address = this.#address(required(first))
        this.#emit({
          opcode: loadOpcode(op.size),
          dst: this.#home(value),
          src: address.register,
          offset: op.offset,
          ...address.frame,
          ...fieldSymbol(op),
        })
        return
      }
      case 'store': {
        const stored = required(second)
        const constant = constantOf(stored)
        const immediate = constant === undefined ? undefined : storeImmediate(constant, op.size)
        if (immediate !== undefined) {
          const address = this.#address(required(first))
          this.#emit({
            opcode: storeImmediateOpcode(op.size),
            dst: address.register,
            offset: op.offset,
            imm: immediate,
            ...address.frame,
            ...fieldSymbol(op),
          })
          return
        }
        const src = this.#use(stored)
        const address = this.#address(required(first))
        this.#emit({
          opcode: storeOpcode(op.size),
          dst: address.register,
          src,
          offset: op.offset,
          ...address.frame,
          ...fieldSymbol(op),
        })
        return
      }
      case 'atomic': {
        const register = op.fetch ? this.#home(value) : this.#use(required(second))
        if (op.fetch) this.#materialise(register, required(second))
        const address = this.#address(required(first))
        this.#emit({
          opcode: atomicOpcode(op.size),
          dst: address.register,
          src: register,
          offset: op.offset,
          imm: atomicImmediate(op.operator, op.fetch),
          ...address.frame,
        })
        return
      }
      case 'call': {
        args.forEach((arg, i) => {
          this.#wholeRegister(i + 1, arg)
        })
        this.#emit({
          opcode: opcode.call,
          ...callTarget(op.callee),
          argumentCount: args.length,
        })
        if ((this.#useCounts.get(value) ?? 0) > 0)
          this.#emit({ opcode: opcode.move64, dst: this.#home(value), src: 0 })
        return
      }
      case 'phi':
        throw new Error('a phi among the ordinary values of a block')
    }
  }

  /** Starts a two-address instruction: the value's register gets a copy of its left operand. */
  #copyOf(value: Value, left: Value | undefined): void {
    this.#materialise(this.#home(value), required(left))
  }

  #binary(value: Value): void {
    if (value.op.kind !== 'binary') return
    const { operator } = value.op
    const bits = bitsOf(value.type)
    let left = required(value.args[0])
    let right = required(value.args[1])
    // The operand that is used no more is the better one to overwrite.
    const exchange =
      isCommutative(operator) &&
      !isFloating(right) &&
      (isFloating(left) || (this.#useCounts.get(left) ?? 0) > 1) &&
      (this.#useCounts.get(right) ?? 0) === 1
    if (exchange) [left, right] = [right, left]
    const known = constantOf(right)
    // A register's upper bits do not matter to a shift; an immediate that has them is refused by the kernel.
    const constant = known !== undefined && isShift(operator) ? known & BigInt(bits - 1) : known
    const signed = constant === undefined ? undefined : BigInt.asIntN(bits, constant)
    // Division by 0 has a result (RFC 9669 section 4.1), but the kernel refuses an immediate 0.
    const refused = signed === 0n && isDivision(operator)
    const immediate = signed !== undefined && signed >= -(2n ** 31n) && signed < 2n ** 31n && !refused
    const source = immediate ? 0 : this.#use(right)
    const dst = this.#home(value)
    this.#materialise(dst, left)
    this.#emit({
      opcode: aluOpcode(operator, bits, !immediate),
      dst,
      src: source,
      imm: immediate ? Number(signed) : 0,
      offset: aluOffset(operator),
    })
  }

  #address(pointer: Value): { register: number; frame: Pick<MachineInstruction, 'frame'> } {
    return pointer.op.kind === 'frame'
      ? { register: 10, frame: { frame: pointer.op.object } }
      : { register: this.#use(pointer), frame: {} }
  }

  #terminator(block: Block): void {
    const end = block.terminator
    switch (end.kind) {
      case 'jump':
        this.#phiCopies(block, end.target)
        this.#emit({ opcode: opcode.jump, target: this.#blockOf(end.target) })
        return
      case 'branch': {
        this.#source = end.source
        const bits = bitsOf(end.left.type)
        const constant = constantOf(end.right)
        const signed = constant === undefined ? undefined : BigInt.asIntN(bits, constant)
        const immediate = signed !== undefined && signed >= -(2n ** 31n) && signed < 2n ** 31n
        this.#emit({
          opcode: jumpOpcode(end.comparison, bits, !immediate),
          dst: this.#use(end.left),
          src: immediate ? 0 : this.#use(end.right),
          imm: immediate ? Number(signed) : 0,
          target: this.#blockOf(end.whenTrue),
        })
        this.#emit({ opcode: opcode.jump, target: this.#blockOf(end.whenFalse) })
        return
      }
      case 'return':
        this.#source = end.source
        this.#wholeRegister(0, end.value)
        this.#emit({ opcode: opcode.exit })
        return
      case 'none':
        throw new Error(`block ${block.id} of ${this.#graph.name} does not end`)
    }
  }

  /** The copies into the target's phis, which happen all at once: a phi may be another phi's input. */
  #phiCopies(block: Block, target: Block): void {
    const index = target.predecessors.indexOf(block)
    const pending = target.phis.flatMap((phi) => {
      const input = phi.args[index]
      return input === undefined || input === phi ? [] : [{ phi, input }]
    })
    const copied: { phi: Value; input: Value; from?: number }[] = pending
    while (copied.length > 0) {
      const free = copied.findIndex(
        ({ phi }) => !copied.some((other) => other.phi !== phi && other.input === phi),
      )
      if (free >= 0) {
        const [next] = copied.splice(free, 1)
        if (next !== undefined) this.#copyInto(next)
        continue
      }
      // Only cycles are left: one value is put aside.
      const first = copied[0]
      if (first === undefined) return
      const aside = this.#fresh()
      this.#emit({ opcode: opcode.move64, dst: aside, src: this.#home(first.phi) })
      for (const copy of copied)
        if (copy.input === first.phi) {
          copy.from = aside
          copy.input = copy.phi
        }
    }
  }

  #copyInto(copy: { phi: Value; input: Value; from?: number }): void {
    const dst = this.#home(copy.phi)
    if (copy.from !== undefined) this.#emit({ opcode: opcode.move64, dst, src: copy.from })
    else this.#materialise(dst, copy.input)
  }
}

function required(value: Value | undefined): Value {
  if (value === undefined) throw new Error('an operation lacks an operand')
  return value
}
