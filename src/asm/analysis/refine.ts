import type { Instruction } from '../isa/instruction.ts'
import { instructionClass, jumpCode, operandSource } from '../isa/opcodes.ts'
import { bitLength, constant, isNullable, type RegisterValue, scalar, somewhere } from './register-value.ts'
import type { State } from './state.ts'

/**
 * Draws the conclusions of a condition: a pointer that is not null, a number that is known, a packet that is long
 * enough.
 *
 * @param taken whether the condition holds on this way
 */
export function refine(state: State, { opcode, dst, src, imm }: Instruction, taken: boolean): void {
  const fromRegister = (opcode & operandSource.register) !== 0
  const wide = (opcode & 0x07) === instructionClass.jmp
  const code = opcode & 0xf0
  const a = state.get(dst)
  const b = fromRegister ? state.get(src) : constant(imm)
  const equal = (code === jumpCode.jeq && taken) || (code === jumpCode.jne && !taken)
  const different = (code === jumpCode.jeq && !taken) || (code === jumpCode.jne && taken)
  if (isNullable(a) && b.kind === 'scalar' && b.constant === 0n && (equal || different)) {
    state.testNull(a, equal, constant(0n))
    return
  }
  if (a.kind === 'scalar' && b.kind === 'scalar') {
    const known = b.constant
    if (known === undefined) return
    // A 32-bit comparison says nothing about an upper half that may be set.
    if (!wide && a.bits > 32) return
    const limit = wide ? known : BigInt.asUintN(32, known)
    if (equal) state.registers[dst] = constant(limit)
    else {
      const most = upperBound(code, taken, limit)
      if (most !== undefined && bitLength(most) < a.bits) state.registers[dst] = scalar(bitLength(most))
    }
    return
  }
  const proven = provenBytes(code, taken, a, b)
  if (proven !== undefined) prove(state, proven.packet, proven.bytes)
}

/** The largest unsigned number that passes, where the condition is an upper bound. */
function upperBound(code: number, taken: boolean, limit: bigint): bigint | undefined {
  if ((code === jumpCode.jlt && taken) || (code === jumpCode.jge && !taken))
    return limit > 0n ? limit - 1n : undefined
  if ((code === jumpCode.jle && taken) || (code === jumpCode.jgt && !taken)) return limit
  return undefined
}

type Packet = Extract<RegisterValue, { readonly proven: number }>

/** How far a comparison shows the packet to reach: up to a pointer, or to the byte that it points to. */
function provenBytes(
  code: number,
  taken: boolean,
  a: RegisterValue,
  b: RegisterValue,
): { readonly packet: Packet; readonly bytes: number } | undefined {
  const { jgt, jge, jlt, jle } = jumpCode
  // Which comparison holds on this way; the operands' order turned so that the packet comes first.
  const holds = taken ? code : opposite.get(code)
  if (holds === undefined) return undefined
  if (a.kind === 'packet' && b.kind === 'packetEnd') {
    if (holds === jle) return { packet: a, bytes: a.offset }
    if (holds === jlt) return { packet: a, bytes: a.offset + 1 }
  }
  if (a.kind === 'packetEnd' && b.kind === 'packet') {
    if (holds === jge) return { packet: b, bytes: b.offset }
    if (holds === jgt) return { packet: b, bytes: b.offset + 1 }
  }
  return undefined
}

const opposite: ReadonlyMap<number, number> = new Map([
  [jumpCode.jgt, jumpCode.jle],
  [jumpCode.jle, jumpCode.jgt],
  [jumpCode.jge, jumpCode.jlt],
  [jumpCode.jlt, jumpCode.jge],
])

function prove(state: State, packet: Packet, bytes: number): void {
  if (packet.id === somewhere) return
  state.replace((value) =>
    value.kind === packet.kind && value.id === packet.id && value.proven < bytes
      ? { ...value, proven: bytes }
      : value,
  )
}
