import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { array, arrayOfMaps, hash } from '../../../../src/asm/dsl/map/definition.ts'
import { u8, u32, u64 } from '../../../../src/asm/layout/scalar.ts'
import { codecOf, struct } from '../../../../src/asm/layout/struct.ts'
import type { MapSpec, MapType } from '../../../../src/asm/program.ts'
import { LpmTrieMap } from '../../../../src/asm/vm/map/lpm-trie.ts'
import { createMap, VmMaps } from '../../../../src/asm/vm/map/maps.ts'
import { RingBufferMap } from '../../../../src/asm/vm/map/ring-buffer.ts'

const spec = (type: MapType, options: Partial<MapSpec> = {}): MapSpec => ({
  name: 'some',
  type,
  keySize: 4,
  valueSize: 8,
  maxEntries: 3,
  flags: 0,
  ...options,
})
const key = (value: number): Uint8Array => codecOf(u32).encode(value)
const value = (n: number): Uint8Array => codecOf(u64).encode(BigInt(n))
const [ANY, NOEXIST, EXIST] = [0, 1, 2]
const [ENOENT, E2BIG, EEXIST, EINVAL] = [-2, -7, -17, -22]

describe('arrays', () => {
  const map = createMap(spec('array'))

  test('have all their elements, and no others', () => {
    expect(map.lookup(key(2), 0)).toEqual(value(0))
    expect(map.lookup(key(3), 0)).toBeUndefined()
    expect([...map.keys()]).toEqual([key(0), key(1), key(2)])
  })

  test('are updated in place: a pointer held by a program sees it', () => {
    const held = map.lookup(key(1), 0)
    expect(map.update(key(1), value(5), ANY, 0)).toBe(0)
    expect(held).toEqual(value(5))
  })

  test('refuse what the kernel refuses', () => {
    expect(map.update(key(3), value(1), ANY, 0)).toBe(E2BIG)
    expect(map.update(key(1), value(1), NOEXIST, 0)).toBe(EEXIST)
    expect(map.update(key(1), value(1), 8, 0)).toBe(EINVAL)
    expect(map.delete(key(1))).toBe(EINVAL)
  })

  test('per CPU, each has its own', () => {
    const perCpu = createMap(spec('percpu_array'))
    perCpu.update(key(0), value(1), ANY, 0)
    perCpu.update(key(0), value(2), ANY, 1)
    expect([0, 1, 2].map((cpu) => perCpu.lookup(key(0), cpu))).toEqual([value(1), value(2), value(0)])
  })
})

describe('hash tables', () => {
  test('do what a Map does, up to their size', () => {
    const operation = fc.record({
      op: fc.constantFrom('update', 'delete', 'lookup'),
      key: fc.nat({ max: 5 }),
      value: fc.nat(),
      flags: fc.constantFrom(ANY, NOEXIST, EXIST),
    })
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
        const map = createMap(spec('hash'))
        const model = new Map<number, number>()
        for (const it of operations) {
          const known = model.has(it.key)
          if (it.op === 'lookup') {
            const expected = model.get(it.key)
            expect(map.lookup(key(it.key), 0)).toEqual(expected === undefined ? undefined : value(expected))
          } else if (it.op === 'delete') {
            expect(map.delete(key(it.key))).toBe(model.delete(it.key) ? 0 : ENOENT)
          } else {
            const refused =
              known && it.flags === NOEXIST
                ? EEXIST
                : !known && it.flags === EXIST
                  ? ENOENT
                  : !known && model.size >= 3
                    ? E2BIG
                    : 0
            expect(map.update(key(it.key), value(it.value), it.flags, 0)).toBe(refused)
            if (refused === 0) model.set(it.key, it.value)
          }
          expect([...map.keys()].length).toBe(model.size)
        }
      }),
    )
  })

  test('an update replaces the element: the old one’s pointer does not see it', () => {
    const map = createMap(spec('hash'))
    map.update(key(1), value(1), ANY, 0)
    const held = map.lookup(key(1), 0)
    map.update(key(1), value(2), ANY, 0)
    expect(held).toEqual(value(1))
    expect(map.lookup(key(1), 0)).toEqual(value(2))
  })

  test('LRU: a full one drops what was used least recently', () => {
    const map = createMap(spec('lru_hash'))
    for (const n of [1, 2, 3]) map.update(key(n), value(n), ANY, 0)
    map.lookup(key(1), 0)
    expect(map.update(key(4), value(4), ANY, 0)).toBe(0)
    expect([...map.keys()].map((k) => k[0]).sort()).toEqual([1, 3, 4])
  })

  test('per CPU, an element has a value for each', () => {
    const map = createMap(spec('percpu_hash'))
    map.update(key(1), value(10), ANY, 1)
    expect(map.lookup(key(1), 0)).toEqual(value(0))
    expect(map.lookup(key(1), 1)).toEqual(value(10))
  })
})

