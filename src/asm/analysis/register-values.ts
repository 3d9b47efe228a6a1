import { branchKind } from '../isa/branch.ts'
import type { Instruction } from '../isa/instruction.ts'
import {
  accessSizeOf,
  atomicCode,
  instructionClass,
  loadImm64Kind,
  loadImm64Opcode,
  modeCode,
  operandSource,
} from '../isa/opcodes.ts'
import { arithmetic } from './arithmetic.ts'
import { calleeName, resultOf } from './calls.ts'
import type { BasicBlock, ControlFlowGraph, Edge } from './control-flow-graph.ts'
import { isCall } from './effects.ts'
import { helperShape } from './helper-shape.ts'
import type { AnalysisInput, CalleeShape, ContextPointer, MapShape } from './input.ts'
import { refine } from './refine.ts'
import { constant, type RegisterValue, scalar, unknown, unset } from './register-value.ts'
import { stackArgument } from './stack-argument.ts'
import { State } from './state.ts'

/** An access of a function's own stack at a known place. */
export interface StackAccess {
  /** Index of the instruction. */
  readonly index: number
  /** Index of the function whose stack it is. */
  readonly function: number
  /** Bytes from r10, negative. */
  readonly offset: number
  /** Bytes; 0 when only the address is passed on and nobody says how much lies there. */
  readonly size: number
  /** `spill`, `fill`: of a whole register, by r10 itself; `pass`: its address is an argument of a call. */
  readonly how: 'load' | 'store' | 'spill' | 'fill' | 'pass'
  /** What is known of it, such as `key of lb_frontends`. */
  readonly what: string
}

/** What registers hold before each instruction, and who uses the stack. */
export interface RegisterValues {
  /** By instruction; undefined where no path leads. */
  readonly before: readonly (State | undefined)[]
  readonly stack: readonly StackAccess[]
}

/** Pointers in `struct __sk_buff` and `struct xdp_md` (include/uapi/linux/bpf.h), by offset. */
const skbPointers: ReadonlyMap<number, ContextPointer> = new Map([
  [76, 'packet'],
  [80, 'packetEnd'],
  [140, 'packetMeta'],
])
const xdpPointers: ReadonlyMap<number, ContextPointer> = new Map([
  [0, 'packet'],
  [4, 'packetEnd'],
  [8, 'packetMeta'],
])

/** Follows what registers and spill slots hold, forward through the program until nothing changes. */
export function registerValues(input: AnalysisInput, graph: ControlFlowGraph): RegisterValues {
  return new Walk(input, graph).run()
}

class Walk {
  readonly #instructions: readonly Instruction[]
  readonly #graph: ControlFlowGraph
  readonly #maps: ReadonlyMap<string, MapShape>
  readonly #kfuncs: ReadonlyMap<string, CalleeShape>
  readonly #contextPointers: ReadonlyMap<number, ContextPointer>
  readonly #atBlock: (State | undefined)[]
  readonly #pending: number[] = []
  /** Where addresses of a function's stack are passed, by function: they tell where objects end. */
  readonly #passed = new Map<number, Set<number>>()
  #stack: StackAccess[] = []
  #record: (State | undefined)[] | undefined

  constructor(input: AnalysisInput, graph: ControlFlowGraph) {
    this.#instructions = input.instructions
    this.#graph = graph
    this.#maps = new Map(input.maps?.map((map) => [map.name, map]))
    this.#kfuncs = new Map(input.kfuncs?.map((kfunc) => [kfunc.name, kfunc]))
    this.#contextPointers =
      input.contextPointers ??
      (input.type === 'xdp'
        ? xdpPointers
        : /^(?:sched_|cgroup_skb|socket_filter)/.test(input.type ?? 'sched_cls')
          ? skbPointers
          : new Map())
    this.#atBlock = graph.blocks.map(() => undefined)
  }

