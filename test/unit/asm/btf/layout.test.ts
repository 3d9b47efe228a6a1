import { describe, expect, test } from 'vitest'
import { BtfError } from '../../../../src/asm/btf/error.ts'
import { memberPath, resolve, sizeOf } from '../../../../src/asm/btf/layout.ts'
import { Btf } from '../../../../src/asm/btf/reader.ts'
import { BtfWriter } from '../../../../src/asm/btf/writer.ts'

/**
 * struct tuple { __be32 ip; union { u16 port; u16 id; }; };
 * struct conn {
 *   long pad;
 *   struct tuple tuplehash[2];
 *   const volatile struct { u8 state : 3, : 1, flags : 2; } tcp;
 *   struct conn *master; struct net *net; u32 grid[2][3]; u16 tail[];
 * };
 */
function connTypes() {
  const writer = new BtfWriter()
  const long = writer.int('long', 8, { signed: true })
  const u8 = writer.int('u8', 1)
  const u16 = writer.int('u16', 2)
  const u32 = writer.int('u32', 4)
  const be32 = writer.typedef('__be32', writer.typeTag('be', u32))
  const port = writer.union('', 2, [
    { name: 'port', type: u16, bitOffset: 0 },
    { name: 'id', type: u16, bitOffset: 0 },
  ])
  const tuple = writer.struct('tuple', 8, [
    { name: 'ip', type: be32, bitOffset: 0 },
    { name: '', type: port, bitOffset: 32 },
  ])
  const tcp = writer.struct('', 1, [
    { name: 'state', type: u8, bitOffset: 0, bitSize: 3 },
    { name: 'flags', type: u8, bitOffset: 4, bitSize: 2 },
  ])
  const conn = writer.reserve()
  const master = writer.ptr(conn)
  const net = writer.fwd('net')
  writer.define(conn, {
    kind: 'struct',
    name: 'conn',
    size: 80,
    members: [
      { name: 'pad', type: long, bitOffset: 0, bitSize: 0 },
      { name: 'tuplehash', type: writer.array(tuple, u32, 2), bitOffset: 64, bitSize: 0 },
      { name: 'tcp', type: writer.const(writer.volatile(tcp)), bitOffset: 192, bitSize: 0 },
      { name: 'master', type: master, bitOffset: 256, bitSize: 0 },
      { name: 'net', type: writer.ptr(net), bitOffset: 320, bitSize: 0 },
      { name: 'grid', type: writer.array(writer.array(u32, u32, 3), u32, 2), bitOffset: 384, bitSize: 0 },
      { name: 'wide', type: u32, bitOffset: 581, bitSize: 20 },
      { name: 'tail', type: writer.array(u16, u32, 0), bitOffset: 640, bitSize: 0 },
    ],
  })
  const alias = writer.typedef('conn_t', conn)
  return { btf: Btf.parse(writer.finish()), conn, tuple, u8, u16, u32, be32, master, alias, net }
}

const t = connTypes()

function errorOf(action: () => unknown): BtfError {
  try {
    action()
  } catch (error) {
    if (error instanceof BtfError) return error
    throw error
  }
  throw new Error('no error was thrown')
}

