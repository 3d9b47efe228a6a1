import { describe, expect, test } from 'vitest'
import { kfunc, memory } from '../../../../src/asm/dsl/kernel/kfunc.ts'
import { array as arrayMap, arrayOfMaps, hash, perCpuArray } from '../../../../src/asm/dsl/map/definition.ts'
import { TC_ACT_SHOT } from '../../../../src/asm/dsl/program/context.ts'
import { tc } from '../../../../src/asm/dsl/program/program.ts'
import { be16, be32, be64, s8, s16, u8, u16, u32, u64 } from '../../../../src/asm/layout/scalar.ts'
import { array, struct } from '../../../../src/asm/layout/struct.ts'
import type { VmFunctions } from '../../../../src/asm/vm/call.ts'
import { VmMaps } from '../../../../src/asm/vm/map/maps.ts'
import { runTc } from '../../../../src/asm/vm/run-tc.ts'
import { program } from './compile-and-run.ts'

const Inner = struct('inner', { x: u8, y: u32 })
const Outer = struct('outer', { first: u8, inner: Inner, list: array(u16, 3), last: u64 })

/** Shows what a program's struct holds, padding included, to the test. */
const show = kfunc('show', [memory(Outer)], 'void', '6.1')
function showing(size: number): { readonly seen: Uint8Array[]; readonly kfuncs: VmFunctions } {
  const seen: Uint8Array[] = []
  const copy = (call: { bytes(index: number, size: number): Uint8Array }): undefined => {
    seen.push(call.bytes(0, size).slice())
  }
  return { seen, kfuncs: { show: copy } }
}

describe('structs on the stack', () => {
  test('what is not given is zero, padding included', () => {
    const { seen, kfuncs } = showing(Outer.size)
    const { spec } = program((b) => {
      b.kfunc(show, [b.stack(Outer, { last: 0x1122334455667788n })])
      b.return(0)
    })
    runTc(spec, new Uint8Array(14), { kfuncs })
    const expected = new Uint8Array(Outer.size)
    new DataView(expected.buffer).setBigUint64(Outer.fields.last.offset, 0x1122334455667788n, true)
    expect(seen).toEqual([expected])
  })

  test('so it is inside of a nested struct of which only some fields are given', () => {
    const { seen, kfuncs } = showing(Outer.size)
    const { spec } = program((b) => {
      b.kfunc(show, [b.stack(Outer, { inner: { x: 7 } })])
      b.return(0)
    })
    runTc(spec, new Uint8Array(14), { kfuncs })
    expect(seen).toEqual([Outer.encode({ first: 0, inner: { x: 7, y: 0 }, list: [0, 0, 0], last: 0n })])
  })

  test('a field given as undefined is zero, too', () => {
    const { seen, kfuncs } = showing(Outer.size)
    const { spec } = program((b) => {
      const values = { first: undefined, last: 5n } as unknown as { last: bigint }
      b.kfunc(show, [b.stack(Outer, values)])
      b.return(0)
    })
    runTc(spec, new Uint8Array(14), { kfuncs })
    expect(seen).toEqual([Outer.encode({ first: 0, inner: { x: 0, y: 0 }, list: [0, 0, 0], last: 5n })])
  })

  test('nested structs and arrays are stored and read where their layout says', () => {
    const { run } = program((b, { c }) => {
      const it = b.stack(Outer, { inner: { y: c }, list: [1, 2, 0xffff] })
      b.assign(it, { first: it.list.at(1).toU8() })
      b.return(it.inner.y.add(it.list.at(2)).add(it.first))
    })
    expect(run({ c: 40 })).toBe(BigInt(40 + 0xffff + 2))
  })

  test('a struct can be copied into another as a whole', () => {
    const { seen, kfuncs } = showing(Outer.size)
    const { spec } = program((b) => {
      const from = b.stack(Outer, { inner: { x: 3, y: 4 }, list: [5, 6, 7] })
      b.kfunc(show, [b.stack(Outer, { inner: from.inner, list: from.list })])
      b.return(0)
    })
    runTc(spec, new Uint8Array(14), { kfuncs })
    expect(seen).toEqual([Outer.encode({ first: 0, inner: { x: 3, y: 4 }, list: [5, 6, 7], last: 0n })])
  })
})

