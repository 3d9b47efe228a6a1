import { describe, expect, test } from 'vitest'
import { BtfError } from '../../../../src/asm/btf/error.ts'
import { Btf } from '../../../../src/asm/btf/reader.ts'
import { BtfWriter } from '../../../../src/asm/btf/writer.ts'

/** A blob with these words as type section and these strings, the empty one first. */
function blob(words: readonly number[], strings = '\0', layout?: readonly number[]): Uint8Array {
  const headerSize = layout === undefined ? 24 : 32
  const text = new TextEncoder().encode(strings)
  const bytes = new Uint8Array(headerSize + words.length * 4 + text.length + (layout?.length ?? 0))
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0xeb9f, true)
  view.setUint8(2, 1)
  const header = [headerSize, 0, words.length * 4, words.length * 4, text.length]
  if (layout !== undefined) header.push(words.length * 4 + text.length, layout.length)
  header.forEach((value, i) => {
    view.setUint32(4 + i * 4, value, true)
  })
  words.forEach((value, i) => {
    view.setUint32(headerSize + i * 4, value, true)
  })
  bytes.set(text, headerSize + words.length * 4)
  if (layout !== undefined) bytes.set(layout, headerSize + words.length * 4 + text.length)
  return bytes
}

function errorOf(action: () => unknown): BtfError {
  try {
    action()
  } catch (error) {
    if (error instanceof BtfError) return error
    throw error
  }
  throw new Error('no error was thrown')
}

/** `info` word of a type. */
function info(kind: number, vlen = 0, flag = false): number {
  return ((flag ? 0x80000000 : 0) | (kind << 24) | vlen) >>> 0
}

describe('Btf.parse', () => {
  test('reads an empty type section', () => {
    const btf = Btf.parse(blob([]))
    expect(btf.typeCount).toBe(0)
    expect(btf.type(0)).toEqual({ kind: 'void' })
    expect(btf.findByName('int')).toBeUndefined()
  })

  test.each([
    ['too few bytes', (b: Uint8Array) => b.subarray(0, 23), 0],
    ['wrong magic', (b: Uint8Array) => b.fill(0, 0, 1), 0],
    ['unknown version', (b: Uint8Array) => b.fill(2, 2, 3), 2],
    ['unknown flags', (b: Uint8Array) => b.fill(1, 3, 4), 3],
    ['header shorter than a header', (b: Uint8Array) => b.fill(20, 4, 5), 4],
    ['header beyond the data', (b: Uint8Array) => b.fill(0xff, 4, 8), 4],
    ['type section beyond the data', (b: Uint8Array) => b.fill(0xff, 12, 16), 8],
    ['type section not in words', (b: Uint8Array) => b.fill(11, 12, 13), 12],
    ['string section beyond the data', (b: Uint8Array) => b.fill(0xff, 16, 20), 16],
    ['no strings', (b: Uint8Array) => b.fill(0, 20, 24), 36],
    ['last string without end', (b: Uint8Array) => b.fill(65, 36 + 1, 36 + 2), 37],
    ['first string not empty', (b: Uint8Array) => b.fill(65, 36, 37), 36],
  ])('refuses %s', (_, damage, offset) => {
    const bytes = damage(blob([0, info(2), 0], '\0\0'))
    const error = errorOf(() => Btf.parse(bytes))
    expect(error.code).toBe('BTF_MALFORMED')
    expect(error.offset).toBe(offset)
    expect(error.message).toContain(`byte offset ${offset}`)
  })

  test('refuses a record that is cut short, naming its id and offset', () => {
    const error = errorOf(() => Btf.parse(blob([0, info(2), 0, 0, info(4, 2), 8, 0, 0, 0])))
    expect(error).toMatchObject({ code: 'BTF_MALFORMED', typeId: 2, offset: 24 + 12 })
    expect(errorOf(() => Btf.parse(blob([0, info(2)]))).typeId).toBe(1)
  })

  test('refuses a kind nobody knows', () => {
    expect(errorOf(() => Btf.parse(blob([0, info(20), 0]))).message).toContain('unknown kind 20')
    expect(errorOf(() => Btf.parse(blob([0, info(0), 0]))).message).toContain('unknown kind 0')
  })

  test('steps over a new kind that the layout section describes', () => {
    // Kind 20: 4 bytes after the type, 8 per element.
    const layout = [...new Array(20 * 4).fill(0), 4, 8, 0, 0]
    const words = [1, info(20, 2), 0, 9, 9, 9, 9, 9, 6, info(7), 0]
    const btf = Btf.parse(blob(words, '\0new\0\0st\0', layout))
    expect(btf.typeCount).toBe(2)
    expect(btf.kind(1)).toBe('unknown')
    expect(btf.type(1)).toEqual({ kind: 'unknown', kindNumber: 20, name: 'new' })
    expect(btf.type(2)).toEqual({ kind: 'fwd', name: 'st', union: false })
    expect(btf.findByName('st', 'fwd')).toBe(2)
  })

  test('the layout section does not change kinds we know', () => {
    const btf = Btf.parse(blob([0, info(2), 0], '\0', new Array(24 * 4).fill(8)))
    expect(btf.typeCount).toBe(1)
  })

  test('has room for the 24-bit vlen of Linux 7.1', () => {
    const count = 0x10001
    const words = [0, info(6, count), 4]
    for (let i = 0; i < count; i++) words.push(0, i)
    expect(Btf.parse(blob(words)).type(1)).toMatchObject({ values: { length: count } })
  })
})

