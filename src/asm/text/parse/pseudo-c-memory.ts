import { type AccessSize, instructionClass, modeCode, sizeCodeOfBytes } from '../../isa/opcodes.ts'
import type { Parsed } from './parsed.ts'
import {
  bits32Field,
  type NumberField,
  offsetField,
  type RegisterOperand,
  type Statement,
  signed32Field,
} from './statement.ts'

/** What a pointer points at. */
export interface PointedType {
  readonly size: AccessSize
  readonly signed: boolean
}

const types: ReadonlyMap<string, PointedType> = new Map(
  ([1, 2, 4, 8] as const).flatMap((size): [string, PointedType][] => [
    [`u${size * 8}`, { size, signed: false }],
    [`s${size * 8}`, { size, signed: true }],
  ]),
)

/** Reads `(u32 *)`; `signed`: also s8, s16 and s32. */
export function readType(statement: Statement, signed = false): PointedType {
  statement.expect('(')
  const type = types.get(statement.next.text)
  if (type === undefined || (type.signed && (!signed || type.size === 8))) {
    return statement.fail(
      signed ? 'a type: u8, u16, u32, u64, s8, s16 or s32' : 'a type: u8, u16, u32 or u64',
    )
  }
  statement.take()
  statement.expect('*')
  statement.expect(')')
  return type
}

/** A place in memory: a register and a signed 16-bit offset in bytes. */
export interface Address {
  readonly base: number
  readonly offset: number
}

/** Reads `r1 + 4`; the offset can be left out. */
export function readAddress(statement: Statement): Address {
  const base = statement.readRegister('r').number
  return { base, offset: statement.is('+') || statement.is('-') ? statement.readNumber(offsetField) : 0 }
}

/** Reads `(r1 + 4)`. */
export function readPlace(statement: Statement): Address {
  statement.expect('(')
  const address = readAddress(statement)
  statement.expect(')')
  return address
}

/** Reads what stands behind `r0 =`: `*(u32 *)(r1 + 4)`, `*(s8 *)(r1 + 4)`, `*(u8 *)skb[12]`, `*(u8 *)skb[r7 + 2]`. */
export function readLoad(statement: Statement, dst: RegisterOperand): Parsed {
  statement.expect('*')
  const { size, signed } = readType(statement, true)
  if (statement.is('skb')) return readPacketLoad(statement, dst, size, signed)
  if (dst.letter === 'w' && (size === 8 || signed)) {
    statement.complain(`w${dst.number} cannot hold it: this load fills all 64 bits of r${dst.number}`)
  }
  const { base, offset } = readPlace(statement)
  return statement.make({
    opcode: instructionClass.ldx | (signed ? modeCode.memsx : modeCode.mem) | sizeCodeOfBytes[size],
    dst: dst.number,
    src: base,
    offset,
  })
}

function readPacketLoad(
  statement: Statement,
  dst: RegisterOperand,
  size: AccessSize,
  signed: boolean,
): Parsed {
  if (dst.number !== 0) statement.complain('a load from skb[] always fills r0')
  if (size === 8 || signed) return statement.fail('the type of a load from skb[] to be u8, u16 or u32')
  statement.expect('skb')
  statement.expect('[')
  const mode = statement.isA('register') ? modeCode.ind : modeCode.abs
  const src = mode === modeCode.ind ? statement.readRegister('r').number : 0
  const imm = mode === modeCode.abs || !statement.is(']') ? statement.readNumber(positionField) : 0
  statement.expect(']')
  return statement.make({ opcode: instructionClass.ld | mode | sizeCodeOfBytes[size], src, imm })
}

/** A signed 32-bit position in a packet. */
export const positionField: NumberField = { ...signed32Field, name: 'position' }

/** Reads `*(u32 *)(r1 + 4) = r2` or `… = 7`. */
export function readStore(statement: Statement): Parsed {
  statement.expect('*')
  const { size } = readType(statement)
  const { base, offset } = readPlace(statement)
  statement.expect('=')
  if (statement.isA('register')) {
    const src = size === 8 ? statement.readRegister('r', ' (64 bits are stored)') : statement.readRegister()
    const opcode = instructionClass.stx | modeCode.mem | sizeCodeOfBytes[size]
    return statement.make({ opcode, dst: base, src: src.number, offset })
  }
  if (!statement.isNumber()) return statement.fail('a register or a number')
  const imm = statement.readNumber(storedField[size]) | 0
  return statement.make({
    opcode: instructionClass.st | modeCode.mem | sizeCodeOfBytes[size],
    dst: base,
    offset,
    imm,
  })
}

/** What a store of an immediate can store, by its size in bytes. */
export const storedField: Readonly<Record<AccessSize, NumberField>> = {
  1: { name: 'a stored u8', min: -0x80, max: 0xff },
  2: { name: 'a stored u16', min: -0x8000, max: 0xffff },
  4: { ...bits32Field, name: 'a stored u32' },
  8: { ...signed32Field, name: 'a stored u64, which is sign-extended from 32 bits,' },
}