describe('longest prefix match', () => {
  const prefix = (text: string): Uint8Array => {
    const [address = '', length = '32'] = text.split('/')
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setUint32(0, Number(length), true)
    bytes.set(address.split('.').map(Number), 4)
    return bytes
  }
  const map = (): LpmTrieMap => new LpmTrieMap(spec('lpm_trie', { keySize: 8, maxEntries: 4 }))

  test('finds the longest prefix that fits', () => {
    const routes = map()
    for (const [i, route] of ['0.0.0.0/0', '10.0.0.0/8', '10.1.128.0/17'].entries())
      routes.update(prefix(route), value(i), ANY)
    const found = (address: string): Uint8Array | undefined => routes.lookup(prefix(address))
    expect(found('192.0.2.1')).toEqual(value(0))
    expect(found('10.1.127.1')).toEqual(value(1))
    expect(found('10.1.128.1')).toEqual(value(2))
    expect(routes.lookup(prefix('10.1.128.0/16'))).toEqual(value(1))
    expect(routes.delete(prefix('0.0.0.0/0'))).toBe(0)
    expect(found('192.0.2.1')).toBeUndefined()
    expect(routes.delete(prefix('0.0.0.0/0'))).toBe(ENOENT)
  })

  test('refuses what the kernel refuses', () => {
    const routes = map()
    expect(routes.update(prefix('10.0.0.0/33'), value(0), ANY)).toBe(EINVAL)
    expect(routes.update(prefix('10.0.0.0/8'), value(0), EXIST)).toBe(ENOENT)
    expect(routes.update(prefix('10.0.0.0/8'), value(0), ANY)).toBe(0)
    expect(routes.update(prefix('10.9.9.9/8'), value(0), NOEXIST)).toBe(EEXIST)
    for (const n of [1, 2, 3]) routes.update(prefix(`10.${n}.0.0/16`), value(0), ANY)
    expect(routes.update(prefix('10.4.0.0/16'), value(0), ANY)).toBe(E2BIG)
  })
})

describe('ring buffers', () => {
  test('keep submitted records in order, until they are full', () => {
    const ring = new RingBufferMap(spec('ringbuf', { keySize: 0, valueSize: 0, maxEntries: 48 }))
    const [first, second] = [ring.reserve(9), ring.reserve(8)]
    expect(ring.reserve(8)).toBeUndefined()
    if (first === undefined || second === undefined) throw new Error('there was room')
    first.set([1, 2, 3])
    expect(ring.finish(second, false)).toBe(true)
    expect(ring.finish(first, true)).toBe(true)
    expect(ring.finish(first, true)).toBe(false)
    expect(ring.drain()).toEqual([Uint8Array.of(1, 2, 3, 0, 0, 0, 0, 0, 0)])
    expect(ring.drain()).toEqual([])
    expect(ring.reserve(40)).toBeDefined()
  })
})

describe('maps through their layouts', () => {
  const table = hash('table', struct('k', { id: u32 }), struct('v', { a: u8, n: u64 }), { maxEntries: 1 })
  const outer = arrayOfMaps('outer', array('inner', struct('w', { n: u64 }), { maxEntries: 2 }), {
    maxEntries: 2,
  })
  const maps = new VmMaps([table.spec, outer.spec])

  test('are filled and read as objects', () => {
    const typed = maps.of(table)
    typed.set({ id: 5 }, { a: 1, n: 2n })
    expect(typed.get({ id: 5 })).toEqual({ a: 1, n: 2n })
    expect([...typed.entries()]).toEqual([[{ id: 5 }, { a: 1, n: 2n }]])
    expect(() => typed.set({ id: 6 }, { a: 1, n: 2n })).toThrow(
      new RangeError('map table refused an element: errno 7'),
    )
    expect([typed.delete({ id: 5 }), typed.delete({ id: 5 })]).toEqual([true, false])
  })

  test('inner maps are put and replaced', () => {
    maps.putInner(outer, 1).set({ index: 0 }, { n: 1n })
    expect(maps.putInner(outer, 1, 9).get({ index: 8 })).toEqual({ n: 0n })
    expect(() => maps.putInner(outer, 2)).toThrow(new RangeError('map outer has 2 elements, there is no 2'))
  })

  test('that the program does not have', () => {
    const other = array('other', struct('w', { n: u64 }), { maxEntries: 2 })
    expect(() => maps.of(other)).toThrow(
      new RangeError('the program has no map "other"; it has table, outer'),
    )
  })
})