describe('fields', () => {
  const Scalars = struct('scalars', { a: u8, b: s8, c: u16, d: s16, e: be16, f: be32, g: be64 })
  const scalars = arrayMap('scalars', Scalars, { maxEntries: 1 })

  test('narrow unsigned fields are zero-extended', () => {
    const spec = tc('read', (b) => {
      const s = b.lookup(scalars, 0, { otherwise: 0 })
      b.return(s.a.toU64().mul(0x10000).add(s.c.toU64()))
    })
    const maps = new VmMaps(spec.maps)
    maps.of(scalars).set({ index: 0 }, { a: 0xf1, b: 0, c: 0xf2f3, d: 0, e: 0, f: 0, g: 0n })
    expect(runTc(spec, new Uint8Array(14), { maps }).r0).toBe(0xf1_f2f3n)
  })

  test('narrow signed fields are sign-extended, in 32 and in 64 bits', () => {
    const spec = tc('read', (b) => {
      const s = b.lookup(scalars, 0, { otherwise: 0 })
      b.return(s.b.toS64().mul(0x10000).add(s.d.toS64()))
    })
    const maps = new VmMaps(spec.maps)
    maps.of(scalars).set({ index: 0 }, { a: 0, b: -2, c: 0, d: -3, e: 0, f: 0, g: 0n })
    expect(BigInt.asIntN(64, runTc(spec, new Uint8Array(14), { maps }).r0)).toBe(-2n * 0x10000n - 3n)
  })

  test('network fields are in network order: literals, comparisons, conversions', () => {
    const spec = tc('read', (b) => {
      const s = b.lookup(scalars, 0, { otherwise: 0 })
      b.if(s.e.eq(0x1234).and(s.f.eq(0x0a000001)).and(s.g.eq(0x0102030405060708n)), () => {
        b.assign(s, { e: 0x5678, f: s.e.toHost().toU32().toNetwork(), g: 0x1122334455667788n })
        b.return(s.g.toHost())
      })
      b.return(1)
    })
    const maps = new VmMaps(spec.maps)
    const before = { a: 0, b: 0, c: 0, d: 0, e: 0x1234, f: 0x0a000001, g: 0x0102030405060708n }
    maps.of(scalars).set({ index: 0 }, before)
    expect(runTc(spec, new Uint8Array(14), { maps }).r0).toBe(0x1122334455667788n)
    expect(maps.of(scalars).get({ index: 0 })).toEqual({
      ...before,
      e: 0x5678,
      f: 0x1234,
      g: 0x1122334455667788n,
    })
    const bytes = maps.of(scalars).map.lookup(new Uint8Array(4), 0)
    expect([...(bytes as Uint8Array).slice(Scalars.fields.e.offset, Scalars.fields.e.offset + 2)]).toEqual([
      0x56, 0x78,
    ])
  })
})

