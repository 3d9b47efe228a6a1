import { describe, expect, test } from 'vitest'
import { contextOf, pointerTo, subprogram } from '../../../../src/asm/dsl/control/subprogram.ts'
import { TcContext } from '../../../../src/asm/dsl/program/context.ts'
import { be16, s16, s32, u8, u16, u32, u64 } from '../../../../src/asm/layout/scalar.ts'
import { array, struct } from '../../../../src/asm/layout/struct.ts'
import { Input, program } from './compile-and-run.ts'

const Pair = struct('pair', { a: u32, b: u64 })
const Ethernet = struct('ethernet', { addresses: array(u16, 6), type: be16 })

describe.each([false, true])('a function of the program, global: %s', (global) => {
  test('takes and returns scalars of all widths', () => {
    const mix = subprogram(
      'mix',
      { a: u8, b: u16, c: u32, d: u64, e: s32 },
      u64,
      (b, { a, b: second, c, d, e }) => {
        b.return(d.add(a.toU64()).add(second.toU64().mul(1000)).add(c.toU64()).add(e.toU64()))
      },
      { global },
    )
    const { run } = program((b, { a, c, e }) => {
      const x = b.call(mix, { a: c.toU8(), b: 3, c, d: a, e })
      b.return(b.call(mix, { a: 1, b: c.toU8(), c: 0, d: x, e: -1 }))
    })
    const expected = (a: bigint, c: bigint, e: bigint): bigint => {
      const x = a + (c & 0xffn) + 3000n + c + BigInt.asUintN(64, e)
      return BigInt.asUintN(64, x + 1n + (c & 0xffn) * 1000n - 1n)
    }
    expect(run({ a: 5n << 33n, c: 0x1_23, e: -7 })).toBe(expected(5n << 33n, 0x123n, -7n))
  })

  test('returns narrow, signed and network-order types', () => {
    const low = subprogram('low', { x: u32 }, u16, (b, { x }) => b.return(x.toU16()), { global })
    const minus = subprogram('minus', { x: s16 }, s32, (b, { x }) => b.return(x.sub(1)), { global })
    const port = subprogram('port', { x: be16 }, be16, (b, { x }) => b.return(x), { global })
    const { run } = program((b, { c }) => {
      const swapped = b.call(port, { x: b.call(low, { x: c }).toNetwork() })
      b.if(b.call(minus, { x: -5 }).eq(-6), () => b.return(swapped.toHost().add(1)))
      b.return(0)
    })
    expect(run({ c: 0xabcd_1234 })).toBe(0x1235n)
  })

  test('reads and writes structs of its caller, on the stack and in maps', () => {
    const add = subprogram(
      'add',
      { pair: pointerTo(Pair), input: pointerTo(Input), n: u32 },
      'void',
      (b, { pair, input, n }) => {
        b.if(n.eq(0), () => b.return())
        b.assign(pair, { a: pair.a.add(n) as never, b: input.b })
        b.atomicAdd(input, { a: 10 })
      },
      { global },
    )
    const { run } = program((b, input) => {
      const pair = b.stack(Pair, { a: 1 })
      const before = pair.a
      b.call(add, { pair, input, n: input.c })
      b.return(input.a.mul(10000).add(pair.b.mul(100)).add(pair.a.toU64().mul(10)).add(before.toU64()))
    })
    expect(run({ a: 1, b: 7, c: 4 })).toBe(110000n + 700n + 50n + 1n)
    expect(run({ a: 1, b: 7, c: 0 })).toBe(10000n + 0n + 10n + 1n)
  })

  test('takes the context, and with it the packet', () => {
    const ethertype = subprogram(
      'ethertype',
      { skb: contextOf(TcContext), mark: u32 },
      u32,
      (b, { skb, mark }) => {
        const ethernet = b.packet(skb).header(Ethernet, { at: 0, otherwise: 0 })
        b.return(ethernet.type.toHost().toU32().add(mark))
      },
      { global },
    )
    const { run } = program((b, { c }, skb) => b.return(b.call(ethertype, { skb, mark: c })))
    const packet = new Uint8Array(64)
    packet.set([0x86, 0xdd], 12)
    expect(run({ c: 1 }, {}, packet)).toBe(0x86den)
  })

  test('calls others and is called from several places; each is there once', () => {
    const inner = subprogram('inner', { x: u32 }, u32, (b, { x }) => b.return(x.mul(3)), { global })
    const outer = subprogram('outer', { x: u32 }, u32, (b, { x }) => b.return(b.call(inner, { x }).add(1)), {
      global,
    })
    const { run, spec } = program((b, { c }) => {
      const first = b.call(outer, { x: c })
      b.return(b.call(outer, { x: first }).add(b.call(inner, { x: 2 })))
    })
    expect(run({ c: 5 })).toBe(16n * 3n + 1n + 6n)
    expect(spec.functions.map(({ name }) => name)).toEqual(['small', 'outer', 'inner'])
    expect(spec.functions.map(({ prototype }) => prototype !== undefined)).toEqual([false, global, global])
  })

  test('is called from a loop of each kind, and has loops', () => {
    const sum = subprogram(
      'sum',
      { to: u32 },
      u32,
      (b, { to }) => {
        const total = b.variable(u32, 0)
        b.for(
          2000,
          (i) => {
            b.if(i.ge(to), () => b.return(total.get()))
            total.set(total.get().add(i))
          },
          { strategy: 'bpf_loop' },
        )
        b.return(0)
      },
      { global },
    )
    const { run } = program((b, { c }) => {
      const total = b.variable(u32, 0)
      for (const strategy of ['unroll', 'bounded', 'bpf_loop', 'iterator'] as const)
        b.for(3, (i) => total.set(total.get().add(b.call(sum, { to: i.add(c) }))), { strategy })
      b.return(total.get())
    })
    expect(run({ c: 5 })).toBe(4n * (10n + 15n + 21n))
  })
})

test('a function that is called only where control never comes is left out', () => {
  const gone = subprogram('gone', { x: u32 }, u32, (b, { x }) => b.return(x))
  const there = subprogram('there', { x: u32 }, u32, (b, { x }) => b.return(x), { global: true })
  const { run, spec } = program((b, { c }) => {
    b.if(b.variable(u32, 1).get().eq(0), () => b.return(b.call(gone, { x: c })))
    b.return(b.call(there, { x: c }))
  })
  expect(run({ c: 4 })).toBe(4n)
  expect(spec.functions.map(({ name }) => name)).toEqual(['small', 'there'])
  expect(spec.functions[1]?.prototype?.returns).toBe('u32')
})
