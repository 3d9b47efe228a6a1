import { expect } from 'vitest'
import { u32, u64 } from '../../../src/asm/layout/scalar.ts'
import { codecOf } from '../../../src/asm/layout/struct.ts'
import type { MapType } from '../../../src/asm/program.ts'
import { BpfError } from '../../../src/loader/bpf/error.ts'
import { BpfMap } from '../../../src/loader/bpf/map.ts'
import { MapMismatchError } from '../../../src/loader/bpf/map-spec-check.ts'
import { perCpu } from '../../../src/loader/bpf/per-cpu-codec.ts'
import { possibleCpus } from '../../../src/loader/bpf/possible-cpus.ts'
import { describe, it } from '../support/kernel-test.ts'
import { failOnLeakedFds, mapSpec, privatePinDirectory } from './fixture.ts'

const pins = privatePinDirectory()
failOnLeakedFds()

const codecs = { key: codecOf(u32), value: codecOf(u64) }
const refused = (errnoName: string) => expect.objectContaining({ errnoName })

describe.each<MapType>(['hash', 'lru_hash'])('%s', (type) => {
  it('adds, replaces, reads and deletes', () => {
    using map = BpfMap.create(mapSpec(type), codecs)
    expect(map.get(1)).toBeUndefined()
    map.set(1, 10n)
    map.set(1, 11n)
    map.set(2, 0xffffffffffffffffn, 'noexist')
    expect(map.get(1)).toBe(11n)
    expect(map.get(2)).toBe(0xffffffffffffffffn)
    expect(() => map.set(1, 0n, 'noexist')).toThrow(refused('EEXIST'))
    expect(() => map.set(3, 0n, 'exist')).toThrow(refused('ENOENT'))
    expect(map.delete(1)).toBe(true)
    expect(map.delete(1)).toBe(false)
    expect(map.take(2)).toBe(0xffffffffffffffffn)
    expect(map.take(2)).toBeUndefined()
    expect([...map]).toEqual([])
  })
})

describe('hash', () => {
  it('refuses more entries than it was made for', () => {
    using map = BpfMap.create(mapSpec('hash', { maxEntries: 2 }), codecs)
    map.set(1, 1n)
    map.set(2, 2n)
    expect(() => map.set(3, 3n)).toThrow(
      expect.objectContaining({ errnoName: 'E2BIG', hint: expect.stringMatching(/full/) }),
    )
  })

  it('reads each of many entries exactly once, also while they are deleted', () => {
    const entries = Array.from({ length: 20_000 }, (_, n) => [n, BigInt(n) * 3n] as const)
    using map = BpfMap.create(mapSpec('hash', { maxEntries: 20_000 }), codecs)
    map.setAll(entries)
    expect(new Map(map)).toEqual(new Map(entries))
    const visited: number[] = []
    for (const [key] of map) {
      visited.push(key)
      map.delete(key)
    }
    expect(visited).toHaveLength(entries.length)
    expect(new Set(visited).size).toBe(entries.length)
    expect([...map]).toEqual([])
  })

  it('survives clearing in the middle of reading', () => {
    using map = BpfMap.create(mapSpec('hash', { maxEntries: 50_000 }), codecs)
    map.setAll(Array.from({ length: 50_000 }, (_, n) => [n, 0n]))
    let seen = 0
    for (const _ of map) if (++seen === 10) expect(map.clear()).toBe(50_000)
    expect(seen).toBeLessThan(50_000)
    expect([...map]).toEqual([])
  })

  it('reports the cause when a batch fails half way', () => {
    using map = BpfMap.create(mapSpec('hash', { maxEntries: 3, flags: 1 }), codecs)
    const tooMany = [0, 1, 2, 3, 4].map((n) => [n, 0n] as const)
    expect(() => map.setAll(tooMany)).toThrow(refused('E2BIG'))
    expect([...map]).toHaveLength(3)
  })

  it('takes no writes when frozen, and says why although this is root', () => {
    using map = BpfMap.create(mapSpec('hash'), codecs)
    map.freeze()
    expect(() => map.set(1, 1n)).toThrow(
      expect.objectContaining({ code: 'BPF_SYSCALL', hint: expect.stringMatching(/frozen/) }),
    )
  })
})

describe('array', () => {
  it('holds every index', () => {
    using map = BpfMap.create(mapSpec('array', { maxEntries: 3 }), codecs)
    map.set(1, 7n)
    expect([...map]).toEqual([
      [0, 0n],
      [1, 7n],
      [2, 0n],
    ])
    expect(() => map.set(3, 0n)).toThrow(refused('E2BIG'))
    expect(map.get(3)).toBeUndefined()
    expect(() => map.delete(1)).toThrow(expect.objectContaining({ code: 'MAP_DELETE' }))
  })
})

