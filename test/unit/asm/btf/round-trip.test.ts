import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Btf } from '../../../../src/asm/btf/reader.ts'
import { type BtfDefinition, btfKinds } from '../../../../src/asm/btf/types.ts'
import { BtfWriter } from '../../../../src/asm/btf/writer.ts'
import { typeGraph } from './arbitrary-types.ts'

function writerOf(types: readonly BtfDefinition[], base?: Btf): BtfWriter {
  const writer = new BtfWriter(base)
  for (const type of types) writer.add(type)
  return writer
}

function everyType(btf: Btf): unknown[] {
  return Array.from({ length: btf.typeCount - btf.firstId + 1 }, (_, i) => btf.type(btf.firstId + i))
}

describe('what BtfWriter writes, Btf reads', () => {
  test('a type of every kind, made by the method of its kind', () => {
    const writer = new BtfWriter()
    const int = writer.int('int', 4, { signed: true })
    const later = writer.reserve()
    const pointer = writer.ptr(later)
    writer.define(later, { kind: 'typedef', name: 'word', type: int })
    const proto = writer.funcProto(int, [{ name: 'p', type: pointer }])
    const variable = writer.var('counter', int, 'global')
    const ids = [
      int,
      later,
      pointer,
      proto,
      variable,
      writer.array(int, int, 7),
      writer.struct('s', 8, [
        { name: 'a', type: int, bitOffset: 0 },
        { name: 'b', type: int, bitOffset: 32, bitSize: 3 },
      ]),
      writer.union('u', 4, [{ name: 'a', type: int, bitOffset: 0 }]),
      writer.enum('e', 4, [{ name: 'MINUS', value: -1 }], true),
      writer.fwd('f', true),
      writer.volatile(int),
      writer.const(int),
      writer.restrict(pointer),
      writer.func('main', proto, 'static'),
      writer.datasec('.bss', 4, [{ type: variable, offset: 0, size: 4 }]),
      writer.float('double', 8),
      writer.declTag('bpf_kfunc', variable),
      writer.typeTag('rcu', int),
      writer.enum64('big', 8, [{ name: 'ALL', value: 2n ** 64n - 1n }]),
    ]
    expect(ids).toEqual(Array.from({ length: 19 }, (_, i) => i + 1))

    const btf = Btf.parse(writer.finish())
    expect(new Set(ids.map((id) => btf.kind(id)))).toEqual(new Set(Object.keys(btfKinds)))
    expect(btf.type(int)).toEqual({
      kind: 'int',
      name: 'int',
      size: 4,
      bits: 32,
      bitOffset: 0,
      signed: true,
      char: false,
      bool: false,
    })
    expect(btf.type(later)).toEqual({ kind: 'typedef', name: 'word', type: int })
    expect(btf.type(7)).toEqual({
      kind: 'struct',
      name: 's',
      size: 8,
      members: [
        { name: 'a', type: int, bitOffset: 0, bitSize: 0 },
        { name: 'b', type: int, bitOffset: 32, bitSize: 3 },
      ],
    })
    expect(btf.type(17)).toEqual({
      kind: 'decl_tag',
      name: 'bpf_kfunc',
      type: variable,
      component: -1,
      attribute: false,
    })
    expect(btf.type(19)).toMatchObject({ signed: false, values: [{ name: 'ALL', value: 2n ** 64n - 1n }] })
  })

  test('any graph of types, in both byte orders and at any alignment', () => {
    fc.assert(
      fc.property(
        typeGraph(12),
        fc.boolean(),
        fc.integer({ min: 0, max: 3 }),
        (types, littleEndian, shift) => {
          const blob = writerOf(types).finish({ littleEndian })
          const moved = new Uint8Array(blob.length + shift).subarray(shift)
          moved.set(blob)
          const btf = Btf.parse(moved)
          expect(btf.littleEndian).toBe(littleEndian)
          expect(btf.typeCount).toBe(types.length)
          expect(everyType(btf)).toEqual(types)
        },
      ),
    )
  })

  test('split BTF: ids and strings continue from the base', () => {
    const graphs = typeGraph(8).chain((base) => fc.tuple(fc.constant(base), typeGraph(8, base.length)))
    fc.assert(
      fc.property(graphs, ([baseTypes, types]) => {
        const base = Btf.parse(writerOf(baseTypes).finish())
        const btf = Btf.parse(writerOf(types, base).finish(), base)
        expect(btf.firstId).toBe(baseTypes.length + 1)
        expect(btf.typeCount).toBe(baseTypes.length + types.length)
        expect(everyType(btf)).toEqual(types)
        for (const [i, type] of baseTypes.entries()) expect(btf.type(i + 1)).toEqual(type)
      }),
    )
  })

  test('searches find what a walk over all types finds', () => {
    const kinds = Object.keys(btfKinds) as (keyof typeof btfKinds)[]
    fc.assert(
      fc.property(typeGraph(16), fc.constantFrom(...kinds), (types, kind) => {
        const btf = Btf.parse(writerOf(types).finish())
        const names = types.map((type) => ('name' in type ? type.name : ''))
        const expected = new Map<string, number>()
        for (const [i, type] of types.entries())
          if (type.kind === kind && 'name' in type && type.name !== '' && !expected.has(type.name))
            expected.set(type.name, i + 1)
        const found = btf.findAll([...names, 'absent'], kind)
        expect(new Map([...found].sort())).toEqual(new Map([...expected].sort()))
        for (const [name, id] of expected) expect(btf.findByName(name, kind)).toBe(id)
      }),
    )
  })
})
