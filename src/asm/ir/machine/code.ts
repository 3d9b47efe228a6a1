import type { SourcePosition } from '../../diagnostics/source-position.ts'
import type { Instruction, SymbolReference } from '../../isa/instruction.ts'
import { aluCode, atomicFetchBit, instructionClass, modeCode, operandSource } from '../../isa/opcodes.ts'
import type { FrameObject } from '../graph.ts'
import { opcode } from './instructions.ts'

/**
 * Machine code before register allocation: BPF instructions whose registers may be virtual. Numbers 0–10 are the
 * real registers, {@link firstVirtual} and above are virtual.
 */
export interface MachineInstruction {
  opcode: number
  dst: number
  src: number
  offset: number
  imm: number
  imm64?: bigint
  symbol?: SymbolReference
  source?: SourcePosition | undefined
  /** Stack memory that `offset` (of an access) or `imm` (of an address) is relative to. */
  frame?: FrameObject
  /** Where a jump goes. */
  target?: MachineBlock
  /** The function of this program that a call calls or whose address is taken. */
  function?: string
  /** Number of arguments of a call, in r1 and up. */
  argumentCount?: number
}

/** A straight run of instructions. Jumps stand at its end: a conditional one, then perhaps an unconditional one. */
export interface MachineBlock {
  readonly id: number
  instructions: MachineInstruction[]
  successors: MachineBlock[]
  /** How many loops it is in; a guess at how often it runs. */
  loopDepth: number
}

/** A function in machine code. */
export interface MachineFunction {
  readonly name: string
  /** In layout order, the entry first. */
  blocks: MachineBlock[]
  readonly frameObjects: FrameObject[]
  /** Bytes of stack; known once the frame is laid out. */
  stackSize?: number
  nextVirtual: number
}

/** The lowest number of a virtual register. */
export const firstVirtual = 16
/** r10 points to the end of the stack and is never written. */
export const framePointer = 10
/** r0–r9 can be allocated; r10 is the frame pointer. */
export const allocatable = 10
/** Registers a call overwrites: r0–r5. */
export const callClobbered = 6

/** The instruction without what only the compiler knows about it. */
export function instructionOf(machine: MachineInstruction): Instruction {
  return {
    opcode: machine.opcode,
    dst: machine.dst,
    src: machine.src,
    offset: machine.offset,
    imm: machine.imm,
    ...(machine.imm64 === undefined ? {} : { imm64: machine.imm64 }),
    ...(machine.symbol === undefined ? {} : { symbol: machine.symbol }),
    ...(machine.source === undefined ? {} : { source: machine.source }),
  }
}

/** Whether this is a plain 64-bit register copy, which coalescing may remove. */
export function isMove(instruction: MachineInstruction): boolean {
  return instruction.opcode === opcode.move64 && instruction.offset === 0
}

/** Calls and 64-bit immediates keep a kind, not a register, in their source field. */
export function hasPseudoSource(instruction: MachineInstruction): boolean {
  return instruction.opcode === opcode.call || instruction.opcode === opcode.loadImmediate64
}

/** Registers an instruction writes, clobbered ones included. */
export function definitions(instruction: MachineInstruction): readonly number[] {
  switch (classOf(instruction)) {
    case instructionClass.ld:
    case instructionClass.ldx:
    case instructionClass.alu:
    case instructionClass.alu64:
      return [instruction.dst]
    case instructionClass.stx:
      return isAtomic(instruction) && (instruction.imm & atomicFetchBit) !== 0 ? [instruction.src] : []
    default:
      return instruction.opcode === opcode.call ? clobbered : []
  }
}

const clobbered: readonly number[] = Array.from({ length: callClobbered }, (_, i) => i)

/** Registers an instruction reads. r10 is not reported: it is always there. */
export function uses(instruction: MachineInstruction): readonly number[] {
  return readRegisters(instruction).filter((register) => register !== framePointer)
}

function readRegisters(instruction: MachineInstruction): readonly number[] {
  const { dst, src } = instruction
  const usesSource = (instruction.opcode & operandSource.register) !== 0
  switch (classOf(instruction)) {
    case instructionClass.alu:
    case instructionClass.alu64: {
      const operation = instruction.opcode & 0xf0
      if (operation === aluCode.mov) return usesSource ? [src] : []
      if (operation === aluCode.neg || operation === aluCode.end) return [dst]
      return usesSource ? [dst, src] : [dst]
    }
    case instructionClass.ldx:
      return [src]
    case instructionClass.st:
      return [dst]
    case instructionClass.stx:
      return [dst, src]
    case instructionClass.ld:
      return []
    default:
      if (instruction.opcode === opcode.call)
        return Array.from({ length: instruction.argumentCount ?? 0 }, (_, i) => i + 1)
      if (instruction.opcode === opcode.exit) return [0]
      if (instruction.opcode === opcode.jump) return []
      return usesSource ? [dst, src] : [dst]
  }
}

function classOf(instruction: MachineInstruction): number {
  return instruction.opcode & 0x07
}

function isAtomic(instruction: MachineInstruction): boolean {
  return (instruction.opcode & 0xe0) === modeCode.atomic
}
