import type { SymbolReference } from '../../isa/instruction.ts'
import { loadImm64Kind, loadImm64Opcode } from '../../isa/opcodes.ts'
import type { Parsed } from './parsed.ts'
import { bits32Field, type NumberField, type Statement, signed32Field } from './statement.ts'

/** Reads a 64-bit number, signed or unsigned. @returns it, unsigned */
export function readWideNumber(statement: Statement): bigint {
  const start = statement.next
  const text = statement.readDigits('a 64-bit value')
  const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text)
  if (value < -(1n << 63n) || value >= 1n << 64n) {
    statement.complain(`the value must be -2^63 to 2^64-1, got ${text}`, start)
  }
  return BigInt.asUintN(64, value)
}

/** Whether a value of {@link readWideReference} comes next. */
export function isWideReference(statement: Statement): boolean {
  return statement.is('map') || statement.is('btf') || statement.is('subprog')
}

/**
 * Reads what else an `ld_imm64` can load, in both syntaxes written alike:
 *
 *     map[services]   map[fd:5]   map[idx:2]   map[services][0]+16   map[fd:5][0]+16   map[idx:2][0]+16
 *     btf[id:77]   btf[fd:4 id:77]   subprog[+7]   subprog[callback]
 */
export function readWideReference(statement: Statement, dst: number): Parsed {
  const kind = statement.take().text
  statement.expect('[')
  if (kind === 'btf') return readBtf(statement, dst)
  if (kind === 'subprog') return readFunction(statement, dst)
  return readMap(statement, dst)
}

function readBtf(statement: Statement, dst: number): Parsed {
  const fd = readNumbered(statement, 'fd', 'the BTF fd')
  const id = readNumbered(statement, 'id', 'the BTF id')
  if (id === undefined) return statement.fail('"id:" and a BTF id')
  statement.expect(']')
  return make(statement, dst, loadImm64Kind.btfId, id, fd ?? 0)
}

function readFunction(statement: Statement, dst: number): Parsed {
  const target = statement.readTarget({ ...signed32Field, name: 'distance' })
  statement.expect(']')
  const imm64 = BigInt.asUintN(32, BigInt(target.distance ?? 0))
  return statement.make({ opcode: loadImm64Opcode, dst, src: loadImm64Kind.function, imm64 }, target)
}

function readMap(statement: Statement, dst: number): Parsed {
  const fd = readNumbered(statement, 'fd', 'the map fd')
  const index = fd === undefined ? readNumbered(statement, 'idx', 'the index') : undefined
  const name = fd === undefined && index === undefined ? readMapName(statement) : undefined
  statement.expect(']')
  const symbol = name === undefined ? undefined : ({ kind: 'map', name } as const)
  const low = fd ?? index ?? 0
  if (!statement.accept('[')) {
    return make(
      statement,
      dst,
      index === undefined ? loadImm64Kind.mapFd : loadImm64Kind.mapIndex,
      low,
      0,
      symbol,
    )
  }
  statement.expect('0')
  statement.expect(']')
  const offset = statement.readNumber({ ...unsigned32, name: 'the offset in the value' })
  const kind = index === undefined ? loadImm64Kind.mapValue : loadImm64Kind.mapIndexValue
  return make(statement, dst, kind, low, offset, symbol)
}

/** Map names are made of letters, digits, `_` and `.`, and can be any word, even one that begins with a digit. */
function readMapName(statement: Statement): string {
  const { next } = statement
  if (next.kind === 'symbol' || next.kind === 'end' || !/^[A-Za-z0-9_.]+$/.test(next.text)) {
    return statement.fail('a map’s name, "fd:" or "idx:"')
  }
  return statement.take().text
}

const unsigned32: NumberField = { name: 'offset', min: 0, max: 0xffff_ffff }

function readNumbered(statement: Statement, word: string, name: string): number | undefined {
  if (!statement.is(word)) return undefined
  // A map can be called `fd`: only the colon tells.
  if (!statement.isFollowedBy(':')) return undefined
  statement.take()
  statement.take()
  return statement.readNumber({ ...bits32Field, name })
}

function make(
  statement: Statement,
  dst: number,
  src: number,
  low: number,
  high: number,
  symbol?: SymbolReference,
): Parsed {
  const imm64 = (BigInt.asUintN(32, BigInt(high)) << 32n) | BigInt.asUintN(32, BigInt(low))
  const fields = { opcode: loadImm64Opcode, dst, src, imm64 }
  return statement.make(symbol === undefined ? fields : { ...fields, symbol })
}
