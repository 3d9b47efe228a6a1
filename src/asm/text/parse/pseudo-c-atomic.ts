import {
  type AccessSize,
  atomicCode,
  instructionClass,
  modeCode,
  sizeCodeOfBytes,
} from '../../isa/opcodes.ts'
import { atomicFetchName, atomicOperator, codesOf } from '../pseudo-c-operators.ts'
import type { Parsed } from './parsed.ts'
import { type Address, readAddress, readPlace, readType } from './pseudo-c-memory.ts'
import type { RegisterOperand, Statement } from './statement.ts'

/** Reads `lock *(u64 *)(r1 + 0) += r2`. */
export function readLocked(statement: Statement): Parsed {
  statement.expect('lock')
  statement.expect('*')
  const size = readWordType(statement)
  const place = readPlace(statement)
  const code = operatorCode.get(statement.next.text)
  if (code === undefined) return statement.fail('"+=", "|=", "&=" or "^="')
  statement.take()
  return make(statement, size, place, statement.readRegister(letterOf(size)).number, code)
}

const operatorCode = codesOf(atomicOperator)

/** Reads `store_release((u32 *)(r1 + 0), w2)`. */
export function readStoreRelease(statement: Statement): Parsed {
  statement.take()
  statement.expect('(')
  const { size } = readType(statement)
  const place = readPlace(statement)
  statement.expect(',')
  const src = size === 8 ? statement.readRegister('r') : statement.readRegister()
  statement.expect(')')
  return make(statement, size, place, src.number, atomicCode.store_release)
}

interface Exchange {
  readonly code: number
  readonly size: 4 | 8
}

const exchanges: ReadonlyMap<string, Exchange> = new Map([
  ['xchg_64', { code: atomicCode.xchg, size: 8 }],
  ['xchg32_32', { code: atomicCode.xchg, size: 4 }],
  ['cmpxchg_64', { code: atomicCode.cmpxchg, size: 8 }],
  ['cmpxchg32_32', { code: atomicCode.cmpxchg, size: 4 }],
])

const fetches: ReadonlyMap<string, number> = new Map(
  [...codesOf(atomicFetchName)].map(([name, code]) => [`atomic_fetch_${name}`, code]),
)

/** @returns whether a value that begins with the word is one of {@link readAtomicValue}. */
export function isAtomicWord(word: string): boolean {
  return word === 'load_acquire' || exchanges.has(word) || fetches.has(word)
}

/** Reads what stands behind `r2 =`: `load_acquire(…)`, `atomic_fetch_add(…)`, `xchg_64(…)`, `cmpxchg_64(…)`. */
export function readAtomicValue(statement: Statement, dst: RegisterOperand): Parsed {
  const word = statement.take().text
  statement.expect('(')
  const exchange = exchanges.get(word)
  const parsed =
    exchange === undefined ? readTyped(statement, dst, word) : readExchange(statement, dst, exchange)
  return parsed
}

function readTyped(statement: Statement, dst: RegisterOperand, word: string): Parsed {
  const fetch = fetches.get(word)
  if (fetch === undefined) return readLoadAcquire(statement, dst)
  const size = readWordType(statement)
  const place = readPlace(statement)
  statement.expect(',')
  const src = readResult(statement, dst, size)
  statement.expect(')')
  return make(statement, size, place, src, fetch)
}

function readLoadAcquire(statement: Statement, dst: RegisterOperand): Parsed {
  const { size } = readType(statement)
  const { base, offset } = readPlace(statement)
  statement.expect(')')
  if (size === 8 && dst.letter === 'w') statement.complain(`w${dst.number} cannot hold a u64`)
  return statement.make({
    opcode: instructionClass.stx | modeCode.atomic | sizeCodeOfBytes[size],
    dst: dst.number,
    src: base,
    offset,
    imm: atomicCode.load_acquire,
  })
}

function readExchange(statement: Statement, dst: RegisterOperand, { code, size }: Exchange): Parsed {
  const place = readAddress(statement)
  statement.expect(',')
  const letter = letterOf(size)
  let src: number
  if (code === atomicCode.cmpxchg) {
    if (dst.number !== 0 || dst.letter !== letter)
      statement.complain(`cmpxchg gives its result in ${letter}0`)
    statement.expect(`${letter}0`)
    statement.expect(',')
    src = statement.readRegister(letter).number
  } else {
    src = readResult(statement, dst, size)
  }
  statement.expect(')')
  return make(statement, size, place, src, code)
}

/** The operand that the old value replaces: the register that is assigned to. */
function readResult(statement: Statement, dst: RegisterOperand, size: 4 | 8): number {
  const token = statement.next
  const { number, letter } = statement.readRegister(letterOf(size))
  if (number !== dst.number || letter !== dst.letter) {
    statement.fail(`the register that is assigned to (${letterOf(size)}${dst.number})`, token)
  }
  return number
}

function readWordType(statement: Statement): 4 | 8 {
  const start = statement.next
  const { size } = readType(statement)
  if (size !== 4 && size !== 8) return statement.fail('(u32 *) or (u64 *)', start)
  return size
}

function letterOf(size: 4 | 8): 'r' | 'w' {
  return size === 8 ? 'r' : 'w'
}

function make(statement: Statement, size: AccessSize, place: Address, src: number, imm: number): Parsed {
  return statement.make({
    opcode: instructionClass.stx | modeCode.atomic | sizeCodeOfBytes[size],
    dst: place.base,
    src,
    offset: place.offset,
    imm,
  })
}
