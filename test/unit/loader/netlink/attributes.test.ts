import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AttributeWriter } from '../../../../src/loader/netlink/core/attribute-writer.ts'
import { Attributes } from '../../../../src/loader/netlink/core/attributes.ts'
import { NetlinkDecodeError } from '../../../../src/loader/netlink/core/errors.ts'

const type = fc.integer({ min: 0, max: 0x3fff })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })

/** A tree of attributes: leaves hold bytes, nodes hold attributes. */
type Tree = readonly { readonly type: number; readonly value: Uint8Array | Tree }[]

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.array(
    fc.record({
      type,
      value: fc.oneof({ depthSize: 'small' }, fc.uint8Array({ maxLength: 20 }), tie('tree')),
    }),
    { maxLength: 5 },
  ),
}))

function write(writer: AttributeWriter, nodes: Tree): AttributeWriter {
  for (const { type, value } of nodes)
    if (value instanceof Uint8Array) writer.bytes(type, value)
    else writer.nested(type, (inner) => write(inner, value))
  return writer
}

function read(attributes: Attributes, shape: Tree): Tree {
  return attributes.list.map(({ type, value }, index) => ({
    type,
    value:
      shape[index]?.value instanceof Uint8Array
        ? value.slice()
        : read(Attributes.parse(value), childAt(shape, index)),
  }))
}

function childAt(shape: Tree, index: number): Tree {
  const value = shape[index]?.value
  return value === undefined || value instanceof Uint8Array ? [] : value
}

describe('attributes', () => {
  test('any tree is read back as it was written', () => {
    fc.assert(
      fc.property(tree, (nodes) => {
        const bytes = write(new AttributeWriter(), nodes).finish()
        expect(bytes.byteLength % 4).toBe(0)
        expect(read(Attributes.parse(bytes), nodes)).toEqual(nodes)
      }),
    )
  })

  test('integers of every kind are read back', () => {
    const integers = fc.record({
      u8: fc.integer({ min: 0, max: 0xff }),
      u16: fc.integer({ min: 0, max: 0xffff }),
      u32,
      s32: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
      u64: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
    })
    fc.assert(
      fc.property(integers, (value) => {
        const bytes = new AttributeWriter()
          .u8(1, value.u8)
          .u16(2, value.u16)
          .u32(3, value.u32)
          .s32(4, value.s32)
          .be16(5, value.u16)
          .be32(6, value.u32)
          .be64(7, value.u64)
          .finish()
        const read = Attributes.parse(bytes)
        expect(read.u8(1)).toBe(value.u8)
        expect(read.u16(2)).toBe(value.u16)
        expect(read.u32(3)).toBe(value.u32)
        expect(read.s32(4)).toBe(value.s32)
        expect(read.be16(5)).toBe(value.u16)
        expect(read.be32(6)).toBe(value.u32)
        expect(read.be64(7)).toBe(value.u64)
      }),
    )
  })

  test('strings are NUL-terminated, and read with or without the NUL', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'))
    fc.assert(
      fc.property(text, (value) => {
        const bytes = new AttributeWriter()
          .string(1, value)
          .bytes(2, new TextEncoder().encode(value))
          .finish()
        expect(Attributes.parse(bytes).string(1)).toBe(value)
        expect(Attributes.parse(bytes).string(2)).toBe(value)
      }),
    )
  })

  test('the bytes on the wire', () => {
    const bytes = new AttributeWriter()
      .header(Uint8Array.of(0xaa))
      .u32(3, 0x0102_0304)
      .be32(4, 0x0102_0304)
      .string(5, 'lo')
      .nested(6, (inner) => inner.u8(1, 9))
      .flag(7)
      .finish()
    expect([...bytes]).toEqual([
      ...[0xaa, 0, 0, 0],
      ...[8, 0, 3, 0, 4, 3, 2, 1],
      ...[8, 0, 4, 0, 1, 2, 3, 4],
      ...[7, 0, 5, 0, 0x6c, 0x6f, 0, 0],
      ...[12, 0, 6, 0x80, 5, 0, 1, 0, 9, 0, 0, 0],
      ...[4, 0, 7, 0],
    ])
  })

  test('what does not fit is refused when it is written', () => {
    const writer = new AttributeWriter()
    expect(() => writer.u8(1, 256)).toThrow(RangeError)
    expect(() => writer.u16(1, -1)).toThrow(RangeError)
    expect(() => writer.u32(1, 2 ** 32)).toThrow(RangeError)
    expect(() => writer.u32(1, 1.5)).toThrow(RangeError)
    expect(() => writer.s32(1, 2 ** 31)).toThrow(RangeError)
    expect(() => writer.be64(1, -1n)).toThrow(RangeError)
    expect(() => writer.u8(0x4000, 1)).toThrow(RangeError)
    expect(() => writer.string(1, 'a\0')).toThrow(RangeError)
    expect(() => writer.bytes(1, new Uint8Array(65_532))).toThrow(RangeError)
    const tooMuch = (inner: AttributeWriter) => {
      for (let i = 0; i < 3; i++) inner.bytes(1, new Uint8Array(30_000))
    }
    expect(() => writer.nested(1, tooMuch)).toThrow(/90016 bytes nested/)
  })

  test('arbitrary bytes are read or refused, never read out of range', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat({ max: 70 }), (bytes, offset) => {
        // Guard bytes around the input: whatever is read must lie inside.
        const guarded = new Uint8Array(bytes.byteLength + 32).fill(0xee)
        guarded.set(bytes, 16)
        const input = guarded.subarray(16, 16 + bytes.byteLength)
        let attributes: Attributes
        try {
          attributes = Attributes.parse(input, offset)
        } catch (error) {
          expect(error).toBeInstanceOf(NetlinkDecodeError)
          return
        }
        for (const { value } of attributes.list) {
          expect(value.byteOffset).toBeGreaterThanOrEqual(input.byteOffset)
          expect(value.byteOffset + value.byteLength).toBeLessThanOrEqual(input.byteOffset + input.byteLength)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('a value shorter than the type asked for is refused; a longer one is read', () => {
    const attributes = Attributes.parse(
      new AttributeWriter().u16(1, 5).bytes(2, new Uint8Array(12).fill(1)).flag(3).finish(),
    )
    expect(() => attributes.u32(1)).toThrow(/attribute 1 has 2 bytes, expected 4/)
    expect(() => attributes.be64(1)).toThrow(NetlinkDecodeError)
    expect(attributes.u32(2)).toBe(0x0101_0101)
    expect(() => attributes.u8(3)).toThrow(NetlinkDecodeError)
    expect(attributes.has(3)).toBe(true)
    expect(attributes.u32(4)).toBeUndefined()
    expect(attributes.nested(4)).toBeUndefined()
    expect(() => attributes.nested(1)).toThrow(NetlinkDecodeError)
  })

  test('the flags in a type are not part of it, and the last repetition counts', () => {
    const bytes = Uint8Array.of(5, 0, 7, 0xc0, 1, 0, 0, 0, 5, 0, 7, 0, 2, 0, 0, 0)
    expect(Attributes.parse(bytes).u8(7)).toBe(2)
    expect(Attributes.parse(bytes).list.map(({ type }) => type)).toEqual([7, 7])
  })
})
