import { expect } from 'vitest'
import { array as arrayMap } from '../../../src/asm/dsl/map/definition.ts'
import { type BuiltProgram, tc } from '../../../src/asm/dsl/program/program.ts'
import { bits } from '../../../src/asm/layout/bits.ts'
import { bytes } from '../../../src/asm/layout/bytes.ts'
import { be16, u8, u16, u32, u64 } from '../../../src/asm/layout/scalar.ts'
import { array, struct, union } from '../../../src/asm/layout/struct.ts'
import { be128 } from '../../../src/asm/layout/wide.ts'
import { VmMaps } from '../../../src/asm/vm/map/maps.ts'
import { runTc } from '../../../src/asm/vm/run-tc.ts'
import { failOnLeakedFds } from '../bpf/fixture.ts'
import { describe, test } from '../support/kernel-test.ts'
import { runInKernel } from './in-kernel.ts'

failOnLeakedFds()

const Row = struct('row', { id: u32, address: be128, hits: u32, name: bytes(3), pad: u8 })
const Table = struct('table', {
  head: u32,
  rows: array(Row, 5),
  counts: array(u64, 8),
  small: array(u16, 3),
  flags: bits(be16, { high: 3, low: 13 }),
  choice: union('choice', { word: u32, bytes: bytes(6) }),
})
const tables = arrayMap('tables', Table, { maxEntries: 1 })
/** The first bytes of the packet tell the program what to do. */
const Order = struct('order', { index: u32, amount: u32, text: bytes(13) }, { packed: true })

/** The program does in the kernel what it does in the interpreter, optimised and not. */
function agree(
  program: BuiltProgram,
  orders: readonly { readonly index: number; readonly amount: number }[],
) {
  for (const spec of [program, program.rebuild({ passes: 'none' })])
    for (const order of orders) {
      const packet = new Uint8Array(64).fill(0x5a)
      packet.set(Order.encode({ ...order, text: Uint8Array.from({ length: 13 }, (_, i) => i * 3) }), 14)
      const vm = new VmMaps(spec.maps)
      const expected = runTc(spec, packet, { maps: vm })
      const result = runInKernel(spec, packet, {
        after: (maps) => {
          const element = maps.get('tables')?.get(new Uint8Array(4))
          if (element !== undefined) expect(Table.decode(element)).toEqual(vm.of(tables).get({ index: 0 }))
        },
      })
      expect(result).toEqual({ verdict: expected.verdict, packet: expected.packet })
    }
}

const orders = [0, 2, 3, 4, 5, 8, 0x80000000].map((index) => ({ index, amount: (index * 3 + 1) % 0x2000 }))

describe('the verifier takes', () => {
  test('computed indices into arrays of map elements', () => {
    const program = tc('in_map', (b, skb) => {
      const order = b.packet(skb).header(Order, { at: 14, otherwise: 90 })
      const table = b.lookup(tables, 0, { otherwise: 91 })
      b.assign(table.counts, order.index, order.amount, { wrap: true })
      b.atomicAdd(table.counts, order.index.and(7), 5)
      b.assign(table.small, order.index, 3, { otherwise: 92 })
      const row = table.rows.at(order.index, { otherwise: 93 })
      b.assign(row, { address: 5n, name: Uint8Array.of(1, 2, 3), id: order.amount })
      b.atomicAdd(row, { hits: 1 })
      b.return(row.id.add(row.name.at(1)))
    })
    agree(program, orders)
  })

  test('remainders as indices, which the verifier has to be shown', () => {
    const program = tc('remainders', (b, skb) => {
      const order = b.packet(skb).header(Order, { at: 14, otherwise: 90 })
      const table = b.lookup(tables, 0, { otherwise: 91 })
      b.assign(table.counts, order.index.mod(8), order.amount)
      b.assign(table.counts, order.index.toU64().mod(7), order.amount)
      b.atomicAdd(table.counts, order.amount.mod(6).toU64(), 1)
      const row = table.rows.at(order.index.mod(5))
      b.assign(row, { id: order.amount })
      b.for(4, (i) => b.atomicAdd(table.rows.at(order.amount.add(i).mod(3)), { hits: 1 }))
      // A quotient of 32 bits, compared in 32 bits and used in 64.
      const tenth = table.rows.at(order.amount.div(10), { otherwise: 94 })
      b.return(table.small.at(order.amount.mod(3)).toU32().add(tenth.id))
    })
    agree(program, orders)
  })

  test('computed indices into arrays on the stack', () => {
    const program = tc('on_stack', (b, skb) => {
      const order = b.packet(skb).header(Order, { at: 14, otherwise: 90 })
      const table = b.stack(Table, { small: [5, 6, 7] })
      b.assign(table.counts, order.index, order.amount, { wrap: true })
      b.assign(table.small, order.index, 3, { otherwise: 92 })
      const row = table.rows.at(order.index, { otherwise: 93 })
      b.assign(row, { address: 5n, id: order.amount })
      const sum = table.small.at(0).add(table.small.at(1)).add(table.small.at(2)).add(row.id)
      b.return(sum.add(row.address.low().toHost().toU32()).add(table.counts.at(3).toU32()))
    })
    agree(program, orders)
  })

  test('copies and comparisons between packet, map and stack, bit-fields and unions', () => {
    const program = tc('blocks', (b, skb) => {
      const order = b.packet(skb).header(Order, { at: 14, otherwise: 90 })
      const table = b.lookup(tables, 0, { otherwise: 91 })
      const copy = b.stack(Order)
      b.copy(copy, order)
      b.assign(table, { flags: { low: order.amount }, choice: { word: order.index } })
      b.assign(table.choice, { bytes: Uint8Array.of(1, 2, 3, 4, 5, 6) })
      b.assign(table.rows.at(1), { name: Uint8Array.of(9, 9, 9), address: 1n })
      b.if(b.equal(copy, order).not(), () => b.return(1))
      b.if(
        b
          .equal(
            copy.text,
            Uint8Array.from({ length: 13 }, (_, i) => i * 3),
          )
          .not(),
        () => b.return(2),
      )
      b.zero(copy.text)
      b.copy(order.text, copy.text)
      b.zero(table.rows.at(2))
      b.return(table.flags.low.add(table.choice.bytes.at(5)))
    })
    agree(program, orders)
  })
})
