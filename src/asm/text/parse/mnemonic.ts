import { jumpOps } from '../../isa/jump.ts'
import {
  type AccessSize,
  addressSpaceCastOffset,
  aluCode,
  atomicCode,
  byteOrderCode,
  instructionClass,
  jumpCode,
  loadImm64Opcode,
  modeCode,
  operandSource,
  signedDivisionOffset,
  sizeCodeOfBytes,
} from '../../isa/opcodes.ts'
import { readCalledMnemonic } from './call.ts'
import type { Parsed } from './parsed.ts'
import { type Address, positionField, storedField } from './pseudo-c-memory.ts'
import { readRawFields } from './raw-fields.ts'
import { bits32Field, type NumberField, offsetField, type Statement, signed32Field } from './statement.ts'
import { isWideReference, readWideNumber, readWideReference } from './wide-value.ts'

/** Reads one statement of the mnemonic syntax: all that `mnemonic` prints and all of the conformance suite. */
export function readMnemonic(statement: Statement): Parsed {
  if (statement.is('<')) return readRawFields(statement)
  const read = statements.get(statement.next.text)
  if (read === undefined) return statement.fail('an instruction')
  statement.take()
  return read(statement)
}

/** @returns whether a statement that begins with the word can be of this syntax. */
export function isMnemonic(word: string): boolean {
  return statements.has(word)
}

type Reader = (statement: Statement) => Parsed

const statements: ReadonlyMap<string, Reader> = new Map([
  ...arithmetic(),
  ...byteSwaps(),
  ...loadsAndStores(),
  ...jumps(),
  ['lddw', readWide],
  ['lock', readLocked],
  ['call', readCalledMnemonic],
  ['exit', (statement) => statement.make({ opcode: instructionClass.jmp | jumpCode.exit })],
  ['addr_space_cast', readAddressSpaceCast],
] satisfies [string, Reader][])

/** Names of one operation on 64 and on 32 bits: `add`, `add64`, `add32`. */
function widths(name: string, wide: number, narrow: number): [string, number][] {
  return [
    [name, wide],
    [`${name}64`, wide],
    [`${name}32`, narrow],
  ]
}

function arithmetic(): [string, Reader][] {
  const { neg, end: _, ...binary } = aluCode
  const operations: [string, number, number][] = [
    ...Object.entries(binary).map(([name, code]): [string, number, number] => [name, code, 0]),
    ['sdiv', aluCode.div, signedDivisionOffset],
    ['smod', aluCode.mod, signedDivisionOffset],
  ]
  const { alu64, alu } = instructionClass
  return [
    ...operations.flatMap(([name, code, offset]) =>
      widths(name, alu64 | code, alu | code).map(([word, opcode]): [string, Reader] => [
        word,
        (statement) => {
          const dst = readRegister(statement)
          statement.expect(',')
          return statement.make({ ...readOperand(statement, opcode), dst, offset })
        },
      ]),
    ),
    ...widths('neg', alu64 | neg, alu | neg).map(([word, opcode]): [string, Reader] => [
      word,
      (statement) => statement.make({ opcode, dst: readRegister(statement) }),
    ]),
    ...[8, 16, 32].flatMap((bits): [string, Reader][] => [
      ...(bits === 32 ? [] : [[`movsx${bits}32`, signExtension(alu, bits)] as [string, Reader]]),
      [`movsx${bits}64`, signExtension(alu64, bits)],
    ]),
  ]
}

function signExtension(family: number, offset: number): Reader {
  const opcode = family | aluCode.mov | operandSource.register
  return (statement) => {
    const dst = readRegister(statement)
    statement.expect(',')
    return statement.make({ opcode, dst, src: readRegister(statement), offset })
  }
}

function byteSwaps(): [string, Reader][] {
  const { alu, alu64 } = instructionClass
  const kinds = [
    ['le', alu | aluCode.end | byteOrderCode.le],
    ['be', alu | aluCode.end | byteOrderCode.be],
    ['bswap', alu64 | aluCode.end],
    ['swap', alu64 | aluCode.end],
  ] as const
  return kinds.flatMap(([name, opcode]) =>
    [16, 32, 64].map((imm): [string, Reader] => [
      `${name}${imm}`,
      (statement) => statement.make({ opcode, dst: readRegister(statement), imm }),
    ]),
  )
}

function loadsAndStores(): [string, Reader][] {
  const sizes: readonly [string, AccessSize][] = [
    ['b', 1],
    ['h', 2],
    ['w', 4],
    ['dw', 8],
  ]
  return sizes.flatMap(([letter, size]): [string, Reader][] => {
    const { ld, ldx, st, stx } = instructionClass
    const width = sizeCodeOfBytes[size]
    const narrow: [string, Reader][] = [
      [`ldxs${letter}`, load(ldx | modeCode.memsx | width, 0)],
      [
        `ldabs${letter}`,
        (s) => s.make({ opcode: ld | modeCode.abs | width, imm: s.readNumber(positionField) }),
      ],
      [`ldind${letter}`, packetLoad(ld | modeCode.ind | width)],
    ]
    return [
      [`ldx${letter}`, load(ldx | modeCode.mem | width, 0)],
      [`stx${letter}`, store(stx | modeCode.mem | width, 0)],
      [`ldacq${letter}`, load(stx | modeCode.atomic | width, atomicCode.load_acquire)],
      [`strel${letter}`, store(stx | modeCode.atomic | width, atomicCode.store_release)],
      [`st${letter}`, storeImmediate(st | modeCode.mem | width, storedHere(size))],
      ...(size === 8 ? [] : narrow),
    ]
  })
}

