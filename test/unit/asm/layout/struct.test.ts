import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bits } from '../../../../src/asm/layout/bits.ts'
import { bytes, chars } from '../../../../src/asm/layout/bytes.ts'
import { rawCodec } from '../../../../src/asm/layout/codec.ts'
import {
  be16,
  be32,
  be64,
  type ScalarType,
  s8,
  s16,
  s32,
  s64,
  scalarRange,
  u8,
  u16,
  u32,
  u64,
} from '../../../../src/asm/layout/scalar.ts'
import {
  alignOf,
  array,
  codecOf,
  type FieldType,
  sizeOf,
  struct,
  union,
} from '../../../../src/asm/layout/struct.ts'
import { be128 } from '../../../../src/asm/layout/wide.ts'

const scalars: readonly ScalarType[] = [u8, u16, u32, u64, s8, s16, s32, s64, be16, be32, be64]

/** Any value of a scalar type. */
function anyValueOf(type: ScalarType): fc.Arbitrary<number | bigint> {
  const { min, max } = scalarRange(type)
  const edges = fc.constantFrom(min, max, 0n)
  return fc.oneof(edges, fc.bigInt({ min, max })).map((value) => (type.size === 8 ? value : Number(value)))
}

/** Any division of an integer into two or three parts, with values of them. */
const anyBits: fc.Arbitrary<{ readonly type: FieldType; readonly value: unknown }> = fc
  .record({
    base: fc.constantFrom(u8, u16, u32, u64, be16, be32, be64),
    cuts: fc.tuple(fc.nat(), fc.nat()),
    numbers: fc.tuple(fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n })),
    first: fc.constantFrom('highest' as const, 'lowest' as const),
  })
  .map(({ base, cuts, numbers, first }) => {
    const total = base.size * 8
    const edges = [...new Set([0, ...cuts.map((cut) => cut % total), total])].sort((a, b) => a - b)
    const widths = edges.slice(1).map((edge, i) => edge - (edges[i] ?? 0))
    const type = bits<typeof base.name, Record<string, number>>(
      base as typeof u32,
      Object.fromEntries(widths.map((width, i) => [`p${i}`, width])),
      { first },
    )
    const value = widths.map((width, i) => {
      const part = (numbers[i] ?? 0n) & ((1n << BigInt(width)) - 1n)
      return [`p${i}`, base.size === 8 ? part : Number(part)]
    })
    return { type: type as FieldType, value: Object.fromEntries(value) }
  })

/** Any layout with any of its values. */
const anyLayout: fc.Arbitrary<{ readonly type: FieldType; readonly value: unknown }> = fc.letrec<{
  layout: { readonly type: FieldType; readonly value: unknown }
}>((tie) => ({
  layout: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(...scalars).chain((type) => anyValueOf(type).map((value) => ({ type, value }))),
    fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map((value) => ({ type: be128, value })),
    fc.uint8Array({ minLength: 1, maxLength: 9 }).map((value) => ({ type: bytes(value.length), value })),
    fc
      .string({ unit: 'grapheme', maxLength: 6 })
      .filter((value) => !value.includes('\0'))
      .map((value) => ({ type: chars(new TextEncoder().encode(value).length + 1), value })),
    anyBits,
    fc
      .array(tie('layout'), { minLength: 1, maxLength: 3 })
      .map(([first]) => first)
      .filter((first) => first !== undefined)
      .chain(({ type, value }) =>
        fc.integer({ min: 1, max: 3 }).map((length) => ({
          type: array(type, length),
          value: Array.from({ length }, () => value),
        })),
      ),
    fc
      .tuple(fc.array(tie('layout'), { minLength: 1, maxLength: 5 }), fc.boolean())
      .map(([fields, packed]) => ({
        type: struct('any', Object.fromEntries(fields.map(({ type }, i) => [`f${i}`, type])), { packed }),
        value: Object.fromEntries(fields.map(({ value }, i) => [`f${i}`, value])),
      })),
  ),
})).layout

