import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { u32, u64 } from '../../../../src/asm/layout/scalar.ts'
import { codecOf } from '../../../../src/asm/layout/struct.ts'
import type { MapSpec } from '../../../../src/asm/program.ts'
import { checkMapSpec, mapDifferences, mapTypeName } from '../../../../src/loader/bpf/map-spec-check.ts'
import { perCpu } from '../../../../src/loader/bpf/per-cpu-codec.ts'
import { parseCpuList } from '../../../../src/loader/bpf/possible-cpus.ts'

describe('per-CPU values', () => {
  it('are padded to 8 bytes each', () => {
    const codec = perCpu(codecOf(u32), 3)
    expect(codec.size).toBe(24)
    expect(codec.encode([1, 2, 0xffffffff])).toEqual(
      Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0),
    )
  })

  it('come back as they went', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 1 }), (values) => {
        const codec = perCpu(codecOf(u64), values.length)
        expect(codec.decode(codec.encode(values))).toEqual(values)
      }),
    )
  })

  it('must be one for each CPU', () => {
    const codec = perCpu(codecOf(u32), 2)
    expect(() => codec.encode([1])).toThrow(RangeError)
    expect(() => codec.decode(new Uint8Array(15))).toThrow(RangeError)
  })
})

describe('CPU lists', () => {
  it.each([
    ['0\n', 1],
    ['0-1\n', 2],
    ['0-3,8-11', 8],
    ['0,2,4', 3],
  ])('%j counts %d', (list, count) => {
    expect(parseCpuList(list)).toBe(count)
  })

  it.each(['', 'a', '0-', '3-1', '0,,1'])('%j is refused', (list) => {
    expect(() => parseCpuList(list)).toThrow(RangeError)
  })
})

describe('map specifications', () => {
  const good: MapSpec = { name: 'm', type: 'hash', keySize: 4, valueSize: 8, maxEntries: 8, flags: 0 }
  const bad: [string, Partial<MapSpec>, RegExp][] = [
    ['no entries', { maxEntries: 0 }, /maxEntries is 0/],
    ['too many entries', { maxEntries: 2 ** 32 }, /maxEntries expected 0 to 2\^32-1/],
    ['no key', { keySize: 0 }, /keySize is 0/],
    ['no value', { valueSize: 0 }, /valueSize is 0/],
    ['array keys', { type: 'array', keySize: 8 }, /4-byte indexes/],
    ['references', { type: 'prog_array', valueSize: 8 }, /4-byte references/],
    ['no inner map', { type: 'hash_of_maps', valueSize: 4 }, /inner map is not given/],
    ['keys of a queue', { type: 'queue' }, /it has no keys, got keySize 4/],
    ['entries of storage', { type: 'task_storage' }, /maxEntries must be 0, got 8/],
    ['keys of storage', { type: 'sk_storage', keySize: 8, maxEntries: 0 }, /file descriptors, got keySize 8/],
    ['an inner map', { inner: good }, /cannot have an inner map/],
    ['a trie without its flag', { type: 'lpm_trie', keySize: 8 }, /BPF_F_NO_PREALLOC/],
    ['a trie with short keys', { type: 'lpm_trie', flags: 1 }, /prefix length/],
    ['ring buffer with keys', { type: 'ringbuf', maxEntries: 4096 }, /both sizes must be 0/],
    ['ring buffer size', { type: 'ringbuf', keySize: 0, valueSize: 0, maxEntries: 12288 }, /power of two/],
    [
      'a bad inner map',
      { type: 'array_of_maps', valueSize: 4, inner: { ...good, keySize: 0 } },
      /keySize is 0/,
    ],
  ]

  it.each(bad)('with %s are refused with the reason', (_, change, reason) => {
    expect(() => checkMapSpec({ ...good, ...change })).toThrow(reason)
  })

  it('that kernels take are accepted', () => {
    expect(() => checkMapSpec(good)).not.toThrow()
    expect(() => checkMapSpec({ ...good, type: 'array_of_maps', valueSize: 4, inner: good })).not.toThrow()
  })

  it('are compared property by property', () => {
    expect(mapDifferences(good, good)).toEqual([])
    expect(mapDifferences(good, { ...good, keySize: 8, maxEntries: 9 })).toEqual([
      'key size is 8, expected 4',
      'number of entries is 9, expected 8',
    ])
  })

  it('have names for their types', () => {
    expect(mapTypeName(9)).toBe('lru_hash')
    expect(mapTypeName(99)).toBe('type 99')
  })
})