  run(): RegisterValues {
    const [first] = this.#graph.blocks
    if (first === undefined) return { before: [], stack: [] }
    const entry = frame(0)
    entry.registers[1] = { kind: 'context', offset: 0 }
    this.#meet(first.index, entry)
    for (let block = this.#pending.shift(); block !== undefined; block = this.#pending.shift())
      this.#block(this.#graph.blocks[block] as BasicBlock)
    // What nothing calls as far as we can see is still shown: with arguments that could be anything.
    for (const [number, { start }] of this.#graph.functions.entries()) {
      const block = this.#graph.blockOf[start] ?? 0
      if (this.#atBlock[block] !== undefined) continue
      const state = frame(number)
      for (let register = 1; register <= 5; register++) state.registers[register] = unknown
      this.#meet(block, state)
      for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift())
        this.#block(this.#graph.blocks[next] as BasicBlock)
    }
    // Once more, with states that no longer change, to write everything down.
    this.#stack = []
    this.#record = this.#instructions.map(() => undefined)
    for (const block of this.#graph.blocks) if (this.#atBlock[block.index] !== undefined) this.#block(block)
    return { before: this.#record, stack: this.#stack }
  }

  #meet(block: number, state: State): void {
    const known = this.#atBlock[block]
    const met = known === undefined ? state.copy() : known.joined(state)
    if (met === undefined || this.#record !== undefined) return
    this.#atBlock[block] = met
    if (!this.#pending.includes(block)) this.#pending.push(block)
  }

  #block(block: BasicBlock): void {
    const state = this.#atBlock[block.index]?.copy()
    if (state === undefined) return
    for (let index = block.start; index < block.end; index++) {
      if (this.#record !== undefined) this.#record[index] = state.copy()
      this.#step(this.#instructions[index] as Instruction, index, state, block.function)
    }
    const last = this.#instructions[block.end - 1] as Instruction
    for (const edge of block.successors) this.#meet(edge.block, this.#along(edge, last, state))
  }

  /** The state behind an edge: a condition says something about what it compares. */
  #along(edge: Edge, last: Instruction, state: State): State {
    if (branchKind(last) !== 'conditional') return state
    const refined = state.copy()
    refine(refined, last, edge.kind === 'taken')
    return refined
  }

  #step(instruction: Instruction, index: number, state: State, number: number): void {
    const { opcode, dst, src, imm } = instruction
    const fromRegister = (opcode & operandSource.register) !== 0
    switch (opcode & 0x07) {
      case instructionClass.alu:
      case instructionClass.alu64:
        state.registers[dst] = arithmetic(
          instruction,
          state.get(dst),
          fromRegister && (opcode & 0xf0) !== 0xd0 ? state.get(src) : constant(imm),
          index,
        )
        return
      case instructionClass.ld:
        if (opcode === loadImm64Opcode) state.registers[dst] = this.#immediate(instruction, index)
        else this.#clobber(state, scalar(accessSizeOf(opcode) * 8))
        return
      case instructionClass.ldx:
        state.registers[dst] = this.#load(instruction, index, state)
        return
      case instructionClass.st:
        this.#store(instruction, index, state, constant(imm))
        return
      case instructionClass.stx:
        if ((opcode & 0xe0) === modeCode.atomic) this.#atomic(instruction, index, state)
        else this.#store(instruction, index, state, state.get(src))
        return
      default:
        if (isCall(instruction)) this.#call(instruction, index, state, number)
    }
  }

  #immediate({ src, imm, imm64 = 0n, symbol, comment }: Instruction, index: number): RegisterValue {
    const name = symbol?.kind === 'map' ? symbol.name : `fd:${imm}`
    switch (src) {
      case loadImm64Kind.value:
        return constant(imm64)
      case loadImm64Kind.mapFd:
      case loadImm64Kind.mapIndex:
        return { kind: 'map', map: name, nullable: false, id: index }
      case loadImm64Kind.mapValue:
      case loadImm64Kind.mapIndexValue:
        return { kind: 'mapValue', map: name, offset: Number(imm64 >> 32n), nullable: false, id: index }
      case loadImm64Kind.function: {
        const target = this.#graph.targets[index] ?? -1
        const block = this.#graph.blocks[this.#graph.blockOf[target] ?? -1]
        return { kind: 'function', name: this.#graph.functions[block?.function ?? -1]?.name ?? '' }
      }
      default:
        return { kind: 'kernelObject', type: comment?.replace(/^&/, '') ?? '', nullable: false, id: index }
    }
  }

  #load(instruction: Instruction, index: number, state: State): RegisterValue {
    const { opcode, src, offset } = instruction
    const size = accessSizeOf(opcode)
    const signed = (opcode & 0xe0) === modeCode.memsx
    const base = state.get(src)
    const plain = scalar(signed ? 64 : size * 8)
    if (base.kind === 'unset') return unset
    if (base.kind === 'context') {
      const pointer = base.offset === undefined ? undefined : this.#contextPointers.get(base.offset + offset)
      if (pointer === 'packetEnd') return { kind: 'packetEnd' }
      if (pointer !== undefined) return { kind: pointer, id: -1, offset: 0, proven: 0 }
      return size === 8 ? unknown : plain
    }
    if (base.kind === 'stack' && base.offset !== undefined) {
      const at = base.offset + offset
      const own = src === 10 && size === 8
      this.#stack.push({
        index,
        function: base.function,
        offset: at,
        size,
        how: own ? 'fill' : 'load',
        what: '',
      })
      const slot = this.#ownSlots(base.function, index) ? state.slots.get(at) : undefined
      return size === 8 && slot !== undefined ? slot : size === 8 ? unknown : plain
    }
    // Eight bytes of a kernel struct may be a pointer.
    if (base.kind === 'kernelObject' || base.kind === 'unknown') return size === 8 ? unknown : plain
    return plain
  }

  /** Spill slots are known of the function that is being walked through, not of its callers. */
  #ownSlots(owner: number, index: number): boolean {
    return this.#graph.blocks[this.#graph.blockOf[index] ?? 0]?.function === owner
  }

  #store({ opcode, dst, offset }: Instruction, index: number, state: State, value: RegisterValue): void {
    const base = state.get(dst)
    if (base.kind !== 'stack') return
    const size = accessSizeOf(opcode)
    if (base.offset === undefined) {
      state.slots.clear()
      return
    }
    const at = base.offset + offset
    const whole = size === 8 && at % 8 === 0
    const register = (opcode & 0x07) === instructionClass.stx
    const how = whole && register && dst === 10 ? 'spill' : 'store'
    this.#stack.push({ index, function: base.function, offset: at, size, how, what: '' })
    if (!this.#ownSlots(base.function, index)) return
    forget(state, at, at + size)
    if (whole) state.slots.set(at, value)
  }

  #atomic(instruction: Instruction, index: number, state: State): void {
    const { opcode, src, dst, imm } = instruction
    if (imm === atomicCode.load_acquire) {
      state.registers[dst] = this.#load(instruction, index, state)
      return
    }
    this.#store(instruction, index, state, imm === atomicCode.store_release ? state.get(src) : unknown)
    const old = scalar(accessSizeOf(opcode) * 8)
    if (imm === atomicCode.cmpxchg) state.registers[0] = old
    else if (imm !== atomicCode.store_release && (imm & 1) !== 0) state.registers[src] = old
  }

  #call(instruction: Instruction, index: number, state: State, number: number): void {
    if (branchKind(instruction) === 'call') {
      this.#enter(index, state, number)
      return
    }
    const name = calleeName(instruction)
    const result = resultOf(name, state, index, this.#maps, this.#kfuncs)
    this.#passStack(index, state, name)
    if (name !== undefined && helperShape(name)?.moves === true)
      state.replace((value) =>
        value.kind === 'packet' || value.kind === 'packetEnd' || value.kind === 'packetMeta'
          ? { kind: 'stalePacket' }
          : value,
      )
    this.#clobber(state, result)
  }

  /** Hands the arguments to a function of the program. What it does to the caller's stack is not followed. */
  #enter(index: number, state: State, caller: number): void {
    const target = this.#graph.targets[index] ?? -1
    const block = this.#graph.blocks[this.#graph.blockOf[target] ?? -1]
    const name = this.#graph.functions[block?.function ?? -1]?.name
    this.#passStack(index, state, name)
    if (block !== undefined && block.function !== caller) {
      const entry = frame(block.function)
      for (let register = 1; register <= 5; register++) entry.registers[register] = state.get(register)
      this.#meet(block.index, entry)
    }
    this.#clobber(state, unknown)
  }

  #passStack(index: number, state: State, callee: string | undefined): void {
    for (let register = 1; register <= 5; register++) {
      const value = state.get(register)
      if (value.kind !== 'stack' || value.offset === undefined) continue
      const passed = this.#passed.get(value.function) ?? new Set()
      this.#passed.set(value.function, passed.add(value.offset))
      const { what, size, written } = stackArgument(callee, register, state, this.#maps, this.#kfuncs)
      const { function: owner, offset } = value
      this.#stack.push({ index, function: owner, offset, size, how: 'pass', what })
      if (!written) continue
      // The callee may write what lies there: as far as the next object at most.
      const next = [...passed].filter((other) => other > offset).sort((a, b) => a - b)[0]
      forget(state, offset, size > 0 ? offset + size : (next ?? 0))
    }
  }

  #clobber(state: State, result: RegisterValue): void {
    state.registers[0] = result
    for (let register = 1; register <= 5; register++) state.registers[register] = unset
  }
}

function frame(number: number): State {
  const state = new State()
  state.registers[10] = { kind: 'stack', offset: 0, function: number }
  return state
}

/** Drops what is known of slots that overlap with the bytes `start` to `end`. */
function forget(state: State, start: number, end: number): void {
  for (const offset of state.slots.keys()) if (offset < end && offset + 8 > start) state.slots.delete(offset)
}
