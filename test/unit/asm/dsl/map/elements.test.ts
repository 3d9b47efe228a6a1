import { describe, expect, test } from 'vitest'
import {
  array,
  hash,
  hashOfMaps,
  lpmTrie,
  lruHash,
  perCpuArray,
  prefixKey,
} from '../../../../../src/asm/dsl/map/definition.ts'
import { be32, u32, u64 } from '../../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../../src/asm/layout/struct.ts'
import { VmMaps } from '../../../../../src/asm/vm/map/maps.ts'
import { here, report } from '../build-failure.ts'
import { program } from '../compile-and-run.ts'

const Key = struct('key', { id: u32 })
const Count = struct('count', { packets: u64, bytes: u64 })
const counts = hash('counts', Key, Count, { maxEntries: 2 })

describe('a hash', () => {
  test('takes values, gives them back, loses them', () => {
    const small = program((b, { c }) => {
      b.if(b.update(counts, { id: c }, { packets: 7 }).ne(0), () => b.return(1))
      b.if(b.update(counts, { id: c }, { packets: 8 }, { mode: 'noexist' }).ne(-17), () => b.return(2))
      b.if(b.update(counts, { id: 99 }, {}, { mode: 'exist' }).ne(-2), () => b.return(3))
      b.if(b.lookup(counts, { id: c }, { otherwise: 4 }).packets.ne(7), () => b.return(5))
      b.if(b.delete(counts, { id: c }).ne(0), () => b.return(6))
      b.if(b.delete(counts, { id: c }).ne(-2), () => b.return(7))
      b.return(0)
    })
    expect(small.run({ c: 5 })).toBe(0n)
  })

  test('lookupOrInsert counts up from what it was first given, until the map is full', () => {
    const small = program((b, { c }) => {
      const element = b.lookupOrInsert(counts, { id: c }, { bytes: 100 }, { otherwise: 77 })
      b.atomicAdd(element, { packets: 1, bytes: 1 })
      b.return(element.packets.toU32())
    })
    const maps = new VmMaps(small.spec.maps)
    expect([1, 1, 2, 1, 3, 2].map((c) => small.run({ c }, { maps }))).toEqual([1n, 2n, 1n, 3n, 77n, 2n])
    expect(maps.of(counts).get({ id: 1 })).toEqual({ packets: 3n, bytes: 103n })
  })

  test('that forgets what is not used has room for every key', () => {
    const recent = lruHash('recent', Key, Count, { maxEntries: 2 })
    const small = program((b, { c }) => {
      b.lookupOrInsert(recent, { id: c }, {}, { otherwise: 77 })
      b.return(0)
    })
    const maps = new VmMaps(small.spec.maps)
    expect([1, 2, 3].map((c) => small.run({ c }, { maps }))).toEqual([0n, 0n, 0n])
    expect([...maps.of(recent).entries()].map(([{ id }]) => id)).toEqual([2, 3])
  })

  test('takes structs in memory as key and value', () => {
    const small = program((b, { c }) => {
      const key = b.stack(Key, { id: c })
      b.update(counts, key, b.stack(Count, { bytes: 3 }))
      b.return(b.lookup(counts, key, { otherwise: 1 }).bytes.toU32())
    })
    expect(small.run({ c: 1 })).toBe(3n)
  })
})

test('a trie finds the longest prefix', () => {
  const Network = prefixKey('network', { address: be32 })
  const routes = lpmTrie('routes', Network, struct('route', { via: u32 }), { maxEntries: 4 })
  const small = program((b, { c }) => {
    const key = { prefixLength: 32, address: c.toNetwork() }
    b.return(b.lookup(routes, key, { otherwise: 0 }).via)
  })
  const maps = new VmMaps(small.spec.maps)
  maps.of(routes).set({ prefixLength: 8, address: 0x0a00_0000 }, { via: 1 })
  maps.of(routes).set({ prefixLength: 24, address: 0x0a00_0100 }, { via: 2 })
  expect([0x0a00_0101, 0x0a01_0101, 0x0b00_0000].map((c) => small.run({ c }, { maps }))).toEqual([2n, 1n, 0n])
})

