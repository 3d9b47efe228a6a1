import type { SourcePosition } from '../../diagnostics/source-position.ts'
import type { SymbolReference } from '../../isa/instruction.ts'
import type { FrameObject } from '../graph.ts'

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
  nextVirtual: number
}

/** The lowest number of a virtual register. */
export const firstVirtual = 16
/** r0–r9 can be allocated; r10 is the frame pointer. */
export const allocatable = 10
/** Registers a call overwrites: r0–r5. */
export const callClobbered = 6

const CLASS_LDX = 0x01
const CLASS_ST = 0x02
const CLASS_STX = 0x03
const CLASS_ALU = 0x04
const CLASS_JMP = 0x05
const CLASS_JMP32 = 0x06
const CLASS_ALU64 = 0x07
const SOURCE_X = 0x08
const OP_CALL = 0x85
const OP_EXIT = 0x95
const OP_JA = 0x05
const OP_MOV = 0xb0
const OP_NEG = 0x80
const OP_END = 0xd0
/** `r1 = r2`, 64 bits. */
const MOVE = 0xbf
const MODE_ATOMIC = 0xc0
const ATOMIC_FETCH = 0x01

/** Whether this is a plain 64-bit register copy, which coalescing may remove. */
export function isMove(instruction: MachineInstruction): boolean {
  return instruction.opcode === MOVE && instruction.offset === 0
}

/** Registers an instruction writes, clobbered ones included. */
export function definitions(instruction: MachineInstruction): readonly number[] {
  const { opcode } = instruction
  switch (opcode & 0x07) {
    case CLASS_ALU:
    case CLASS_ALU64:
    case CLASS_LDX:
      return [instruction.dst]
    case 0x00:
      return [instruction.dst]
    case CLASS_STX:
      return (opcode & 0xe0) === MODE_ATOMIC && (instruction.imm & ATOMIC_FETCH) !== 0
        ? [instruction.src]
        : []
    case CLASS_JMP:
      return opcode === OP_CALL ? clobbered : []
    default:
      return []
  }
}

const clobbered: readonly number[] = Array.from({ length: callClobbered }, (_, i) => i)

/** Registers an instruction reads. r10 is not reported: it is always there. */
export function uses(instruction: MachineInstruction): readonly number[] {
  return readRegisters(instruction).filter((register) => register !== 10)
}

function readRegisters(instruction: MachineInstruction): readonly number[] {
  const { opcode, dst, src } = instruction
  const usesSource = (opcode & SOURCE_X) !== 0
  switch (opcode & 0x07) {
    case CLASS_ALU:
    case CLASS_ALU64: {
      const operation = opcode & 0xf0
      if (operation === OP_MOV) return usesSource ? [src] : []
      if (operation === OP_NEG || operation === OP_END) return [dst]
      return usesSource ? [dst, src] : [dst]
    }
    case CLASS_LDX:
      return [src]
    case CLASS_ST:
      return [dst]
    case CLASS_STX:
      return [dst, src]
    case CLASS_JMP:
    case CLASS_JMP32:
      if (opcode === OP_CALL) return Array.from({ length: instruction.argumentCount ?? 0 }, (_, i) => i + 1)
      if (opcode === OP_EXIT) return [0]
      if (opcode === OP_JA) return []
      return usesSource ? [dst, src] : [dst]
    default:
      return []
  }
}
