import { describe, expect, test } from 'vitest'
import { Btf } from '../../../../src/asm/btf/reader.ts'
import type { BtfDefinition } from '../../../../src/asm/btf/types.ts'
import { BtfWriter } from '../../../../src/asm/btf/writer.ts'

const refused = (message: string) =>
  expect.objectContaining({ code: 'BTF_WRITE', message: expect.stringContaining(message) })

describe('BtfWriter', () => {
  test('writes the bytes that include/uapi/linux/btf.h describes', () => {
    const writer = new BtfWriter()
    writer.int('int', 4, { signed: true })
    const bytes = writer.finish()
    const words = new DataView(bytes.buffer)
    expect([...bytes.subarray(0, 4)]).toEqual([0x9f, 0xeb, 1, 0])
    expect(Array.from({ length: 9 }, (_, i) => words.getUint32(4 + i * 4, true))).toEqual([
      24, 0, 16, 16, 5, 1, 0x01000000, 4, 0x01000020,
    ])
    expect(new TextDecoder().decode(bytes.subarray(40))).toBe('\0int\0')
  })

  test('an empty blob is one the reader takes', () => {
    expect(Btf.parse(new BtfWriter().finish()).typeCount).toBe(0)
  })

  test('stores a string once and tells its offset', () => {
    const writer = new BtfWriter()
    expect(writer.string('')).toBe(0)
    expect(writer.string('lb.ts')).toBe(1)
    writer.fwd('lb.ts')
    expect(writer.string('größe')).toBe(7)
    expect(writer.string('lb.ts')).toBe(1)
    expect(new TextDecoder().decode(writer.finish().subarray(24 + 12))).toBe('\0lb.ts\0größe\0')
  })

  test('can be finished again after more was added', () => {
    const writer = new BtfWriter()
    writer.fwd('a')
    const first = writer.finish()
    writer.fwd('b')
    expect(writer.finish().length).toBe(first.length + 12 + 2)
  })

  test('refuses a reference to a type that never came, and a reserved id without type', () => {
    const writer = new BtfWriter()
    writer.ptr(2)
    expect(() => writer.finish()).toThrow(refused('a type id is 2, expected 0 to 1'))
    const other = new BtfWriter()
    other.reserve()
    expect(() => other.finish()).toThrow(refused('reserved'))
  })

  test('refuses to define an id twice, or one it does not have', () => {
    const writer = new BtfWriter()
    const id = writer.reserve()
    writer.define(id, { kind: 'fwd', name: 'a', union: false })
    for (const wrong of [id, 0, 2, -1])
      expect(() => writer.define(wrong, { kind: 'fwd', name: 'b', union: false })).toThrow(
        refused(`${wrong}`),
      )
  })

  const int = {
    kind: 'int',
    name: 'i',
    size: 4,
    bits: 32,
    bitOffset: 0,
    signed: false,
    char: false,
    bool: false,
  }
  test.each([
    ['a size that is negative', { ...int, size: -1 }],
    ['a size that is not whole', { ...int, size: 1.5 }],
    ['a size beyond 32 bits', { ...int, size: 2 ** 32 }],
    ['256 bits', { ...int, bits: 256 }],
    ['a name with NUL', { kind: 'fwd', name: 'a\0b', union: false }],
    [
      'an unsigned value below 0',
      { kind: 'enum', name: '', size: 4, signed: false, values: [{ name: 'a', value: -1 }] },
    ],
    [
      'a signed value beyond 2^31',
      { kind: 'enum', name: '', size: 4, signed: true, values: [{ name: 'a', value: 2 ** 31 }] },
    ],
    [
      'an unsigned value beyond 2^64',
      { kind: 'enum64', name: '', size: 8, signed: false, values: [{ name: 'a', value: 2n ** 64n }] },
    ],
    [
      'a bit-field beyond 2^24 bits',
      {
        kind: 'struct',
        name: '',
        size: 4,
        members: [{ name: 'a', type: 0, bitOffset: 0x1000000, bitSize: 1 }],
      },
    ],
    [
      'a bit-field of 256 bits',
      { kind: 'struct', name: '', size: 4, members: [{ name: 'a', type: 0, bitOffset: 0, bitSize: 256 }] },
    ],
    ['component −2', { kind: 'decl_tag', name: 't', type: 0, component: -2, attribute: false }],
  ])('refuses %s', (_, type) => {
    const writer = new BtfWriter()
    writer.add(type as BtfDefinition)
    expect(() => writer.finish()).toThrow(refused(''))
  })

  test('refuses more elements than vlen has room for', () => {
    const writer = new BtfWriter()
    writer.funcProto(0, new Array(0x10000).fill({ name: '', type: 0 }))
    expect(() => writer.finish()).toThrow(refused('65536'))
  })
})