describe('memberPath', () => {
  test.each([
    ['pad', { offset: 0, size: 8 }],
    ['tuplehash', { offset: 8, size: 16 }],
    ['tuplehash[1]', { offset: 16, size: 8, typeId: t.tuple }],
    ['tuplehash[1].ip', { offset: 16, size: 4, typeId: t.be32 }],
    ['tuplehash[0].port', { offset: 12, size: 2, typeId: t.u16 }],
    ['tuplehash[1].id', { offset: 20, size: 2, typeId: t.u16 }],
    ['tcp', { offset: 24, size: 1 }],
    ['master', { offset: 32, size: 8, typeId: t.master }],
    ['grid[1]', { offset: 60, size: 12 }],
    ['grid[1][2]', { offset: 68, size: 4, typeId: t.u32 }],
    ['tail', { offset: 80, size: 0 }],
    ['tail[3]', { offset: 86, size: 2, typeId: t.u16 }],
  ])('locates %s', (path, expected) => {
    const found = memberPath(t.btf, 'conn', path)
    expect(found).toMatchObject(expected)
    expect(found).not.toHaveProperty('bitSize')
  })

  test('gives a bit-field the smallest aligned unit that holds it', () => {
    expect(memberPath(t.btf, 'conn', 'tcp.state')).toEqual({
      offset: 24,
      size: 1,
      bitOffset: 0,
      bitSize: 3,
      typeId: t.u8,
    })
    expect(memberPath(t.btf, 'conn', 'tcp.flags')).toMatchObject({ offset: 24, bitOffset: 4, bitSize: 2 })
    // Bits 581–600: byte 72 bit 5 to byte 75 bit 0.
    expect(memberPath(t.btf, 'conn', 'wide')).toEqual({
      offset: 72,
      size: 4,
      bitOffset: 5,
      bitSize: 20,
      typeId: t.u32,
    })
  })

  test.each([
    [0, 8, { offset: 0, size: 1, bitOffset: 0 }],
    [4, 4, { offset: 0, size: 1, bitOffset: 4 }],
    [4, 5, { offset: 0, size: 2, bitOffset: 4 }],
    [12, 8, { offset: 0, size: 4, bitOffset: 12 }],
    [28, 36, { offset: 0, size: 8, bitOffset: 28 }],
    [65, 63, { offset: 8, size: 8, bitOffset: 1 }],
  ])('a bit-field at bit %d of %d bits', (bitOffset, bitSize, expected) => {
    const writer = new BtfWriter()
    writer.struct('s', 16, [{ name: 'f', type: writer.int('u64', 8), bitOffset, bitSize }])
    expect(memberPath(Btf.parse(writer.finish()), 's', 'f')).toMatchObject({ ...expected, bitSize })
  })

  test('refuses a bit-field that no aligned 64-bit word holds', () => {
    const writer = new BtfWriter()
    writer.struct('s', 16, [{ name: 'f', type: writer.int('u64', 8), bitOffset: 60, bitSize: 8 }])
    const btf = Btf.parse(writer.finish())
    expect(errorOf(() => memberPath(btf, 's', 'f')).code).toBe('BTF_PATH')
  })

  test('starts at a struct, a typedef of one, or an id', () => {
    const expected = { offset: 16, size: 4, typeId: t.be32 }
    for (const start of ['conn', 'conn_t', t.conn, t.alias])
      expect(memberPath(t.btf, start, 'tuplehash[1].ip')).toEqual(expected)
  })

  test('reads the old way of writing bit-fields', () => {
    const writer = new BtfWriter()
    const three = writer.add({
      kind: 'int',
      name: 'int',
      size: 4,
      bits: 3,
      bitOffset: 2,
      signed: false,
      char: false,
      bool: false,
    })
    writer.struct('old', 4, [{ name: 'f', type: three, bitOffset: 0 }])
    const btf = Btf.parse(writer.finish())
    expect(memberPath(btf, 'old', 'f')).toEqual({
      offset: 0,
      size: 1,
      bitOffset: 2,
      bitSize: 3,
      typeId: three,
    })
  })

  test('lists the members there are, those of anonymous ones included', () => {
    const error = errorOf(() => memberPath(t.btf, 'conn', 'tuplehash[0].prot'))
    expect(error.code).toBe('BTF_NO_MEMBER')
    expect(error.message).toContain('struct tuple has no member "prot"')
    expect(error.hint).toBe('It has ip, port, id.')
  })

  test('cuts a long list in the hint, not in the details', () => {
    const writer = new BtfWriter()
    const int = writer.int('int', 4)
    const members = Array.from({ length: 100 }, (_, i) => ({ name: `m${i}`, type: int, bitOffset: i * 32 }))
    writer.struct('big', 400, members)
    const error = errorOf(() => memberPath(Btf.parse(writer.finish()), 'big', 'x'))
    expect(error.hint).toContain('m39, ….')
    expect(error.details.split('\n')).toHaveLength(100)
  })

  test.each([
    ['master.pad', 'is a pointer', 'Load the pointer first'],
    ['tuplehash.ip', 'is an array', 'tuplehash[0]'],
    ['tuplehash[2].ip', 'has 2 elements', ''],
    ['pad[0]', 'has no element 0', ''],
    ['pad.x', 'of kind int', ''],
    ['tcp.state.x', 'a bit-field', ''],
  ])('refuses %s', (path, message, hint) => {
    const error = errorOf(() => memberPath(t.btf, 'conn', path))
    expect(error.code).toBe('BTF_PATH')
    expect(error.message).toContain(message)
    expect(error.hint).toContain(hint)
  })

  test.each([
    '',
    '.',
    '.pad',
    'pad.',
    'pad..x',
    'a b',
    '[0]',
    '[0].pad',
    'pad[',
    'pad[-1]',
    'pad[01]',
    'pad[1]x',
    '1a',
  ])('refuses "%s", which is no path', (path) => {
    const error = errorOf(() => memberPath(t.btf, 'conn', path))
    expect(error.code).toBe('BTF_PATH')
    expect(error.message).toContain('is not a member path')
  })

  test('refuses a struct that is not there, or only declared', () => {
    expect(errorOf(() => memberPath(t.btf, 'nf_conn', 'mark')).code).toBe('BTF_NO_TYPE')
    expect(errorOf(() => memberPath(t.btf, t.net, 'x')).message).toContain('only declared')
  })

  test('a member outside its struct is malformed', () => {
    const writer = new BtfWriter()
    writer.struct('s', 4, [{ name: 'm', type: writer.int('int', 4), bitOffset: 8 }])
    const btf = Btf.parse(writer.finish())
    expect(errorOf(() => memberPath(btf, 's', 'm')).code).toBe('BTF_MALFORMED')
  })
})

