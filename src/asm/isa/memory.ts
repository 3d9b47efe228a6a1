import type { Operand } from './alu.ts'
import {
  checkImm,
  checkInteger,
  checkOffset,
  checkOneOf,
  rawInstruction,
  registerNumber,
  writableRegisterNumber,
} from './fields.ts'
import type { Instruction } from './instruction.ts'
import { type AccessSize, atomicCode, instructionClass, modeCode, sizeCodeOfBytes } from './opcodes.ts'
import { isRegister, type Register } from './registers.ts'

/** Read-modify-write operations; those that fetch (all but the first four) overwrite `src`, `cmpxchg` r0. */
export type AtomicOp = Exclude<keyof typeof atomicCode, 'load_acquire' | 'store_release'>

/** All {@link AtomicOp}s. */
export const atomicOps = [
  'add',
  'or',
  'and',
  'xor',
  'fetch_add',
  'fetch_or',
  'fetch_and',
  'fetch_xor',
  'xchg',
  'cmpxchg',
] as const satisfies readonly AtomicOp[]

const allSizes: readonly AccessSize[] = [1, 2, 4, 8]

/** `dst = *(u8|u16|u32|u64 *)(base + offset)`, zero-extended. `size` and `offset` in bytes, offset signed 16-bit. */
export function load(size: AccessSize, dst: Register, base: Register, offset: number): Instruction {
  checkOneOf('load', 'size', size, allSizes)
  return loadWith(
    `load ${size}`,
    instructionClass.ldx | modeCode.mem | sizeCodeOfBytes[size],
    dst,
    base,
    offset,
  )
}

/** `dst = *(s8|s16|s32 *)(base + offset)`, sign-extended to 64 bits (Linux 6.6). */
export function loadSigned(size: 1 | 2 | 4, dst: Register, base: Register, offset: number): Instruction {
  checkOneOf<number>('load signed', 'size', size, [1, 2, 4])
  const opcode = instructionClass.ldx | modeCode.memsx | sizeCodeOfBytes[size]
  return loadWith(`load signed ${size}`, opcode, dst, base, offset)
}

/**
 * `*(u8|u16|u32|u64 *)(base + offset) = value`, from a register's low bytes or an immediate. An immediate of
 * 1, 2 or 4 bytes may be signed or unsigned; one of 8 bytes is a signed 32-bit number, sign-extended.
 */
export function store(size: AccessSize, base: Register, offset: number, value: Operand): Instruction {
  checkOneOf('store', 'size', size, allSizes)
  const what = `store ${size}`
  const access = modeCode.mem | sizeCodeOfBytes[size]
  const fields = { dst: registerNumber(what, 'base', base), offset: checkOffset(what, offset) }
  if (isRegister(value)) {
    const src = registerNumber(what, 'value', value)
    return rawInstruction({ ...fields, opcode: instructionClass.stx | access, src })
  }
  return rawInstruction({
    ...fields,
    opcode: instructionClass.st | access,
    imm: size === 8 ? checkImm(what, value) : checkStored(what, size, value),
  })
}

/**
 * An atomic operation of `src` on the 4 or 8 bytes at `base + offset` (RFC 9669 section 5.3). Forms that
 * fetch put the old value into `src`; `cmpxchg` stores `src` if memory equals r0 and puts the old value
 * into r0. All but plain `add` need Linux 5.12.
 */
export function atomic(
  op: AtomicOp,
  size: 4 | 8,
  base: Register,
  offset: number,
  src: Register,
): Instruction {
  checkOneOf('atomic', 'op', op, atomicOps)
  const what = `atomic ${op}`
  checkOneOf(what, 'size', size, [4, 8])
  const overwrites = op.startsWith('fetch_') || op === 'xchg'
  return rawInstruction({
    opcode: instructionClass.stx | modeCode.atomic | sizeCodeOfBytes[size],
    dst: registerNumber(what, 'base', base),
    src: overwrites ? writableRegisterNumber(what, 'src', src) : registerNumber(what, 'src', src),
    offset: checkOffset(what, offset),
    imm: atomicCode[op],
  })
}

/** `dst = load_acquire(base + offset)`, zero-extended (Linux 6.15). */
export function loadAcquire(size: AccessSize, dst: Register, base: Register, offset: number): Instruction {
  checkOneOf('load_acquire', 'size', size, allSizes)
  const opcode = instructionClass.stx | modeCode.atomic | sizeCodeOfBytes[size]
  return loadWith('load_acquire', opcode, dst, base, offset, atomicCode.load_acquire)
}

/** `store_release(base + offset, src)` (Linux 6.15). */
export function storeRelease(size: AccessSize, base: Register, offset: number, src: Register): Instruction {
  checkOneOf('store_release', 'size', size, allSizes)
  return rawInstruction({
    opcode: instructionClass.stx | modeCode.atomic | sizeCodeOfBytes[size],
    dst: registerNumber('store_release', 'base', base),
    src: registerNumber('store_release', 'src', src),
    offset: checkOffset('store_release', offset),
    imm: atomicCode.store_release,
  })
}

/**
 * Legacy packet access: `r0 = ntoh(packet[position])`, leaving the program with 0 when it is outside the
 * packet; needs the context in r6 and clobbers r1–r5 (RFC 9669 section 5.5).
 */
export function loadAbsolute(size: 1 | 2 | 4, position: number): Instruction {
  checkOneOf<number>('ld_abs', 'size', size, [1, 2, 4])
  return rawInstruction({
    opcode: instructionClass.ld | modeCode.abs | sizeCodeOfBytes[size],
    imm: checkImm('ld_abs', position),
  })
}

/** As {@link loadAbsolute}, at `src + position`. */
export function loadIndirect(size: 1 | 2 | 4, src: Register, position: number): Instruction {
  checkOneOf<number>('ld_ind', 'size', size, [1, 2, 4])
  return rawInstruction({
    opcode: instructionClass.ld | modeCode.ind | sizeCodeOfBytes[size],
    src: registerNumber('ld_ind', 'src', src),
    imm: checkImm('ld_ind', position),
  })
}

function loadWith(
  what: string,
  opcode: number,
  dst: Register,
  base: Register,
  offset: number,
  imm = 0,
): Instruction {
  return rawInstruction({
    opcode,
    dst: writableRegisterNumber(what, 'dst', dst),
    src: registerNumber(what, 'base', base),
    offset: checkOffset(what, offset),
    imm,
  })
}

function checkStored(what: string, size: 1 | 2 | 4, value: number): number {
  const bits = size * 8
  return checkInteger(what, 'imm', value, -(2 ** (bits - 1)), 2 ** bits - 1) | 0
}