describe.each<MapType>(['percpu_array', 'percpu_hash', 'lru_percpu_hash'])('%s', (type) => {
  it('holds a value for each possible CPU', () => {
    // 12 bytes, so that the padding to 16 shows.
    const value = perCpu(codecOf(u32))
    using map = BpfMap.create(mapSpec(type, { valueSize: 4 }), { key: codecOf(u32), value })
    const values = Array.from({ length: possibleCpus() }, (_, cpu) => 100 + cpu)
    map.set(2, values)
    expect(map.get(2)).toEqual(values)
    expect(new Map(map).get(2)).toEqual(values)
  })

  it('refuses a codec for one value only', () => {
    expect(() => BpfMap.create(mapSpec(type), codecs)).toThrow(
      expect.objectContaining({ code: 'MAP_CODEC', hint: expect.stringMatching(/perCpu/) }),
    )
  })
})

describe('lpm_trie', () => {
  const spec = mapSpec('lpm_trie', { keySize: 8, maxEntries: 1000, flags: 1 })
  const prefix = (length: number, ...address: number[]) => new Uint8Array([length, 0, 0, 0, ...address])

  it('finds the longest prefix', () => {
    using map = BpfMap.create(spec, { key: BpfMapKey, value: codecOf(u64) })
    map.set(prefix(8, 10, 0, 0, 0), 8n)
    map.set(prefix(24, 10, 1, 2, 0), 24n)
    expect(map.get(prefix(32, 10, 1, 2, 3))).toBe(24n)
    expect(map.get(prefix(32, 10, 9, 9, 9))).toBe(8n)
    expect(map.get(prefix(32, 11, 0, 0, 0))).toBeUndefined()
  })

  it('can be read while every other entry is deleted', () => {
    using map = BpfMap.create(spec, { key: BpfMapKey, value: codecOf(u64) })
    map.setAll(Array.from({ length: 1000 }, (_, n) => [prefix(32, 10, 0, n >> 8, n & 255), BigInt(n)]))
    const visited: bigint[] = []
    for (const [key, n] of map) {
      visited.push(n)
      if (n % 2n === 0n) map.delete(key)
    }
    expect(visited).toHaveLength(1000)
    expect(new Set(visited).size).toBe(1000)
    expect([...map]).toHaveLength(500)
  })
})

const BpfMapKey = {
  size: 8,
  encode: (value: Uint8Array) => value.slice(),
  decode: (bytes: Uint8Array) => bytes.slice(0, 8),
}

describe('maps of maps', () => {
  const inner = mapSpec('hash', { name: 'inner' })

  it.each<MapType>(['array_of_maps', 'hash_of_maps'])('%s holds maps and gives their ids', (type) => {
    using outer = BpfMap.create(mapSpec(type, { valueSize: 4, inner }), {
      key: codecOf(u32),
      value: codecOf(u32),
    })
    using held = BpfMap.create(inner, codecs)
    held.set(1, 5n)
    outer.setObject(3, held)
    expect(outer.get(3)).toBe(held.id)
    expect(outer.get(2)).toBeUndefined()
    expect([...outer]).toEqual([[3, held.id]])
    using again = BpfMap.inspect({ id: held.id })
    expect(again?.spec).toEqual(inner)
    expect(outer.delete(3)).toBe(true)
    expect(outer.get(3)).toBeUndefined()
  })
})

describe('ringbuf and prog_array', () => {
  it('can be created', () => {
    using ring = BpfMap.create(mapSpec('ringbuf', { keySize: 0, valueSize: 0, maxEntries: 4096 }))
    expect(ring.info()).toMatchObject({ type: 27, maxEntries: 4096, name: 't_ringbuf' })
    using programs = BpfMap.create(mapSpec('prog_array', { valueSize: 4 }))
    expect([...programs]).toEqual([])
  })
})

describe('pins', () => {
  it('open as the same map, and only as that', () => {
    const spec = mapSpec('hash')
    const path = `${pins}/same`
    using map = BpfMap.create(spec, codecs)
    map.pin(path)
    map.set(1, 2n)
    using again = BpfMap.openPinned(path, spec, codecs)
    expect(again.get(1)).toBe(2n)
    expect(again.id).toBe(map.id)
    expect(() => map.pin(path)).toThrow(refused('EEXIST'))
    const other = { ...spec, type: 'lru_hash', valueSize: 4, maxEntries: 9 } as const
    expect(() => BpfMap.openPinned(path, other)).toThrow(MapMismatchError)
    expect(() => BpfMap.openPinned(path, other)).toThrow(
      expect.objectContaining({
        differences: [
          'type is hash, expected lru_hash',
          'value size is 8, expected 4',
          'number of entries is 8, expected 9',
        ],
      }),
    )
  })

  it('that do not exist are an error', () => {
    expect(() => BpfMap.openPinned(`${pins}/none`, mapSpec('hash'))).toThrow(BpfError)
    using map = BpfMap.create(mapSpec('hash'), codecs)
    expect(() => map.pin('/tmp/not-bpffs')).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/bpffs/) }),
    )
    expect(() => map.pin(`${pins}/a.b`)).toThrow(refused('EPERM'))
    expect(() => map.pin(`${pins}/none/a`)).toThrow(refused('ENOENT'))
  })
})

it('refuses use after close', () => {
  const map = BpfMap.create(mapSpec('hash'), codecs)
  map.close()
  map.close()
  expect(() => map.get(1)).toThrow(expect.objectContaining({ code: 'USE_AFTER_CLOSE' }))
})
