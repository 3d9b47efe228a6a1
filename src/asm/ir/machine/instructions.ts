import type { BinaryOperator, Comparison } from '../graph.ts'

/** Opcode bits of RFC 9669 section 4 that the code generator needs, by the names of the intermediate representation. */

const aluOperation: Readonly<Record<BinaryOperator, number>> = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  sdiv: 0x30,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  mod: 0x90,
  smod: 0x90,
  xor: 0xa0,
  arsh: 0xc0,
}

const jumpOperation: Readonly<Record<Comparison, number>> = {
  eq: 0x10,
  gt: 0x20,
  ge: 0x30,
  set: 0x40,
  ne: 0x50,
  sgt: 0x60,
  sge: 0x70,
  lt: 0xa0,
  le: 0xb0,
  slt: 0xc0,
  sle: 0xd0,
}

const sizeBits: Readonly<Record<1 | 2 | 4 | 8, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 }

/** Opcode of `dst op= src|imm`; signed division also needs offset 1 ({@link aluOffset}). */
export function aluOpcode(operator: BinaryOperator, bits: 32 | 64, fromRegister: boolean): number {
  return aluOperation[operator] | (bits === 64 ? 0x07 : 0x04) | (fromRegister ? 0x08 : 0)
}

/** The offset field of an arithmetic instruction: 1 marks the signed forms of division and modulo. */
export function aluOffset(operator: BinaryOperator): number {
  return operator === 'sdiv' || operator === 'smod' ? 1 : 0
}

/** Opcode of a conditional jump. */
export function jumpOpcode(comparison: Comparison, bits: 32 | 64, fromRegister: boolean): number {
  return jumpOperation[comparison] | (bits === 64 ? 0x05 : 0x06) | (fromRegister ? 0x08 : 0)
}

/** Opcode of a load into a register (mode MEM). */
export function loadOpcode(size: 1 | 2 | 4 | 8): number {
  return 0x61 | sizeBits[size]
}

/** Opcode of a store of a register (mode MEM). */
export function storeOpcode(size: 1 | 2 | 4 | 8): number {
  return 0x63 | sizeBits[size]
}

/** Opcode of a store of an immediate (mode MEM). */
export function storeImmediateOpcode(size: 1 | 2 | 4 | 8): number {
  return 0x62 | sizeBits[size]
}

/** Opcode of an atomic operation. */
export function atomicOpcode(size: 4 | 8): number {
  return 0xc3 | sizeBits[size]
}

/** The immediate that says which atomic operation it is. */
export const atomicImmediate = { add: 0x00, or: 0x40, and: 0x50, xor: 0xa0, fetch: 0x01 } as const

export const opcode = {
  /** `r1 = r2` */
  move64: 0xbf,
  /** `w1 = w2` */
  move32: 0xbc,
  /** `r1 = imm`, sign-extended */
  moveImmediate64: 0xb7,
  /** `w1 = imm` */
  moveImmediate32: 0xb4,
  /** `r1 = imm64 ll` */
  loadImmediate64: 0x18,
  negate64: 0x87,
  negate32: 0x84,
  /** `r1 = be16|32|64 r1`: a byte swap on a little-endian machine */
  toBigEndian: 0xdc,
  call: 0x85,
  exit: 0x95,
  jump: 0x05,
} as const
