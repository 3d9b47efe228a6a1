import {
  addressSpaceCastOffset,
  aluCode,
  byteOrderCode,
  instructionClass,
  jumpCode,
  loadImm64Kind,
  loadImm64Opcode,
  operandSource,
  signedDivisionOffset,
} from '../../isa/opcodes.ts'
import { aluOperator, codesOf, conditionOperator } from '../pseudo-c-operators.ts'
import { readCalled, readCallx } from './call.ts'
import type { Parsed } from './parsed.ts'
import { isAtomicWord, readAtomicValue, readLocked, readStoreRelease } from './pseudo-c-atomic.ts'
import { readLoad, readStore } from './pseudo-c-memory.ts'
import { readRawFields } from './raw-fields.ts'
import { bits32Field, offsetField, type RegisterOperand, type Statement, signed32Field } from './statement.ts'
import { isWideReference, readWideNumber, readWideReference } from './wide-value.ts'

/** Reads one statement of the pseudo-C syntax: all that `pseudoC` prints and all that llvm-objdump does. */
export function readPseudoC(statement: Statement): Parsed {
  const { next } = statement
  if (next.kind === 'register') return readAssignment(statement, statement.readRegister())
  switch (next.text) {
    case 'if':
      return readConditional(statement)
    case 'goto':
    case 'gotol':
    case 'may_goto':
      return readGoto(statement)
    case 'call':
      statement.take()
      return readCalled(statement)
    case 'callx':
      return readCallx(statement)
    case 'exit':
      statement.take()
      return statement.make({ opcode: instructionClass.jmp | jumpCode.exit })
    case '*':
      return readStore(statement)
    case 'lock':
      return readLocked(statement)
    case 'store_release':
      return readStoreRelease(statement)
    case '<':
      return readRawFields(statement)
    default:
      return statement.fail('an instruction')
  }
}

const conditionCode = codesOf(conditionOperator)

function readConditional(statement: Statement): Parsed {
  statement.take()
  const dst = statement.readRegister()
  const code = conditionCode.get(statement.next.text)
  if (code === undefined) return statement.fail('a comparison (== != > >= < <= s> s>= s< s<= &)')
  statement.take()
  const family = dst.letter === 'r' ? instructionClass.jmp : instructionClass.jmp32
  const operand = readOperand(statement, dst)
  statement.expect('goto')
  const target = statement.readTarget(distanceField)
  const offset = target.distance ?? 0
  return statement.make(
    { opcode: family | code | operand.source, dst: dst.number, ...operand.fields, offset },
    target,
  )
}

/** A signed 16-bit distance in slots. */
const distanceField = { ...offsetField, name: 'distance', hint: 'jump to a label, or with gotol' }

function readGoto(statement: Statement): Parsed {
  const kind = statement.take().text
  if (kind === 'gotol') {
    const target = statement.readTarget({ ...signed32Field, name: 'distance' })
    return statement.make({ opcode: instructionClass.jmp32 | jumpCode.ja, imm: target.distance ?? 0 }, target)
  }
  const target = statement.readTarget(distanceField)
  const code = kind === 'goto' ? jumpCode.ja : jumpCode.jcond
  return statement.make({ opcode: instructionClass.jmp | code, offset: target.distance ?? 0 }, target)
}

const operatorCode = codesOf(aluOperator)

function readAssignment(statement: Statement, dst: RegisterOperand): Parsed {
  if (statement.accept('=')) return readValue(statement, dst)
  const { text } = statement.next
  const code = operatorCode.get(text)
  const signed = code === undefined ? signedDivision.get(text) : undefined
  if (code === undefined && signed === undefined) return statement.fail('"=" or an operator such as "+="')
  statement.take()
  return readArithmetic(statement, dst, code ?? signed ?? 0, signed === undefined ? 0 : signedDivisionOffset)
}

const signedDivision: ReadonlyMap<string, number> = new Map([
  ['s/=', aluCode.div],
  ['s%=', aluCode.mod],
])

function readArithmetic(statement: Statement, dst: RegisterOperand, code: number, offset: number): Parsed {
  const operand = readOperand(statement, dst)
  return statement.make({
    opcode: familyOf(dst) | code | operand.source,
    dst: dst.number,
    offset,
    ...operand.fields,
  })
}

function familyOf({ letter }: RegisterOperand): number {
  return letter === 'r' ? instructionClass.alu64 : instructionClass.alu
}

interface SecondOperand {
  readonly source: number
  readonly fields: { readonly src: number } | { readonly imm: number }
}

/** A register of the same width as the first operand, or a number. */
function readOperand(statement: Statement, dst: RegisterOperand): SecondOperand {
  if (statement.isA('register') || statement.isA('word')) {
    const { number } = statement.readRegister(dst.letter, statement.isA('register') ? sameWidth(dst) : '')
    return { source: operandSource.register, fields: { src: number } }
  }
  if (!statement.isNumber()) return statement.fail(`a register ${dst.letter}0 to ${dst.letter}10 or a number`)
  const imm = statement.readNumber(dst.letter === 'w' ? bits32Field : wideOperandField) | 0
  return { source: operandSource.immediate, fields: { imm } }
}

