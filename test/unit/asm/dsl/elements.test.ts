import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { array as arrayMap } from '../../../../src/asm/dsl/map/definition.ts'
import { structRef } from '../../../../src/asm/dsl/memory/reference.ts'
import { tc } from '../../../../src/asm/dsl/program/program.ts'
import { bytes } from '../../../../src/asm/layout/bytes.ts'
import { be16, u8, u16, u32, u64 } from '../../../../src/asm/layout/scalar.ts'
import { array, struct } from '../../../../src/asm/layout/struct.ts'
import { be128 } from '../../../../src/asm/layout/wide.ts'
import { VmMaps } from '../../../../src/asm/vm/map/maps.ts'
import { runTc } from '../../../../src/asm/vm/run-tc.ts'
import { here, report } from './build-failure.ts'
import { program } from './compile-and-run.ts'

const Row = struct('row', { id: u32, address: be128, hits: u32, name: bytes(3), pad: u8 })
const Table = struct('table', { head: u32, rows: array(Row, 5), counts: array(u64, 8), small: array(u16, 3) })
const tables = arrayMap('tables', Table, { maxEntries: 1 })
const row = (id: number) => ({
  id,
  address: BigInt(id) << 64n,
  hits: 0,
  name: Uint8Array.of(id, id, id),
  pad: 0,
})
const filled = {
  head: 1,
  rows: [10, 11, 12, 13, 14].map(row),
  counts: [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n],
  small: [100, 101, 102],
}