describe('maps', () => {
  const Key = struct('key', { id: u32 })
  const Value = struct('value', { n: u64, m: u32 })
  const table = hash('table', Key, Value, { maxEntries: 8 })
  const counters = perCpuArray('counters', Value, { maxEntries: 4 })

  test('hit and miss', () => {
    const { spec, result } = program((b, { c }) => {
      b.lookup(
        table,
        { id: c },
        { hit: (value) => b.return(value.n), miss: () => b.return(b.random().or(1).toU64()) },
      )
    })
    const maps = new VmMaps(spec.maps)
    maps.of(table).set({ id: 5 }, { n: 1n << 40n, m: 0 })
    expect(result({ c: 5 }, { maps }).r0).toBe(1n << 40n)
    expect(result({ c: 6 }, { maps, random: () => 8 }).r0).toBe(9n)
  })

  test('a lookup without miss goes on behind it', () => {
    const { run } = program((b, { c }) => {
      const found = b.variable(u32, 7)
      b.lookup(table, { id: c }, { hit: () => found.set(1) })
      b.return(found.get())
    })
    expect(run({ c: 1 })).toBe(7n)
  })

  test('otherwise: a verdict, or code', () => {
    const { spec, result } = program((b, { c }) => {
      const a = b.lookup(table, { id: c }, { otherwise: TC_ACT_SHOT })
      const other = b.lookup(table, { id: a.m }, { otherwise: () => b.return(a.n) })
      b.return(other.n)
    })
    const maps = new VmMaps(spec.maps)
    maps.of(table).set({ id: 1 }, { n: 11n, m: 2 })
    maps.of(table).set({ id: 2 }, { n: 22n, m: 3 })
    expect([0, 1, 2].map((c) => result({ c }, { maps }).r0)).toEqual([2n, 22n, 22n])
  })

  test('per-CPU arrays are counted on the CPU that runs', () => {
    const { spec, result } = program((b, { c }) => {
      b.lookup(counters, c, { hit: (counter) => b.assign(counter, { n: counter.n.add(1) }) })
      b.return(0)
    })
    const maps = new VmMaps(spec.maps)
    for (const cpu of [0, 3, 3]) result({ c: 2 }, { maps, cpu })
    expect([0, 1, 3].map((cpu) => maps.of(counters).get({ index: 2 }, cpu)?.n)).toEqual([1n, 0n, 2n])
    result({ c: 4 }, { maps })
  })

  test('a map of maps is looked up twice', () => {
    const outer = arrayOfMaps('outer', arrayMap('in', Value, { maxEntries: 4 }), { maxEntries: 2 })
    const { spec, result } = program((b, { c, d }) => {
      const inner = b.lookup(outer, c, { otherwise: 100 })
      b.return(b.lookup(inner, d, { otherwise: 200 }).n)
    })
    const maps = new VmMaps(spec.maps)
    maps.putInner(outer, 1).set({ index: 3 }, { n: 5n, m: 0 })
    const run = (c: number, d: number): bigint => result({ c, d }, { maps }).r0
    expect([run(0, 3), run(1, 3), run(1, 4), run(2, 0)]).toEqual([100n, 5n, 200n, 100n])
  })

  test('fetchAdd gives the old value, atomicAdd adds; both wrap', () => {
    const { spec, result } = program((b, { a }) => {
      const counter = b.lookup(counters, 0, { otherwise: 0 })
      const old = b.fetchAdd(counter, 'm', 1)
      b.atomicAdd(counter, { n: a, m: 2 })
      b.return(old)
    })
    const maps = new VmMaps(spec.maps)
    maps.of(counters).set({ index: 0 }, { n: 5n, m: 0xffff_ffff })
    expect(result({ a: 0xffff_ffff_ffff_ffffn }, { maps }).r0).toBe(0xffff_ffffn)
    expect(maps.of(counters).get({ index: 0 })).toEqual({ n: 4n, m: 2 })
  })

  test('a write through one reference is seen through another of the same element', () => {
    const { spec, result } = program((b, { c }) => {
      const one = b.lookup(counters, 0, { otherwise: 0 })
      const before = one.m
      const two = b.lookup(counters, 0, { otherwise: 0 })
      b.assign(two, { m: c })
      b.return(before.add(one.m))
    })
    const maps = new VmMaps(spec.maps)
    maps.of(counters).set({ index: 0 }, { n: 0n, m: 3 })
    expect(result({ c: 10 }, { maps }).r0).toBe(13n)
  })

  test('a kfunc may have written to the map element it was given', () => {
    const change = kfunc('change', [memory(Value)], 'void', '6.1')
    const { result } = program((b) => {
      const value = b.lookup(counters, 0, { otherwise: 0 })
      const before = value.n
      b.kfunc(change, [value])
      b.return(before.add(value.n))
    })
    const kfuncs: VmFunctions = {
      change: (call) => {
        call.writable(0, Value.size)[0] = 9
        return undefined
      },
    }
    expect(result({}, { kfuncs }).r0).toBe(9n)
  })
})