describe('sizeOf and resolve', () => {
  test('the size of long is the size of pointers', () => {
    const writer = new BtfWriter()
    const pointer = writer.ptr(0)
    writer.int('long int', 4, { signed: true })
    expect(sizeOf(Btf.parse(writer.finish()), pointer)).toBe(4)
    expect(sizeOf(t.btf, t.master)).toBe(8)
  })

  test('what has no size says so', () => {
    expect(errorOf(() => sizeOf(t.btf, 0)).code).toBe('BTF_NO_SIZE')
    expect(errorOf(() => sizeOf(t.btf, t.net)).message).toContain('fwd has no size')
  })

  test('an array beyond 4 GiB is refused', () => {
    const writer = new BtfWriter()
    const inner = writer.array(writer.int('int', 4), 1, 0xffffffff)
    const outer = writer.array(inner, 1, 0xffffffff)
    const btf = Btf.parse(writer.finish())
    expect(errorOf(() => sizeOf(btf, outer)).code).toBe('BTF_MALFORMED')
  })

  test('resolve skips every modifier', () => {
    expect(resolve(t.btf, t.be32)).toBe(t.u32)
    expect(resolve(t.btf, t.alias)).toBe(t.conn)
    expect(resolve(t.btf, 0)).toBe(0)
  })

  test('cycles end', () => {
    const writer = new BtfWriter()
    const ring = writer.reserve()
    writer.define(ring, { kind: 'typedef', name: 'a', type: writer.const(ring) })
    const array = writer.reserve()
    writer.define(array, { kind: 'array', element: array, index: array, length: 1 })
    const nest = writer.reserve()
    writer.define(nest, {
      kind: 'struct',
      name: 'nest',
      size: 4,
      members: [{ name: '', type: nest, bitOffset: 0, bitSize: 0 }],
    })
    const btf = Btf.parse(writer.finish())
    expect(errorOf(() => resolve(btf, ring)).code).toBe('BTF_MALFORMED')
    expect(errorOf(() => sizeOf(btf, ring)).code).toBe('BTF_MALFORMED')
    expect(errorOf(() => sizeOf(btf, array)).code).toBe('BTF_MALFORMED')
    expect(errorOf(() => memberPath(btf, nest, 'x')).hint).toBe('It has no members.')
  })

  test('anonymous structs nested a hundred thousand deep end in an error, not in a stack overflow', () => {
    const writer = new BtfWriter()
    const count = 100_000
    for (let i = 1; i <= count; i++)
      writer.struct('', 0, i < count ? [{ name: '', type: i + 1, bitOffset: 0 }] : [])
    expect(errorOf(() => memberPath(Btf.parse(writer.finish()), 1, 'x')).code).toBe('BTF_MALFORMED')
  })

  test('a struct that holds two of the next, thirty times over, is searched once each', () => {
    const writer = new BtfWriter()
    for (let i = 1; i <= 30; i++)
      writer.struct('', 0, i < 30 ? [i + 1, i + 1].map((type) => ({ name: '', type, bitOffset: 0 })) : [])
    expect(errorOf(() => memberPath(Btf.parse(writer.finish()), 1, 'x')).code).toBe('BTF_NO_MEMBER')
  })
})
