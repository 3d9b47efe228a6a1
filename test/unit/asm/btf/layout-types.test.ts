import { describe, expect, test } from 'vitest'
import { memberPath, resolve, sizeOf, withoutFlavour } from '../../../../src/asm/btf/layout.ts'
import { mapBtf } from '../../../../src/asm/btf/layout-types.ts'
import { Btf } from '../../../../src/asm/btf/reader.ts'
import { BtfWriter } from '../../../../src/asm/btf/writer.ts'
import { array as arrayMap, arrayOfMaps, hash } from '../../../../src/asm/dsl/map/definition.ts'
import { bits } from '../../../../src/asm/layout/bits.ts'
import { bytes, chars } from '../../../../src/asm/layout/bytes.ts'
import { be16, be32, s16, u8, u64 } from '../../../../src/asm/layout/scalar.ts'
import { array, struct, union } from '../../../../src/asm/layout/struct.ts'
import { be128 } from '../../../../src/asm/layout/wide.ts'

const Key = struct('key', { address: array(be32, 4), port: be16, proto: u8, pad: u8 })
const Value = struct('value', { packets: u64, inner: struct('inner', { delta: s16 }) })

describe('mapBtf', () => {
  test('every field has its name, its place and a type that tells its byte order', () => {
    const types = mapBtf(hash('m', Key, Value, { maxEntries: 1 }).spec)
    const btf = Btf.parse(types?.btf ?? new Uint8Array())
    const key = types?.keyTypeId ?? 0
    expect(sizeOf(btf, key)).toBe(Key.size)
    expect(sizeOf(btf, types?.valueTypeId ?? 0)).toBe(Value.size)
    expect(memberPath(btf, key, 'address[2]')).toMatchObject({ offset: 8, size: 4 })
    const port = memberPath(btf, key, 'port')
    expect(port).toMatchObject({ offset: 16, size: 2 })
    expect(btf.type(port.typeId)).toMatchObject({ kind: 'typedef', name: '__be16' })
    const delta = memberPath(btf, types?.valueTypeId ?? 0, 'inner.delta')
    expect(btf.type(resolve(btf, delta.typeId))).toMatchObject({ kind: 'int', size: 2, signed: true })
  })

  test('unions, strings, bytes, wide numbers and bit-fields have the types that C would give them', () => {
    const All = struct('all', {
      who: union('who', { v4: be32, v6: be128 }),
      name: chars(16),
      mac: bytes(6),
      first: bits(u8, { version: 4, length: 4 }),
      cells: array(array(u8, 3), 2),
      fragment: bits(be16, { flags: 3, offset: 13 }),
    })
    const types = mapBtf(hash('m', Key, All, { maxEntries: 1 }).spec)
    const btf = Btf.parse(types?.btf ?? new Uint8Array())
    const all = types?.valueTypeId ?? 0
    expect(sizeOf(btf, all)).toBe(All.size)
    expect(btf.type(memberPath(btf, all, 'who').typeId)).toMatchObject({ kind: 'union', size: 16 })
    expect(btf.type(memberPath(btf, all, 'who.v6').typeId)).toMatchObject({
      kind: 'typedef',
      name: '__be128',
    })
    expect(memberPath(btf, all, 'name[15]')).toMatchObject({ offset: 31, size: 1 })
    expect(btf.type(resolve(btf, memberPath(btf, all, 'name[0]').typeId))).toMatchObject({ name: 'char' })
    expect(memberPath(btf, all, 'mac[5]')).toMatchObject({ offset: 37, size: 1 })
    expect(memberPath(btf, all, 'cells[1][2]')).toMatchObject({
      offset: All.fields.cells.offset + 5,
      size: 1,
    })
    expect(btf.type(memberPath(btf, all, 'first').typeId)).toMatchObject({
      kind: 'struct',
      name: '',
      size: 1,
      members: [
        { name: 'length', bitOffset: 0, bitSize: 4 },
        { name: 'version', bitOffset: 4, bitSize: 4 },
      ],
    })
    expect(btf.type(memberPath(btf, all, 'fragment').typeId)).toMatchObject({
      kind: 'typedef',
      name: '__be16',
    })
  })

  test('the key of an array map is a plain integer, as the kernel demands', () => {
    const types = mapBtf(arrayMap('m', Value, { maxEntries: 1 }).spec)
    const btf = Btf.parse(types?.btf ?? new Uint8Array())
    expect(btf.type(types?.keyTypeId ?? 0)).toMatchObject({ kind: 'int', size: 4 })
  })

  test('none for maps of maps, nor for a layout that does not fit the sizes', () => {
    const inner = arrayMap('i', Value, { maxEntries: 1 })
    expect(mapBtf(arrayOfMaps('m', inner, { maxEntries: 1 }).spec)).toBeUndefined()
    expect(mapBtf({ ...inner.spec, valueSize: 99 })).toBeUndefined()
  })
})

describe('flavours', () => {
  const writer = new BtfWriter()
  const int = writer.int('int', 4)
  writer.struct('nf_conn', 8, [{ name: 'mark', type: int, bitOffset: 32 }])
  writer.struct('nf_conn___init', 4, [{ name: 'mark', type: int, bitOffset: 0 }])
  const btf = Btf.parse(writer.finish())

  test('are left out only when asked, and only when there is no such type', () => {
    expect(() => memberPath(btf, 'nf_conn___old', 'mark')).toThrow(/nf_conn___old/)
    expect(memberPath(btf, 'nf_conn___old', 'mark', { flavours: true }).offset).toBe(4)
    expect(memberPath(btf, 'nf_conn___init', 'mark', { flavours: true }).offset).toBe(0)
  })

  test.each([
    ['nf_conn___old', 'nf_conn'],
    ['nf_conn', 'nf_conn'],
    ['___x', '___x'],
    ['a___', 'a___'],
    ['a____b', 'a____b'],
    ['a___b___c', 'a___b'],
    ['__sk_buff___v2', '__sk_buff'],
  ])('%s is %s', (name, expected) => {
    expect(withoutFlavour(name)).toBe(expected)
  })
})
