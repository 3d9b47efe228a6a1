import { cpuLevelOf } from '../isa/cpu-level.ts'
import type { Endianness } from '../isa/encode.ts'
import type { Instruction } from '../isa/instruction.ts'
import {
  accessSizeOf,
  aluCode,
  byteOrderCode,
  type CpuLevel,
  instructionClass,
  jumpCode,
  loadImm64Opcode,
  modeCode,
  operandSource,
} from '../isa/opcodes.ts'

/** One instruction of a rewriting. */
export interface Step {
  readonly instruction: Instruction
  /**
   * Where it jumps: `target`, where the rewritten branch went, or `next`, the instruction after the whole
   * rewriting. Only of branches.
   */
  readonly to?: 'target' | 'next'
}

/**
 * @returns instructions of `cpu` that do exactly what an instruction above that level does (registers,
 *   memory and flow of control the same, no register besides its own touched); undefined when there are none.
 * @param endianness of the machine that runs the program: `bswap` is `be` on one and `le` on the other
 */
export function rewriteForCpu(
  instruction: Instruction,
  cpu: CpuLevel,
  endianness: Endianness,
): readonly Step[] | undefined {
  if (cpuLevelOf(instruction) <= cpu) return [{ instruction, to: 'target' }]
  const steps = rewriteOnce(instruction, endianness)
  if (steps === undefined) return undefined
  const lowered: Step[] = []
  for (const step of steps) {
    if (cpuLevelOf(step.instruction) <= cpu) {
      lowered.push(step)
      continue
    }
    const further = rewriteForCpu(step.instruction, cpu, endianness)
    if (further === undefined) return undefined
    lowered.push(...further)
  }
  return lowered
}

function rewriteOnce(it: Instruction, endianness: Endianness): readonly Step[] | undefined {
  switch (it.opcode & 0x07) {
    case instructionClass.alu64:
      if ((it.opcode & 0xf0) === aluCode.end) return [{ instruction: orderSwap(it, endianness) }]
      return isSignExtendingMove(it, [8, 16, 32]) ? steps(it, extendingMove(wide, 64 - it.offset)) : undefined
    case instructionClass.alu:
      if (it.offset === 0) return steps(it, wideArithmetic(it))
      return isSignExtendingMove(it, [8, 16]) ? steps(it, extendingMove(narrow, 32 - it.offset)) : undefined
    case instructionClass.ldx:
      return steps(it, extendingLoad(it))
    case instructionClass.jmp32:
      if ((it.opcode & 0xf0) !== jumpCode.ja) return undefined
      return [{ instruction: like(it, { opcode: instructionClass.jmp | jumpCode.ja, imm: 0 }), to: 'target' }]
    case instructionClass.jmp:
      return lessThan(it)
    default:
      return undefined
  }
}

type Fields = Partial<Pick<Instruction, 'opcode' | 'dst' | 'src' | 'offset' | 'imm' | 'imm64'>>

function like(it: Instruction, fields: Fields): Instruction {
  return Object.freeze({ ...it, ...fields })
}

function steps(it: Instruction, made: readonly Fields[] | undefined): readonly Step[] | undefined {
  return made?.map((fields) => ({ instruction: like(it, fields) }))
}

const wide = instructionClass.alu64
const narrow = instructionClass.alu

/** An operation on `dst` with an immediate. */
function immediate(family: number, code: number, imm: number): Fields {
  return { opcode: family | code | operandSource.immediate, src: 0, offset: 0, imm }
}

/** Clears the high half of `dst`, which 32-bit arithmetic does on the way. */
const clearHigh = [immediate(wide, aluCode.lsh, 32), immediate(wide, aluCode.rsh, 32)]

function orderSwap(it: Instruction, endianness: Endianness): Instruction {
  const order = endianness === 'little' ? byteOrderCode.be : byteOrderCode.le
  return like(it, { opcode: narrow | aluCode.end | order })
}

function isSignExtendingMove({ opcode, offset }: Instruction, bits: readonly number[]): boolean {
  return (opcode & 0xf8) === (aluCode.mov | operandSource.register) && bits.includes(offset)
}

function extendingMove(family: number, shift: number): Fields[] {
  return [
    { opcode: family | aluCode.mov | operandSource.register, offset: 0 },
    immediate(family, aluCode.lsh, shift),
    immediate(family, aluCode.arsh, shift),
  ]
}

function extendingLoad(it: Instruction): Fields[] {
  const shift = 64 - 8 * accessSizeOf(it.opcode)
  return [
    { opcode: (it.opcode & 0x1f) | modeCode.mem },
    immediate(wide, aluCode.lsh, shift),
    immediate(wide, aluCode.arsh, shift),
  ]
}

/** Arithmetic modulo 2³² from arithmetic modulo 2⁶⁴, where the low halves of the operands decide. */
function wideArithmetic({ opcode, imm }: Instruction): readonly Fields[] | undefined {
  const code = opcode & 0xf0
  const same = { opcode: (opcode & 0xf8) | wide }
  const byImmediate = (opcode & operandSource.register) === 0
  switch (code) {
    case aluCode.add:
    case aluCode.sub:
    case aluCode.mul:
    case aluCode.or:
    case aluCode.and:
    case aluCode.xor:
    case aluCode.neg:
      return [same, ...clearHigh]
    case aluCode.mov:
      if (!byImmediate) return [same, ...clearHigh]
      if (imm >= 0) return [same]
      return [{ opcode: loadImm64Opcode, src: 0, imm64: BigInt.asUintN(32, BigInt(imm)) }]
    case aluCode.div:
    case aluCode.mod:
      // A negative divisor means one above 2³¹, which a 64-bit operation has no immediate for.
      return byImmediate && imm > 0 ? [...clearHigh, same] : undefined
  }
  // A count in a register is taken modulo 32 here, modulo 64 there.
  if (!byImmediate || imm < 0 || imm > 31) return undefined
  const toTop = immediate(wide, aluCode.lsh, 32)
  switch (code) {
    case aluCode.lsh:
      return [same, ...clearHigh]
    case aluCode.rsh:
      return [toTop, immediate(wide, aluCode.rsh, 32 + imm)]
    case aluCode.arsh:
      return [toTop, immediate(wide, aluCode.arsh, 32 + imm), ...clearHigh]
    default:
      return undefined
  }
}

/** `a < b` by its mirror `b > a`, `a < 5` by what does not hold then: `if a >= 5 goto next; goto target`. */
const mirrored = new Map<number, { readonly swapped: number; readonly inverse: number }>([
  [jumpCode.jlt, { swapped: jumpCode.jgt, inverse: jumpCode.jge }],
  [jumpCode.jle, { swapped: jumpCode.jge, inverse: jumpCode.jgt }],
  [jumpCode.jslt, { swapped: jumpCode.jsgt, inverse: jumpCode.jsge }],
  [jumpCode.jsle, { swapped: jumpCode.jsge, inverse: jumpCode.jsgt }],
])

function lessThan(it: Instruction): readonly Step[] | undefined {
  const codes = mirrored.get(it.opcode & 0xf0)
  if (codes === undefined) return undefined
  const rest = it.opcode & 0x0f
  if ((it.opcode & operandSource.register) !== 0) {
    const swapped = like(it, { opcode: rest | codes.swapped, dst: it.src, src: it.dst })
    return [{ instruction: swapped, to: 'target' }]
  }
  return [
    { instruction: like(it, { opcode: rest | codes.inverse }), to: 'next' },
    {
      instruction: like(it, { opcode: instructionClass.jmp | jumpCode.ja, dst: 0, imm: 0 }),
      to: 'target',
    },
  ]
}