describe('elements at a computed index', () => {
  test('of structs in a map: read, assigned, counted; otherwise beyond the end', () => {
    const { spec, result } = program((b, { c, d }) => {
      const table = b.lookup(tables, 0, { otherwise: 99 })
      const found = table.rows.at(c, { otherwise: 98 })
      b.assign(found, { address: found.address.and((1n << 70n) - 1n), name: Uint8Array.of(1, 2, 3) })
      b.atomicAdd(found, { hits: d })
      b.return(found.id)
    })
    for (const c of [0, 3, 4, 5, 0xffffffff]) {
      const maps = new VmMaps(spec.maps)
      maps.of(tables).set({ index: 0 }, filled)
      const { r0 } = result({ c, d: 7 }, { maps })
      const after = maps.of(tables).get({ index: 0 })
      const changed = { ...row(10 + c), address: (BigInt(10 + c) << 64n) & ((1n << 70n) - 1n), hits: 7 }
      const rows = filled.rows.map((r, i) => (i === c ? { ...changed, name: Uint8Array.of(1, 2, 3) } : r))
      expect([r0, after]).toEqual([c < 5 ? BigInt(10 + c) : 98n, { ...filled, rows }])
    }
  })

  test('remainders need no proof of their own', () => {
    for (const divisor of [1, 2, 3, 4, 5, 7, 8]) {
      const { spec, result } = program((b, { c, d }) => {
        const table = b.lookup(tables, 0, { otherwise: 99 })
        b.assign(table.counts, c.mod(divisor), 50)
        b.if(c.gt(100), () => b.return(table.counts.at(d.toU64().mod(divisor))))
        b.return(table.counts.at(d.mod(divisor).toU64()))
      })
      for (const [c, d] of [
        [0, 1],
        [6, 7],
        [14, 0xffffffff],
        [0xffffffff, 13],
      ] as const) {
        const maps = new VmMaps(spec.maps)
        maps.of(tables).set({ index: 0 }, filled)
        const counts = filled.counts.with(c % divisor, 50n)
        expect([result({ c, d }, { maps }).r0, maps.of(tables).get({ index: 0 })]).toEqual([
          counts[d % divisor],
          { ...filled, counts },
        ])
      }
    }
    let at = ''
    const lines = report((b, { c }) => {
      const table = b.lookup(tables, 0, { otherwise: 99 })
      at = here(1)
      b.return(table.rows.at(c.mod(6)).id)
    })
    expect(lines).toEqual([
      'INDEX_UNPROVEN',
      `tables.rows has 5 elements, and nothing says that the index is below that (${at})`,
      'Say what happens beyond the end: .at(index, { otherwise: … }).',
    ])
  })

  test('of integers in a map: assigned, counted, wrapped around', () => {
    const { spec, result } = program((b, { c, d }) => {
      const table = b.lookup(tables, 0, { otherwise: 99 })
      b.assign(table.small, c, 7, { otherwise: 98 })
      b.atomicAdd(table.counts, d, 100, { wrap: true })
      b.return(b.fetchAdd(table.counts, d.and(7), 1).add(table.counts.at(d.and(7))))
    })
    const maps = new VmMaps(spec.maps)
    maps.of(tables).set({ index: 0 }, filled)
    expect(result({ c: 2, d: 11 }, { maps }).r0).toBe(103n + 104n)
    expect(maps.of(tables).get({ index: 0 })).toEqual({
      ...filled,
      small: [100, 101, 7],
      counts: [0n, 1n, 2n, 104n, 4n, 5n, 6n, 7n],
    })
  })

  test('on the stack', () => {
    const { run } = program((b, { c }) => {
      const table = b.stack(Table, { small: [5, 6, 7], rows: [{}, { id: 1, address: 77n }, {}, {}, {}] })
      b.assign(table.small, c, 9, { otherwise: 98 })
      const found = table.rows.at(c, { otherwise: 99 })
      b.assign(found, { hits: 3 })
      const sum = table.small.at(0).add(table.small.at(1)).add(table.small.at(2))
      b.return(sum.add(found.address.low().toHost()).add(table.rows.at(c, { otherwise: 1 }).hits.toU64()))
    })
    expect([0, 1, 2, 3].map((c) => run({ c }))).toEqual([
      9n + 13n + 3n,
      9n + 12n + 77n + 3n,
      11n + 9n + 3n,
      98n,
    ])
  })

  test('an index of 64 bits is compared as such', () => {
    const { run } = program((b, { a }) => {
      b.return(b.stack(Table, { small: [5, 6, 7] }).small.at(a, { otherwise: 98 }))
    })
    expect([1n, 3n, (1n << 32n) + 1n].map((a) => run({ a }))).toEqual([6n, 98n, 98n])
  })

  test('constant data can be read, not written', () => {
    const spec = tc('constant', (b) => {
      const found = b.lookup(tables, 0, { otherwise: 99 })
      const pointer = b.emitter.emit({ kind: 'const', value: 0n }, 'ptr')
      const constant = structRef(b.emitter, Table, pointer, 'constant', 'limits')
      expect(() => b.assign(constant as never, { head: 1 } as never)).toThrow(
        /^limits cannot be written: it is constant data \(elements\.test\.ts:\d+\)$/,
      )
      b.return(found.head)
    })
    expect(runTc(spec, new Uint8Array(14)).r0).toBe(0n)
  })

  test('what nothing bounds is refused', () => {
    expect(report((b, { c }) => b.return(b.stack(Table).small.at(c)))).toEqual([
      'INDEX_UNPROVEN',
      `table.small has 3 elements, and nothing says that the index is below that (${here(-2)})`,
      'Say what happens beyond the end: .at(index, { otherwise: … }).',
    ])
    expect(report((b, { c }) => b.return(b.stack(Table).counts.at(c)))).toEqual([
      'INDEX_UNPROVEN',
      `table.counts has 8 elements, and nothing says that the index is below that (${here(-2)})`,
      'Say what happens beyond the end: .at(index, { otherwise: … }), or wrap around: .at(index, { wrap: true }).',
    ])
    expect(report((b, { c }) => b.return(b.stack(Table).small.at(c, { wrap: true })))).toEqual([
      'INDEX_WRAP',
      `table.small has 3 elements: an index wraps only at a power of two (${here(-2)})`,
      'Say what happens beyond the end: { otherwise: … }.',
    ])
    expect(report((b) => b.atomicAdd(b.stack(Table).small as never, 0, 1))).toEqual([
      'ATOMIC',
      `table.small[0] is not a 32- or 64-bit host-order field (${here(-2)})`,
    ])
  })
})