/** Immediates of this syntax are bits: `0xffffffff` is −1. */
function storedHere(size: AccessSize): NumberField {
  return size === 8 ? { ...bits32Field, name: storedField[8].name } : storedField[size]
}

function load(opcode: number, imm: number): Reader {
  return (statement) => {
    const dst = readRegister(statement)
    statement.expect(',')
    const { base, offset } = readPlace(statement)
    return statement.make({ opcode, dst, src: base, offset, imm })
  }
}

function store(opcode: number, imm: number): Reader {
  return (statement) => {
    const { base, offset } = readPlace(statement)
    statement.expect(',')
    return statement.make({ opcode, dst: base, src: readRegister(statement), offset, imm })
  }
}

function storeImmediate(opcode: number, field: NumberField): Reader {
  return (statement) => {
    const { base, offset } = readPlace(statement)
    statement.expect(',')
    return statement.make({ opcode, dst: base, offset, imm: statement.readNumber(field) | 0 })
  }
}

function packetLoad(opcode: number): Reader {
  return (statement) => {
    const src = readRegister(statement)
    return statement.make({
      opcode,
      src,
      imm: statement.accept(',') ? statement.readNumber(positionField) : 0,
    })
  }
}

function jumps(): [string, Reader][] {
  const { jmp, jmp32 } = instructionClass
  return [
    ...jumpOps.flatMap((name) =>
      widths(name, jmp | jumpCode[name], jmp32 | jumpCode[name]).map(([word, opcode]): [string, Reader] => [
        word,
        conditional(opcode),
      ]),
    ),
    ['ja', unconditional(jmp | jumpCode.ja)],
    ['may_goto', unconditional(jmp | jumpCode.jcond)],
    [
      'ja32',
      (statement) => {
        const target = statement.readTarget({ ...signed32Field, name: 'distance' })
        return statement.make({ opcode: jmp32 | jumpCode.ja, imm: target.distance ?? 0 }, target)
      },
    ],
  ]
}

function conditional(base: number): Reader {
  return (statement) => {
    const dst = readRegister(statement)
    statement.expect(',')
    const { opcode, ...operand } = readOperand(statement, base)
    statement.expect(',')
    const target = statement.readTarget(distanceField)
    return statement.make({ opcode, dst, ...operand, offset: target.distance ?? 0 }, target)
  }
}

function unconditional(opcode: number): Reader {
  return (statement) => {
    const target = statement.readTarget(distanceField)
    return statement.make({ opcode, offset: target.distance ?? 0 }, target)
  }
}

const distanceField: NumberField = { ...offsetField, name: 'distance', hint: 'jump to a label, or with ja32' }

function readWide(statement: Statement): Parsed {
  const dst = readRegister(statement)
  statement.expect(',')
  if (isWideReference(statement)) return readWideReference(statement, dst)
  return statement.make({ opcode: loadImm64Opcode, dst, imm64: readWideNumber(statement) })
}

const lockedNames: ReadonlySet<string> = new Set(['add', 'or', 'and', 'xor'])
const exchangeNames: ReadonlySet<string> = new Set(['xchg', 'cmpxchg'])

/** Reads `lock add32 [%r1+0], %r2`, after `lock`. */
function readLocked(statement: Statement): Parsed {
  const fetch = statement.accept('fetch')
  const word = statement.next.text
  const [, name = '', suffix] = /^([a-z]+?)(32|64)?$/.exec(word) ?? []
  const known = lockedNames.has(name) || (!fetch && exchangeNames.has(name))
  const code = known ? atomicCodes.get(fetch ? `fetch_${name}` : name) : undefined
  if (code === undefined) {
    return statement.fail(fetch ? 'add, or, and, xor' : 'add, or, and, xor, xchg, cmpxchg or fetch')
  }
  statement.take()
  const { base, offset } = readPlace(statement)
  statement.expect(',')
  return statement.make({
    opcode: instructionClass.stx | modeCode.atomic | sizeCodeOfBytes[suffix === '32' ? 4 : 8],
    dst: base,
    src: readRegister(statement),
    offset,
    imm: code,
  })
}

const atomicCodes: ReadonlyMap<string, number> = new Map(Object.entries(atomicCode))

function readAddressSpaceCast(statement: Statement): Parsed {
  const dst = readRegister(statement)
  statement.expect(',')
  const src = readRegister(statement)
  statement.expect(',')
  const to = statement.readNumber({ name: 'the address space of the result', min: 0, max: 0xffff })
  statement.expect(',')
  const from = statement.readNumber({ name: 'the address space of the operand', min: 0, max: 0xffff })
  return statement.make({
    opcode: aluCode.mov | operandSource.register | instructionClass.alu64,
    dst,
    src,
    offset: addressSpaceCastOffset,
    imm: (to << 16) | from,
  })
}

function readRegister(statement: Statement): number {
  return statement.readRegister('r').number
}

/** A register, or a number: the 32 bits of the immediate, as a signed or an unsigned number. */
function readOperand(
  statement: Statement,
  base: number,
): { readonly opcode: number; readonly src: number; readonly imm: number } {
  if (statement.isA('register')) {
    return { opcode: base | operandSource.register, src: readRegister(statement), imm: 0 }
  }
  if (!statement.isNumber()) return statement.fail('a register %r0 to %r10 or a number')
  return { opcode: base | operandSource.immediate, src: 0, imm: statement.readNumber(bits32Field) | 0 }
}

/** Reads `[%r1+4]`. */
function readPlace(statement: Statement): Address {
  statement.expect('[')
  const base = readRegister(statement)
  const offset = statement.is(']') ? 0 : statement.readNumber(offsetField)
  statement.expect(']')
  return { base, offset }
}
