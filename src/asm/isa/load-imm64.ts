import { InstructionRangeError } from './errors.ts'
import { checkImm, checkInteger, rawInstruction, writableRegisterNumber } from './fields.ts'
import type { Instruction } from './instruction.ts'
import { loadImm64Kind, loadImm64Opcode } from './opcodes.ts'
import type { Register } from './registers.ts'

// 64-bit immediate loads: one Instruction, two slots (RFC 9669 section 5.4).

/** `dst = value`: any 64-bit constant, signed or unsigned (−2⁶³–2⁶⁴−1), or a safe integer. */
export function loadImm64(dst: Register, value: bigint | number): Instruction {
  const what = 'ld_imm64'
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new InstructionRangeError(`${what}: value must be a safe integer, got ${value}`, {
      hint: 'pass constants above 2^53 as a bigint',
    })
  }
  const wide = BigInt(value)
  if (wide < -(1n << 63n) || wide >= 1n << 64n) {
    throw new InstructionRangeError(`${what}: value must be -2^63 to 2^64-1, got ${wide}`)
  }
  return make(what, loadImm64Kind.value, dst, BigInt.asUintN(64, wide))
}

/** `dst = map`, by a file descriptor that the loader's process holds. */
export function loadMapFd(dst: Register, fd: number): Instruction {
  return make('load map', loadImm64Kind.mapFd, dst, half('load map', 'fd', fd))
}

/** `dst = map`, by name; the loader fills in the file descriptor. */
export function loadMap(dst: Register, name: string): Instruction {
  return make('load map', loadImm64Kind.mapFd, dst, 0n, checkName('load map', name))
}

/** `dst = &map.value[0] + offset` (bytes) of an array map with one entry, by file descriptor. */
export function loadMapValueFd(dst: Register, fd: number, offset: number): Instruction {
  const what = 'load map value'
  return make(what, loadImm64Kind.mapValue, dst, half(what, 'fd', fd) | (half(what, 'offset', offset) << 32n))
}

/** As {@link loadMapValueFd}, by name; the loader fills in the file descriptor. */
export function loadMapValue(dst: Register, name: string, offset: number): Instruction {
  const what = 'load map value'
  return make(what, loadImm64Kind.mapValue, dst, half(what, 'offset', offset) << 32n, checkName(what, name))
}

/** `dst = map`, by index into the `fd_array` of BPF_PROG_LOAD (Linux 5.14). */
export function loadMapIndex(dst: Register, index: number): Instruction {
  return make('load map index', loadImm64Kind.mapIndex, dst, half('load map index', 'index', index))
}

/** As {@link loadMapValueFd}, by index into `fd_array` (Linux 5.14). */
export function loadMapIndexValue(dst: Register, index: number, offset: number): Instruction {
  const what = 'load map index value'
  const value = half(what, 'index', index) | (half(what, 'offset', offset) << 32n)
  return make(what, loadImm64Kind.mapIndexValue, dst, value)
}

/** `dst = &variable` of the kernel, by BTF id; `btfFd` is its module's BTF, 0 for vmlinux. */
export function loadBtfId(dst: Register, btfId: number, btfFd = 0): Instruction {
  const what = 'load btf id'
  const value = half(what, 'btfId', btfId) | (half(what, 'btfFd', btfFd) << 32n)
  return make(what, loadImm64Kind.btfId, dst, value)
}

/**
 * `dst = &function` of this program, for helpers that take a callback; `distance` in slots from the end of
 * this instruction's *first* slot. Leave it out for the assembler to fill in.
 */
export function loadFunction(dst: Register, distance = 0): Instruction {
  const low = BigInt.asUintN(32, BigInt(checkImm('load function', distance)))
  return make('load function', loadImm64Kind.function, dst, low)
}

function make(what: string, kind: number, dst: Register, imm64: bigint, name?: string): Instruction {
  const symbol = name === undefined ? {} : { symbol: { kind: 'map', name } as const }
  return rawInstruction({
    opcode: loadImm64Opcode,
    dst: writableRegisterNumber(what, 'dst', dst),
    src: kind,
    imm64,
    ...symbol,
  })
}

function half(what: string, field: string, value: number): bigint {
  return BigInt(checkInteger(what, field, value, 0, 0x7fff_ffff))
}

function checkName(what: string, name: string): string {
  if (!/^[A-Za-z0-9_.]+$/.test(name)) {
    throw new InstructionRangeError(
      `${what}: name must be made of A-Z a-z 0-9 _ ., got ${JSON.stringify(name)}`,
    )
  }
  return name
}