describe('blocks of memory', () => {
  const anySize = fc.integer({ min: 1, max: 40 })
  const Packet = (size: number) => struct('block', { data: bytes(size) }, { packed: true })

  test('equal, copy, zero: in a map, on the stack and in the packet, whatever the size', () => {
    fc.assert(
      fc.property(anySize, fc.nat(), fc.boolean(), (size, where, same) => {
        const Block = Packet(size)
        const map = arrayMap('blocks', Block, { maxEntries: 2 })
        const spec = tc('blocks', (b, skb) => {
          const packet = b.packet(skb).header(Block, { at: 3, otherwise: 90 })
          const [one, two] = [b.lookup(map, 0, { otherwise: 91 }), b.lookup(map, 1, { otherwise: 92 })]
          const stack = b.stack(Block)
          b.copy(stack, packet)
          b.if(b.equal(stack, one).not(), () => b.return(1))
          b.if(b.equal(packet.data, one.data).not(), () => b.return(2))
          b.copy(two, stack)
          b.zero(packet)
          b.return(0)
        })
        const maps = new VmMaps(spec.maps)
        const data = Uint8Array.from({ length: size }, (_, i) => (i * 37 + 5) & 0xff)
        const other = data.slice()
        const at = where % size
        if (!same) other[at] = (other[at] ?? 0) ^ 1
        maps.of(map).set({ index: 0 }, { data: other })
        const packet = new Uint8Array(60).fill(0xee)
        packet.set(data, 3)
        const result = runTc(spec, packet, { maps })
        expect(result.r0).toBe(same ? 0n : 1n)
        if (!same) return
        expect(maps.of(map).get({ index: 1 })).toEqual({ data })
        packet.fill(0, 3, 3 + size)
        expect(result.packet).toEqual(packet)
      }),
      { numRuns: 60 },
    )
  })

  test('known bytes are compared and stored', () => {
    const { run } = program((b, { c }) => {
      const it = b.stack(Row)
      b.storeBytes(it.name, Uint8Array.of(1, 2, 3))
      b.assign(it.name, c, 9, { otherwise: 5 })
      b.if(b.equal(it.name, Uint8Array.of(1, 9, 3)), () => b.return(1))
      b.return(0)
    })
    expect([0, 1, 2, 3].map((c) => run({ c }))).toEqual([0n, 1n, 0n, 5n])
  })

  test('sizes must agree, and be small enough', () => {
    expect(report((b) => b.copy(b.stack(Row), b.stack(Table)))).toEqual([
      'SIZE',
      `row has ${Row.size} bytes, table has ${Table.size} (${here(-2)})`,
    ])
    expect(report((b) => b.if(b.equal(b.stack(Row).name, Uint8Array.of(1)), () => {}))).toEqual([
      'SIZE',
      `row.name has 3 bytes, what it meets has 1 (${here(-2)})`,
    ])
    const Large = struct('large', { data: bytes(1025) })
    expect(report((b) => b.zero(b.stack(Large).data))).toEqual([
      'SIZE',
      `large.data has 1025 bytes; at most 1024 are handled by instructions one after the other (${here(-2)})`,
      'Handle its elements in a loop.',
    ])
  })
})

describe('atomic operations', () => {
  const Word = struct('word', { count: u32, port: be16, pad: u16 })

  test('do not work on packets', () => {
    expect(
      report((b, _, skb) => {
        b.atomicAdd(b.packet(skb).header(Word, { at: 0, otherwise: 0 }) as never, { count: 1 } as never)
      }),
    ).toEqual([
      'ATOMIC',
      `word.count is packet memory: atomic operations work on elements of maps and on the stack (${here(-4)})`,
    ])
  })
})
