import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
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
import { alignOf, array, codecOf, type FieldType, sizeOf, struct } from '../../../../src/asm/layout/struct.ts'

const scalars: readonly ScalarType[] = [u8, u16, u32, u64, s8, s16, s32, s64, be16, be32, be64]

/** Any value of a scalar type. */
function anyValueOf(type: ScalarType): fc.Arbitrary<number | bigint> {
  const { min, max } = scalarRange(type)
  const edges = fc.constantFrom(min, max, 0n)
  return fc.oneof(edges, fc.bigInt({ min, max })).map((value) => (type.size === 8 ? value : Number(value)))
}

/** Any layout with any of its values. */
const anyLayout: fc.Arbitrary<{ readonly type: FieldType; readonly value: unknown }> = fc.letrec<{
  layout: { readonly type: FieldType; readonly value: unknown }
}>((tie) => ({
  layout: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(...scalars).chain((type) => anyValueOf(type).map((value) => ({ type, value }))),
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