describe('codecs', () => {
  test('decode what they encoded, whatever the layout', () => {
    fc.assert(
      fc.property(anyLayout, ({ type, value }) => {
        const codec = codecOf(type)
        const bytes = codec.encode(value as never)
        expect(bytes.byteLength).toBe(codec.size)
        expect(codec.decode(bytes)).toEqual(value)
      }),
    )
  })

  test('decode the start of longer bytes, wherever they lie', () => {
    fc.assert(
      fc.property(anyLayout, fc.nat({ max: 9 }), ({ type, value }, before) => {
        const codec = codecOf(type)
        const longer = new Uint8Array(before + codec.size + 3).fill(0xee)
        longer.set(codec.encode(value as never), before)
        expect(codec.decode(longer.subarray(before))).toEqual(value)
      }),
    )
  })

  test('write zeroes where no field is', () => {
    fc.assert(
      fc.property(anyLayout, ({ type, value }) => {
        fc.pre(type.kind === 'struct')
        const bytes = codecOf(type).encode(value as never)
        for (const { offset, length } of type.kind === 'struct' ? type.holes : [])
          expect([...bytes.subarray(offset, offset + length)]).toEqual(new Array(length).fill(0))
      }),
    )
  })

  test('fields and holes cover every byte once', () => {
    const covered = (type: FieldType, at: number, bytes: number[]): void => {
      if (type.kind === 'scalar') {
        for (let i = 0; i < type.size; i++) bytes[at + i] = (bytes[at + i] ?? 0) + 1
      } else if (type.kind === 'array') {
        for (let i = 0; i < type.length; i++) covered(type.element, at + i * sizeOf(type.element), bytes)
      } else if (type.kind !== 'struct') {
        for (let i = 0; i < sizeOf(type); i++) bytes[at + i] = (bytes[at + i] ?? 0) + 1
      } else {
        for (const field of Object.values(type.fields)) covered(field.type, at + field.offset, bytes)
      }
    }
    fc.assert(
      fc.property(anyLayout, ({ type }) => {
        fc.pre(type.kind === 'struct')
        if (type.kind !== 'struct') return
        const bytes = new Array<number>(type.size).fill(0)
        covered(type, 0, bytes)
        for (const { offset, length } of type.holes)
          for (let i = offset; i < offset + length; i++) bytes[i] = (bytes[i] ?? 0) + 1
        expect(bytes).toEqual(new Array(type.size).fill(1))
      }),
    )
  })

  test('bytes are in the order that the type says', () => {
    const T = struct('t', { host: u32, network: be32, port: be16, wide: be64 })
    const bytes = T.encode({ host: 0x01020304, network: 0x01020304, port: 0x0102, wide: 0x0102030405060708n })
    expect([...bytes]).toEqual([4, 3, 2, 1, 1, 2, 3, 4, 1, 2, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('be128 are 16 bytes in network order', () => {
    const address = 0x20010db8_00000000_00000000_00000001n
    const encoded = codecOf(be128).encode(address)
    expect([...encoded]).toEqual([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    expect([sizeOf(be128), alignOf(be128)]).toEqual([16, 4])
  })

  test('strings end at the first zero byte, and may fill the array when they are read', () => {
    expect([...codecOf(chars(6)).encode('eth0')]).toEqual([...new TextEncoder().encode('eth0'), 0, 0])
    expect(codecOf(chars(4)).decode(new TextEncoder().encode('eth0'))).toBe('eth0')
    expect(codecOf(chars(4)).decode(Uint8Array.of(0x61, 0, 0x62, 0))).toBe('a')
    expect(codecOf(chars(2)).decode(Uint8Array.of(0xff, 0))).toBe('\ufffd')
  })

  test('bit-fields of packets begin with the highest bits, those of C with the lowest', () => {
    const Fragment = bits(be16, { reserved: 1, dont: 1, more: 1, offset: 13 })
    expect([...codecOf(Fragment).encode({ reserved: 0, dont: 1, more: 0, offset: 0x123 })]).toEqual([
      0x41, 0x23,
    ])
    expect(codecOf(Fragment).decode(Uint8Array.of(0x20, 0xff))).toEqual({
      reserved: 0,
      dont: 0,
      more: 1,
      offset: 255,
    })
    const InC = bits(u16, { low: 1, middle: 11, high: 4 }, { first: 'lowest' })
    expect([...codecOf(InC).encode({ low: 1, middle: 0x7ff, high: 0xa })]).toEqual([0xff, 0xaf])
  })

  test('64 bits take plain numbers, too', () => {
    expect(codecOf(u64).encode(5 as never)).toEqual(codecOf(u64).encode(5n))
  })

  test('raw bytes are copied both ways', () => {
    const codec = rawCodec(3)
    const bytes = Uint8Array.of(1, 2, 3)
    const encoded = codec.encode(bytes)
    expect(encoded).toEqual(bytes)
    expect(encoded).not.toBe(bytes)
    expect(codec.decode(Uint8Array.of(1, 2, 3, 4))).toEqual(bytes)
    expect(() => codec.encode(Uint8Array.of(1))).toThrow(new RangeError('expected 3 bytes, got 1'))
    expect(() => codec.decode(Uint8Array.of(1))).toThrow(new RangeError('expected 3 bytes, got 1'))
  })
})

describe('offsets', () => {
  const offsets = (type: { readonly fields: Record<string, { readonly offset: number }> }): number[] =>
    Object.values(type.fields).map((field) => field.offset)

  test('are those of C: each field at the next multiple of its alignment', () => {
    const T = struct('t', { a: u8, b: u16, c: u8, d: u64, e: u8 })
    expect(offsets(T)).toEqual([0, 2, 4, 8, 16])
    expect([T.size, T.align]).toEqual([24, 8])
    expect(T.holes).toEqual([
      { offset: 1, length: 1 },
      { offset: 5, length: 3 },
      { offset: 17, length: 7 },
    ])
  })

  test('structs and arrays inside are aligned as their own fields are', () => {
    const Inner = struct('inner', { x: u8, y: u32 })
    const T = struct('t', { a: u8, inner: Inner, list: array(Inner, 2), b: u8, short: array(u16, 3) })
    expect(offsets(T)).toEqual([0, 4, 12, 28, 30])
    expect([T.size, T.align]).toEqual([36, 4])
    expect(T.holes).toEqual([
      { offset: 1, length: 3 },
      { offset: 5, length: 3 },
      { offset: 13, length: 3 },
      { offset: 21, length: 3 },
      { offset: 29, length: 1 },
    ])
  })

  test('packed: one after the other', () => {
    const T = struct('t', { a: u8, b: be32, c: u64 }, { packed: true })
    expect(offsets(T)).toEqual([0, 1, 5])
    expect([T.size, T.align, T.holes]).toEqual([13, 1, []])
  })

  test('sizes and alignments of fields', () => {
    expect(scalars.map(sizeOf)).toEqual([1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8])
    expect(alignOf(array(array(u16, 3), 5))).toBe(2)
    expect(sizeOf(array(array(u16, 3), 5))).toBe(30)
  })
})

describe('unions', () => {
  const Address = union('address', { v4: be32, v6: be128, words: array(be32, 4) })

  test('are as large and as aligned as their largest members; every member is at the start', () => {
    expect([Address.size, Address.align, Address.holes]).toEqual([16, 4, []])
    expect(Object.values(Address.fields).map((field) => field.offset)).toEqual([0, 0, 0])
    const Odd = union('odd', { a: bytes(5), b: u32 })
    expect([Odd.size, Odd.holes]).toEqual([8, [{ offset: 5, length: 3 }]])
  })

  test('bytes that no member has are holes of a struct around them', () => {
    const Inner = struct('inner', { a: u8, b: u16 })
    const T = struct('t', { kind: u32, what: union('what', { inner: Inner, byte: u8 }) })
    expect(T.holes).toEqual([{ offset: 5, length: 1 }])
  })

  test('are encoded from any member, the rest zero, and decoded to all of them', () => {
    const encoded = Address.encode({ v4: 0x0a000001 })
    expect([...encoded]).toEqual([10, 0, 0, 1, ...new Array(12).fill(0)])
    expect(Address.decode(encoded)).toEqual({
      v4: 0x0a000001,
      v6: 0x0a000001n << 96n,
      words: [0x0a000001, 0, 0, 0],
    })
  })

  test('what was decoded can be encoded again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (random) => {
        expect(Address.encode(Address.decode(random))).toEqual(random)
      }),
    )
  })

  test('members that contradict each other, and none at all, are refused', () => {
    expect(() => Address.encode({ v4: 1, v6: 1n })).toThrow(
      new RangeError('"address" got "v4" and "v6", which contradict each other'),
    )
    expect(() => Address.encode({})).toThrow(new TypeError('"address" expected one of v4, v6, words'))
    expect(() => Address.encode(5 as never)).toThrow(
      new TypeError('"address" expected an object (union address)'),
    )
    expect(() => Address.decode(new Uint8Array(3))).toThrow(
      new RangeError('union address is 16 bytes, got 3'),
    )
  })
})

describe('errors name what does not fit', () => {
  const Inner = struct('inner', { port: be16 })
  const T = struct('t', { a: u8, list: array(Inner, 2), wide: s64 })
  const good = { a: 1, list: [{ port: 1 }, { port: 2 }], wide: 1n }
  const encode = (value: unknown) => () => T.encode(value as never)

  test.each<[string, unknown, Error]>([
    ['too large', { ...good, a: 256 }, new RangeError('"t.a" expected u8 (0..255), got 256')],
    ['negative', { ...good, a: -1 }, new RangeError('"t.a" expected u8 (0..255), got -1')],
    ['a fraction', { ...good, a: 1.5 }, new RangeError('"t.a" expected an integer (u8), got 1.5')],
    ['no number', { ...good, a: '1' }, new TypeError('"t.a" expected number (u8), got string')],
    ['a bigint for 8 bits', { ...good, a: 1n }, new TypeError('"t.a" expected number (u8), got bigint')],
    ['missing', { list: good.list, wide: 1n }, new TypeError('"t.a" expected number (u8), got undefined')],
    ['null', { ...good, wide: null }, new TypeError('"t.wide" expected bigint (s64), got null')],
    [
      'beyond 64 bits',
      { ...good, wide: 1n << 63n },
      new RangeError(
        '"t.wide" expected s64 (-9223372036854775808..9223372036854775807), got 9223372036854775808',
      ),
    ],
    ['too few elements', { ...good, list: [{ port: 1 }] }, new TypeError('"t.list" expected 2 elements')],
    ['no list', { ...good, list: undefined }, new TypeError('"t.list" expected 2 elements')],
    [
      'deep inside',
      { ...good, list: [{ port: 1 }, { port: 70000 }] },
      new RangeError('"t.list[1].port" expected be16 (0..65535), got 70000'),
    ],
    ['no object', { ...good, list: [1, 2] }, new TypeError('"t.list[0]" expected an object (struct inner)')],
  ])('%s', (_, value, error) => {
    expect(encode(value)).toThrow(error)
  })

  const Others = struct('o', {
    wide: be128,
    mac: bytes(6),
    name: chars(4),
    flags: bits(u8, { high: 4, low: 4 }),
    long: bits(u64, { all: 64 }),
  })
  const others = {
    wide: 1n,
    mac: new Uint8Array(6),
    name: 'abc',
    flags: { high: 1, low: 2 },
    long: { all: 1n },
  }
  test.each<[string, unknown, Error]>([
    [
      'a number for 128 bits',
      { ...others, wide: 1 },
      new TypeError('"o.wide" expected bigint (be128), got number'),
    ],
    [
      'beyond 128 bits',
      { ...others, wide: 1n << 128n },
      new RangeError(`"o.wide" expected be128 (0..2^128-1), got ${1n << 128n}`),
    ],
    ['no bytes', { ...others, mac: [1, 2, 3, 4, 5, 6] }, new TypeError('"o.mac" expected a Uint8Array')],
    [
      'too few bytes',
      { ...others, mac: new Uint8Array(5) },
      new RangeError('"o.mac" expected 6 bytes, got 5'),
    ],
    ['no string', { ...others, name: 5 }, new TypeError('"o.name" expected string, got number')],
    [
      'a string without room for its end',
      { ...others, name: 'eth0' },
      new RangeError('"o.name" expected at most 3 bytes of UTF-8, got 4'),
    ],
    [
      'a string with a zero',
      { ...others, name: 'a\0' },
      new RangeError('"o.name" expected a string without zero characters'),
    ],
    [
      'a part that is too large',
      { ...others, flags: { high: 16, low: 0 } },
      new RangeError('"o.flags.high" expected 4 bits (0..15), got 16'),
    ],
    [
      'a part missing',
      { ...others, flags: { high: 1 } },
      new TypeError('"o.flags.low" expected number, got undefined'),
    ],
    [
      'half a part',
      { ...others, flags: { high: 0.5, low: 0 } },
      new RangeError('"o.flags.high" expected an integer, got 0.5'),
    ],
    ['a number for parts', { ...others, flags: 5 }, new TypeError('"o.flags" expected an object (bits)')],
    [
      'a string for a long part',
      { ...others, long: { all: '' } },
      new TypeError('"o.long.all" expected bigint, got string'),
    ],
  ])('%s', (_, value, error) => {
    expect(() => Others.encode(value as never)).toThrow(error)
  })

  test('too few bytes', () => {
    expect(() => T.decode(new Uint8Array(T.size - 1))).toThrow(new RangeError('struct t is 16 bytes, got 15'))
    expect(() => codecOf(u32).decode(new Uint8Array(3))).toThrow(new RangeError('expected 4 bytes, got 3'))
  })
})

describe('declarations that make no layout', () => {
  test.each<[string, () => unknown, string]>([
    ['a name that C does not have', () => struct('a b', { x: u8 }), 'struct name "a b" is not an identifier'],
    ['no name', () => struct('', { x: u8 }), 'struct name "" is not an identifier'],
    ['no fields', () => struct('t', {}), 'struct "t" has no fields'],
    ['an empty array', () => array(u8, 0), 'array length must be a positive integer, got 0'],
    ['a union without members', () => union('u', {}), 'union "u" has no members'],
    [
      'a union with a name that C does not have',
      () => union('u v', { x: u8 }),
      'union name "u v" is not an identifier',
    ],
    [
      'a member whose name is a number',
      () => union('u', { 1: u8 }),
      'union "u": member name "1" is not an identifier',
    ],
    ['no bytes', () => bytes(0), 'bytes expects a positive integer, got 0'],
    ['half a char', () => chars(1.5), 'chars expects a positive integer, got 1.5'],
    ['too few bits', () => bits(u8, { a: 4, b: 3 }), 'bits: the parts have 7 bits, u8 has 8'],
    ['no bits', () => bits(u8, { a: 8, b: 0 }), 'bits: the width of "b" must be a positive integer, got 0'],
    [
      'bits with the name of a property',
      () => bits(u8, { add: 8 }),
      'bits: "add" is a property of every integer, not a name',
    ],
    ['bits without a proper name', () => bits(u8, { 'a-b': 8 }), 'bits: the name "a-b" is not an identifier'],
    ['half an array', () => array(u8, 1.5), 'array length must be a positive integer, got 1.5'],
    [
      // JavaScript puts such keys before all others: the fields would change places.
      'a field whose name is a number',
      () => struct('t', { b: u8, 1: u16 }),
      'struct "t": field name "1" is not an identifier',
    ],
  ])('%s', (_, declare, message) => {
    expect(declare).toThrow(new RangeError(message))
  })
})