const wideOperandField = {
  ...signed32Field,
  hint: 'a 64-bit operation sign-extends its immediate; load the constant with `r1 = 0x… ll` first',
}

function sameWidth({ letter, number }: RegisterOperand): string {
  return `, as wide as ${letter}${number}`
}

/** What stands behind `r1 =`. */
function readValue(statement: Statement, dst: RegisterOperand): Parsed {
  const { next } = statement
  if (next.text === '*') return readLoad(statement, dst)
  if (next.text === '(') return readSignExtension(statement, dst)
  if (next.text === '-' && !statement.isNumber()) return readNegation(statement, dst)
  if (next.kind === 'register') return readArithmetic(statement, dst, aluCode.mov, 0)
  if (statement.isNumber()) return readConstant(statement, dst)
  if (next.kind !== 'word') return statement.fail('a value')
  const swap = byteSwap.get(next.text)
  if (swap !== undefined) return readByteSwap(statement, dst, swap)
  if (isAtomicWord(next.text)) return readAtomicValue(statement, dst)
  if (/^[rw]\d+$/.test(next.text)) return readArithmetic(statement, dst, aluCode.mov, 0)
  if (dst.letter === 'w') return statement.fail('a value of 32 bits')
  if (next.text === 'addr_space_cast') return readAddressSpaceCast(statement, dst)
  return readWide(statement, dst)
}

function readConstant(statement: Statement, dst: RegisterOperand): Parsed {
  if (!statement.hasAhead('ll')) return readArithmetic(statement, dst, aluCode.mov, 0)
  if (dst.letter === 'w') return statement.fail('a number of 32 bits, without ll')
  const imm64 = readWideNumber(statement)
  statement.expect('ll')
  return statement.make({ opcode: loadImm64Opcode, dst: dst.number, imm64 })
}

function readWide(statement: Statement, dst: RegisterOperand): Parsed {
  if (isWideReference(statement) && statement.isFollowedBy('[')) {
    const parsed = readWideReference(statement, dst.number)
    statement.expect('ll')
    return parsed
  }
  const target = statement.readTarget(signed32Field)
  statement.expect('ll')
  return statement.make(
    { opcode: loadImm64Opcode, dst: dst.number, src: loadImm64Kind.function, imm64: 0n },
    target,
  )
}

function readSignExtension(statement: Statement, dst: RegisterOperand): Parsed {
  statement.expect('(')
  const { next } = statement
  const offset = next.text === 's8' ? 8 : next.text === 's16' ? 16 : next.text === 's32' ? 32 : undefined
  if (offset === undefined || (offset === 32 && dst.letter === 'w')) {
    return statement.fail(dst.letter === 'w' ? 's8 or s16' : 's8, s16 or s32')
  }
  statement.take()
  statement.expect(')')
  const src = statement.readRegister(dst.letter, sameWidth(dst)).number
  const opcode = familyOf(dst) | aluCode.mov | operandSource.register
  return statement.make({ opcode, dst: dst.number, src, offset })
}

function readNegation(statement: Statement, dst: RegisterOperand): Parsed {
  statement.expect('-')
  expectSame(statement, dst)
  return statement.make({ opcode: familyOf(dst) | aluCode.neg, dst: dst.number })
}

const byteSwap: ReadonlyMap<string, { readonly opcode: number; readonly bits: number }> = new Map(
  [16, 32, 64].flatMap((bits) => [
    [`le${bits}`, { opcode: instructionClass.alu | aluCode.end | byteOrderCode.le, bits }],
    [`be${bits}`, { opcode: instructionClass.alu | aluCode.end | byteOrderCode.be, bits }],
    [`bswap${bits}`, { opcode: instructionClass.alu64 | aluCode.end, bits }],
  ]),
)

function readByteSwap(
  statement: Statement,
  dst: RegisterOperand,
  { opcode, bits }: { readonly opcode: number; readonly bits: number },
): Parsed {
  if (dst.letter === 'w') statement.complain('byte swaps name the whole register, r and not w')
  statement.take()
  expectSame(statement, dst)
  return statement.make({ opcode, dst: dst.number, imm: bits })
}

/** Operations of one operand name it twice. */
function expectSame(statement: Statement, dst: RegisterOperand): void {
  const token = statement.next
  const { number } = statement.readRegister(dst.letter)
  if (number !== dst.number)
    statement.fail(`the register that is assigned to, ${dst.letter}${dst.number}`, token)
}

function readAddressSpaceCast(statement: Statement, dst: RegisterOperand): Parsed {
  statement.take()
  statement.expect('(')
  const src = statement.readRegister('r').number
  statement.expect(',')
  const to = statement.readNumber({ ...spaceField, name: 'the address space of the result' })
  statement.expect(',')
  const from = statement.readNumber({ ...spaceField, name: 'the address space of the operand' })
  statement.expect(')')
  return statement.make({
    opcode: aluCode.mov | operandSource.register | instructionClass.alu64,
    dst: dst.number,
    src,
    offset: addressSpaceCastOffset,
    imm: (to << 16) | from,
  })
}

const spaceField = { min: 0, max: 0xffff }
