import { type BtfType, btfKinds, btfLinkages } from './types.ts'
import { infoFlag, infoKind, infoVlen, intEncoding, typeWords } from './wire-format.ts'

/** One type record and what is needed to read it. */
export interface TypeRecord {
  readonly words: Uint32Array
  /** Index of the record's first word. The whole record is known to lie within `words`. */
  readonly at: number
  /** The string at an offset. @throws {BtfError} when there is none */
  string(offset: number): string
  /** `id` itself. @throws {BtfError} when no type has this id */
  reference(id: number): number
  /** @throws {BtfError} always: the record is malformed for `reason` */
  fail(reason: string): never
}

/** Reads one record into a value. @throws {BtfError} `BTF_MALFORMED` */
export function decodeType(record: TypeRecord): BtfType {
  const { at } = record
  const name = (): string => record.string(word(record, at))
  const info = word(record, at + 1)
  const vlen = infoVlen(info)
  const flag = infoFlag(info)
  const size = word(record, at + 2)
  const type = (): number => record.reference(size)
  const tail = at + typeWords
  switch (infoKind(info)) {
    case btfKinds.int: {
      const data = word(record, tail)
      const encoding = (data >>> 24) & 0xf
      return {
        kind: 'int',
        name: name(),
        size,
        bits: data & 0xff,
        bitOffset: (data >>> 16) & 0xff,
        signed: (encoding & intEncoding.signed) !== 0,
        char: (encoding & intEncoding.char) !== 0,
        bool: (encoding & intEncoding.bool) !== 0,
      }
    }
    case btfKinds.ptr:
      return { kind: 'ptr', type: type() }
    case btfKinds.array:
      return {
        kind: 'array',
        element: record.reference(word(record, tail)),
        index: record.reference(word(record, tail + 1)),
        length: word(record, tail + 2),
      }
    case btfKinds.struct:
      return { kind: 'struct', name: name(), size, members: members(record, tail, vlen, flag) }
    case btfKinds.union:
      return { kind: 'union', name: name(), size, members: members(record, tail, vlen, flag) }
    case btfKinds.enum: {
      const values = elements(vlen, (i) => {
        const value = word(record, tail + i * 2 + 1)
        return { name: record.string(word(record, tail + i * 2)), value: flag ? value | 0 : value }
      })
      return { kind: 'enum', name: name(), size, signed: flag, values }
    }
    case btfKinds.fwd:
      return { kind: 'fwd', name: name(), union: flag }
    case btfKinds.typedef:
      return { kind: 'typedef', name: name(), type: type() }
    case btfKinds.volatile:
      return { kind: 'volatile', type: type() }
    case btfKinds.const:
      return { kind: 'const', type: type() }
    case btfKinds.restrict:
      return { kind: 'restrict', type: type() }
    case btfKinds.func:
      return { kind: 'func', name: name(), type: type(), linkage: linkage(record, vlen) }
    case btfKinds.func_proto: {
      const parameters = elements(vlen, (i) => ({
        name: record.string(word(record, tail + i * 2)),
        type: record.reference(word(record, tail + i * 2 + 1)),
      }))
      return { kind: 'func_proto', returns: type(), parameters }
    }
    case btfKinds.var:
      return { kind: 'var', name: name(), type: type(), linkage: linkage(record, word(record, tail)) }
    case btfKinds.datasec: {
      const variables = elements(vlen, (i) => ({
        type: record.reference(word(record, tail + i * 3)),
        offset: word(record, tail + i * 3 + 1),
        size: word(record, tail + i * 3 + 2),
      }))
      return { kind: 'datasec', name: name(), size, variables }
    }
    case btfKinds.float:
      return { kind: 'float', name: name(), size }
    case btfKinds.decl_tag:
      return {
        kind: 'decl_tag',
        name: name(),
        type: type(),
        component: word(record, tail) | 0,
        attribute: flag,
      }
    case btfKinds.type_tag:
      return { kind: 'type_tag', name: name(), type: type(), attribute: flag }
    case btfKinds.enum64: {
      const values = elements(vlen, (i) => {
        const low = BigInt(word(record, tail + i * 3 + 1))
        const value = low | (BigInt(word(record, tail + i * 3 + 2)) << 32n)
        return {
          name: record.string(word(record, tail + i * 3)),
          value: flag ? BigInt.asIntN(64, value) : value,
        }
      })
      return { kind: 'enum64', name: name(), size, signed: flag, values }
    }
    default:
      return { kind: 'unknown', kindNumber: infoKind(info), name: name() }
  }
}

function members(record: TypeRecord, tail: number, vlen: number, flag: boolean) {
  return elements(vlen, (i) => {
    const offset = word(record, tail + i * 3 + 2)
    return {
      name: record.string(word(record, tail + i * 3)),
      type: record.reference(word(record, tail + i * 3 + 1)),
      // With kind_flag the upper eight bits are a bit-field's size.
      bitOffset: flag ? offset & 0xffffff : offset,
      bitSize: flag ? offset >>> 24 : 0,
    }
  })
}

function linkage(record: TypeRecord, value: number) {
  return btfLinkages[value] ?? record.fail(`linkage ${value}`)
}

function elements<T>(count: number, read: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => read(index))
}

function word(record: TypeRecord, index: number): number {
  return record.words[index] ?? record.fail('the record is cut short')
}