test('the values of other CPUs', () => {
  const perCpu = perCpuArray('per_cpu', Count, { maxEntries: 1 })
  const small = program((b, { c }) => {
    b.lookup(perCpu, 0, { hit: (own) => b.atomicAdd(own, { packets: 1 }) })
    b.return(b.lookupOnCpu(perCpu, 0, c, { otherwise: 99 }).packets.toU32())
  })
  const maps = new VmMaps(small.spec.maps)
  maps.of(perCpu).set({ index: 0 }, { packets: 5n, bytes: 0n }, 3)
  expect(small.run({ c: 3 }, { maps })).toBe(5n)
  expect(small.run({ c: 3 }, { maps, cpu: 3 })).toBe(6n)
  expect(small.run({ c: 100_000 }, { maps })).toBe(99n)
})

test('a map in a hash of maps is changed through its handle', () => {
  const inner = hash('inner', Key, Count, { maxEntries: 4 })
  const outer = hashOfMaps('outer', Key, inner, { maxEntries: 4 })
  const small = program((b, { c }) => {
    const map = b.lookup(outer, { id: c }, { otherwise: 1 })
    b.update(map, { id: 2 }, { packets: 9 })
    b.if(b.delete(map, { id: 1 }).ne(0), () => b.return(2))
    b.return(0)
  })
  const maps = new VmMaps(small.spec.maps)
  const found = maps.putInner(outer, Key.encode({ id: 7 }))
  found.set({ id: 1 }, { packets: 1n, bytes: 1n })
  expect(small.run({ c: 8 }, { maps })).toBe(1n)
  expect(small.run({ c: 7 }, { maps })).toBe(0n)
  expect([...found.entries()]).toEqual([[{ id: 2 }, { packets: 9n, bytes: 0n }]])
})

describe('mistakes', () => {
  const list = array('list', Count, { maxEntries: 2 })

  test('deleting from an array', () => {
    let at = ''
    const lines = report((b) => {
      at = here(2)
      // @ts-expect-error not of an array
      b.delete(list, 1)
    })
    expect(lines).toEqual([
      'MAP_TYPE',
      `map "list" (array) has every element from the start to the end, none can be deleted (${at})`,
    ])
  })

  test('one CPU of a map that all share', () => {
    const lines = report((b) => {
      // @ts-expect-error no per-CPU map
      b.lookupOnCpu(list, 0, 1, { otherwise: 0 })
    })
    expect(lines[0]).toBe('MAP_TYPE')
    expect(lines[1]).toContain('map "list" (array) has no values of single CPUs')
  })

  test('a struct of another size as a value', () => {
    const lines = report((b) => {
      // @ts-expect-error another struct
      b.update(counts, { id: 1 }, b.stack(Key))
    })
    expect(lines[0]).toBe('ARGUMENT')
    expect(lines[1]).toContain('a count (16 bytes) is expected, key has 4 bytes')
  })

  test('a field that the value does not have', () => {
    // @ts-expect-error no such field
    expect(report((b) => b.update(counts, { id: 1 }, { pakets: 1 }))[0]).toBe('NO_FIELD')
  })

  test('two maps of one name', () => {
    const other = array('counts', Count, { maxEntries: 1 })
    const lines = report((b) => {
      b.lookup(counts, { id: 1 }, { hit: () => {} })
      b.lookup(other, 1, { hit: () => {} })
    })
    expect(lines[0]).toBe('MAP_NAME')
    expect(lines[1]).toContain('two different maps are called "counts"')
  })

  test.each([
    [
      'no length in front',
      struct('plain', { address: be32 }),
      'its key struct plain must begin with prefixLength (u32)',
    ],
    [
      'too long a prefix',
      struct(
        'long',
        Object.fromEntries([['prefixLength', u32], ...Array.from({ length: 65 }, (_, i) => [`w${i}`, u32])]),
      ),
      'a prefix is 1 to 256 bytes, long has 260',
    ],
  ])('a trie with %s', (_, key, message) => {
    expect(() => lpmTrie('trie', key as never, Count, { maxEntries: 1 })).toThrow(`map "trie": ${message}`)
  })
})