describe('Btf.type', () => {
  test.each([-1, 2, 1.5, Number.NaN, 2 ** 32])('says which ids there are when asked for %s', (id) => {
    const btf = Btf.parse(blob([0, info(2), 0]))
    expect(errorOf(() => btf.type(id))).toMatchObject({ code: 'BTF_NO_TYPE' })
    expect(errorOf(() => btf.kind(id)).message).toContain('0 to 1')
  })

  test.each([
    ['a reference to no type', [0, info(2), 2]],
    ['a name outside the strings', [1, info(7), 0]],
    ['a linkage there is not', [0, info(12, 3), 0]],
    ['a member of no type', [0, info(4, 1), 4, 0, 9, 0]],
  ])('refuses %s', (_, words) => {
    const btf = Btf.parse(blob(words))
    expect(errorOf(() => btf.type(1))).toMatchObject({ code: 'BTF_MALFORMED', typeId: 1, offset: 24 })
  })

  test('takes names that are not ASCII, and long ones', () => {
    const writer = new BtfWriter()
    const long = 'x'.repeat(300)
    writer.fwd('größe')
    writer.fwd(long)
    const btf = Btf.parse(writer.finish())
    expect(btf.type(1)).toMatchObject({ name: 'größe' })
    expect(btf.type(2)).toMatchObject({ name: long })
    expect(btf.findByName('größe')).toBe(1)
  })
})

describe('searching by name', () => {
  const writer = new BtfWriter()
  const tagged = writer.struct('twin', 0, [])
  const proto = writer.funcProto(0, [])
  writer.func('twin', proto, 'static')
  const first = writer.func('twin_more', proto, 'static')
  writer.func('twin_more', proto, 'global')
  writer.declTag('tag', tagged)
  const btf = Btf.parse(writer.finish())

  test('tells kinds apart and takes the lowest id', () => {
    expect(btf.findByName('twin', 'struct')).toBe(1)
    expect(btf.findByName('twin', 'func')).toBe(3)
    expect(btf.findByName('twin')).toBe(1)
    expect(btf.findByName('twin_more', 'func')).toBe(first)
    expect(btf.findByName('twin_more', 'struct')).toBeUndefined()
  })

  test('a prefix, a longer name, nothing and a name with NUL do not match', () => {
    for (const name of ['twi', 'twin_', 'twin_more_', '', 'twin\0', 'twin\0x'])
      expect(btf.findByName(name)).toBeUndefined()
  })

  test('tags are found only when asked for', () => {
    expect(btf.findByName('tag')).toBeUndefined()
    expect(btf.findByName('tag', 'decl_tag')).toBe(6)
  })

  test('a batch gives what single searches give, again and again', () => {
    for (let round = 0; round < 2; round++)
      expect(btf.findAll(['twin', 'none', 'twin_more', 'twin'], 'func')).toEqual(
        new Map([
          ['twin', 3],
          ['twin_more', first],
        ]),
      )
  })

  test('a batch takes the lowest ids even if some of its names are missing', () => {
    const fresh = Btf.parse(writer.finish())
    expect(fresh.findAll(['none', 'twin_more'], 'func')).toEqual(new Map([['twin_more', first]]))
  })

  test('in split BTF the base comes first', () => {
    const module = new BtfWriter(btf)
    module.func('twin', proto, 'global')
    const own = module.func('own', proto, 'global')
    const split = Btf.parse(module.finish(), btf)
    expect(split.findAll(['twin', 'own', 'none'], 'func')).toEqual(
      new Map([
        ['twin', 3],
        ['own', own],
      ]),
    )
    expect(own).toBe(8)
    expect(btf.findByName('own')).toBeUndefined()
  })

  test('a split type may take its name from the strings of the base', () => {
    // fwd named by offset 1 of the base's strings, which is "twin".
    const bytes = blob([1, info(7), 0])
    const split = Btf.parse(bytes, btf)
    expect(split.type(btf.typeCount + 1)).toMatchObject({ kind: 'fwd', name: 'twin' })
    expect(split.findByName('twin', 'fwd')).toBe(btf.typeCount + 1)
  })

  test('split BTF parsed without its base is refused where it takes a string from it', () => {
    const alone = Btf.parse(blob([1000, info(7), 0]))
    expect(errorOf(() => alone.type(1)).message).toContain('no string at offset 1000')
  })
})
