import { branchDistance, branchKind } from '../isa/branch.ts'
import { slotCount } from '../isa/encode.ts'
import type { Instruction } from '../isa/instruction.ts'
import {
  callKind,
  instructionClass,
  isKnownOpcode,
  jumpCode,
  loadImm64Kind,
  loadImm64Opcode,
  modeCode,
  operandSource,
} from '../isa/opcodes.ts'
import { accessStep, legacyPacketStep } from './access.ts'
import { aluStep } from './alu.ts'
import { atomicStep } from './atomic.ts'
import { UnsupportedInstructionError } from './errors.ts'
import { conditionalStep, mayGotoStep } from './jump.ts'
import type { Core, Source, Step } from './step.ts'
import { constantWord, Word } from './word.ts'

/** What a program needs besides registers and memory; the machine provides it. */
export interface Surroundings extends Core {
  readonly name: string
  /** Offset of the member of a kernel struct. */
  fieldOffset(struct: string, path: string): number
  /** A step that calls a helper: by number, or with a register, the one whose number is there. */
  helper(source: Source, number: number | Word): Step
  kfunc(source: Source): Step
  /** A step that enters a function of the program and comes back to `source.next`. */
  enter(source: Source, target: number): Step
  leave: Step
  /** Puts the address of a map, or of its first value, into the register. */
  loadMap(source: Source, name: string | number, valueOffset: number | undefined): Step
  /** The bytes that legacy packet loads read. */
  packet(): Uint8Array | undefined
}

/** Upper half of the address of a function of the program; the lower half is its first instruction's index. */
export const functionAddressHigh = 0x0000_f00d

/** Turns a program into steps, one an instruction. @throws {UnsupportedInstructionError} */
export function translate(instructions: readonly Instruction[], around: Surroundings): Step[] {
  const starts: number[] = []
  const indexes = new Map<number, number>()
  let slot = 0
  for (const instruction of instructions) {
    indexes.set(slot, starts.length)
    starts.push(slot)
    slot += slotCount(instruction)
  }
  return instructions.map((instruction, index) => {
    const { dst, src, imm, opcode } = instruction
    const source: Source = {
      program: around.name,
      index,
      instruction,
      core: around,
      dst: around.registers[dst] ?? new Word(),
      src: around.registers[src] ?? new Word(),
      operand: takesImmediate(opcode) ? constantWord(imm) : (around.registers[src] ?? new Word()),
      next: index + 1,
    }
    const distance = branchDistance(instruction)
    if (distance === undefined) return step(source, around)
    const target = indexes.get((starts[index] ?? 0) + 1 + distance)
    if (target === undefined)
      throw new UnsupportedInstructionError('the branch leads to no instruction of the program', source)
    return branchStep(source, target, around)
  })
}

function takesImmediate(opcode: number): boolean {
  const family = opcode & 0x07
  if (family === instructionClass.st) return true
  return (opcode & operandSource.register) === 0
}

function branchStep(source: Source, target: number, around: Surroundings): Step {
  const { dst, next } = source
  switch (branchKind(source.instruction)) {
    case 'goto':
    case 'gotol':
      return () => target
    case 'may_goto':
      return mayGotoStep(next, target)
    case 'call':
      return around.enter(source, target)
    case 'function':
      return () => {
        dst.lo = target
        dst.hi = functionAddressHigh
        return next
      }
    default:
      return conditionalStep(source, target)
  }
}

function step(source: Source, around: Surroundings): Step {
  const { instruction } = source
  const { opcode, symbol } = instruction
  if (!isKnownOpcode(opcode)) throw new UnsupportedInstructionError('unknown opcode', source)
  switch (opcode & 0x07) {
    case instructionClass.alu:
    case instructionClass.alu64:
      if (symbol?.kind !== 'field') return aluStep(source)
      return aluStep({ ...source, operand: constantWord(around.fieldOffset(symbol.struct, symbol.path)) })
    case instructionClass.jmp:
    case instructionClass.jmp32:
      return callOrExit(source, around)
    case instructionClass.ld:
      return opcode === loadImm64Opcode
        ? immediateStep(source, around)
        : legacyPacketStep(source, around.packet, around.leave)
    default: {
      if ((opcode & 0x07) === instructionClass.stx && (opcode & 0xe0) === modeCode.atomic)
        return atomicStep(source)
      const member = symbol?.kind === 'field' ? around.fieldOffset(symbol.struct, symbol.path) : 0
      return accessStep(source, instruction.offset + member)
    }
  }
}

function callOrExit(source: Source, around: Surroundings): Step {
  const { opcode, src, imm } = source.instruction
  if ((opcode & 0xf0) === jumpCode.exit) return around.leave
  if ((opcode & 0xf0) !== jumpCode.call) throw new UnsupportedInstructionError('unknown jump', source)
  if ((opcode & operandSource.register) !== 0) return around.helper(source, source.dst)
  if (src === callKind.helper) return around.helper(source, imm)
  if (src === callKind.kfunc) return around.kfunc(source)
  throw new UnsupportedInstructionError(`unknown kind of call ${src}`, source)
}

function immediateStep(source: Source, around: Surroundings): Step {
  const { dst, next, instruction } = source
  const { src, imm, imm64 = 0n, symbol } = instruction
  const map = symbol?.kind === 'map' ? symbol.name : imm
  switch (src) {
    case loadImm64Kind.value: {
      const value = new Word()
      value.set(imm64)
      return () => {
        dst.lo = value.lo
        dst.hi = value.hi
        return next
      }
    }
    case loadImm64Kind.mapFd:
    case loadImm64Kind.mapIndex:
      return around.loadMap(source, map, undefined)
    case loadImm64Kind.mapValue:
    case loadImm64Kind.mapIndexValue:
      return around.loadMap(source, map, Number(imm64 >> 32n))
    default:
      throw new UnsupportedInstructionError('the interpreter has no kernel variables', source)
  }
}
