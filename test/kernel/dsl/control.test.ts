import { expect } from 'vitest'
import type { LoopStrategy } from '../../../src/asm/dsl/control/loops.ts'
import { contextOf, pointerTo, subprogram } from '../../../src/asm/dsl/control/subprogram.ts'
import type { KernelFeatures } from '../../../src/asm/dsl/core/emitter.ts'
import { SkBuff, TcContext } from '../../../src/asm/dsl/program/context.ts'
import { tc } from '../../../src/asm/dsl/program/program.ts'
import { be16, u8, u16, u32, u64 } from '../../../src/asm/layout/scalar.ts'
import { array, struct } from '../../../src/asm/layout/struct.ts'
import { BpfMap } from '../../../src/loader/bpf/map.ts'
import { kernelFeatures } from '../../../src/loader/kernel/loop-features.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import { failOnLeakedFds } from '../bpf/fixture.ts'
import { describe, test } from '../support/kernel-test.ts'
import { inBoth } from './run-in-both.ts'

failOnLeakedFds()

const strategies: readonly LoopStrategy[] = ['unroll', 'bounded', 'bpf_loop', 'iterator']
const zeroes = SkBuff.decode(new Uint8Array(SkBuff.size))
const Pair = struct('pair', { a: u32, b: u64 })
const Bytes = struct('bytes', { all: array(u8, 14) })
const Ethernet = struct('ethernet', { addresses: array(u16, 6), type: be16 })

describe.each(strategies)('a loop of strategy %s', (strategy) => {
  test('variables, values, stack structs and map values from outside', () => {
    inBoth(
      (b, input) => {
        const { a, c } = input
        const [narrow, wide] = [b.variable(u32, c), b.variable(u64, a)]
        const outer = b.stack(Pair, { a: 1 })
        b.for(
          5,
          (index) => {
            narrow.set(narrow.get().add(c).add(index))
            b.if(index.eq(3), () => wide.set(wide.get().mul(3)))
            b.assign(outer, { a: outer.a.add(index) as never, b: outer.b.add(input.b) })
            b.atomicAdd(input, { d: 1 })
          },
          { strategy },
        )
        b.return(wide.get().toU32().xor(narrow.get()).add(outer.a).add(outer.b.toU32()).add(input.d))
      },
      ({ run }) => {
        expect(run({ a: 7, b: 2, c: 3 })).toBe((21 ^ (3 + 15 + 10)) + 11 + 10 + 5)
        run({ a: 0xffff_ffff_ffffn, b: 99, c: 0xffff_ffff, d: 5 })
      },
    )
  })

  test('break, continue and return', () => {
    inBoth(
      (b, { c, d }) => {
        const sum = b.variable(u32, 0)
        b.for(
          10,
          (index) => {
            b.if(index.eq(1), () => b.continue())
            b.if(index.eq(d), () => b.return(index.add(1000)))
            b.if(index.eq(c), () => b.break())
            sum.set(sum.get().add(index))
          },
          { strategy },
        )
        b.return(sum.get())
      },
      ({ run }) => {
        expect(run({ c: 5, d: 99 })).toBe(9)
        expect(run({ c: 99, d: 7 })).toBe(1007)
        expect(run({ c: 99, d: 99 })).toBe(44)
      },
    )
  })

  test('a packet that is read in it', () => {
    inBoth(
      (b, _, skb) => {
        const bytes = b.packet(skb).header(Bytes, { at: 0, otherwise: 0 })
        const sum = b.variable(u32, 0)
        b.for(3, (index) => sum.set(sum.get().add(bytes.all.at(12)).add(index)), { strategy })
        b.return(sum.get())
      },
      ({ run }) => {
        const packet = new Uint8Array(64)
        packet[12] = 100
        expect(run({}, packet)).toBe(303)
      },
    )
  })

  const moving = 'a packet that is pulled together in it'
  if (strategy !== 'bpf_loop')
    test(moving, () => {
      inBoth(
        (b, _, skb) => {
          const packet = b.packet(skb)
          const sum = b.variable(u32, 0)
          b.for(
            3,
            (index) => {
              packet.require(20, { otherwise: 0 })
              const bytes = packet.header(Bytes, { at: 2, otherwise: 0 })
              sum.set(sum.get().add(bytes.all.at(10)).add(index))
            },
            { strategy },
          )
          b.return(sum.get())
        },
        ({ run }) => {
          const packet = new Uint8Array(64)
          packet[12] = 100
          expect(run({}, packet)).toBe(303)
        },
      )
    })

  test.each(strategies)('around one of strategy %s', (inner) => {
    inBoth(
      (b, { c, d }) => {
        const sum = b.variable(u32, 0)
        b.for(
          3,
          (i) => {
            b.for(
              4,
              (j) => {
                b.if(i.eq(c).and(j.eq(d)), () => b.return(sum.get().add(1000)))
                sum.set(sum.get().add(i.mul(10)).add(j))
              },
              { strategy: inner },
            )
            b.if(i.eq(1).and(d.eq(77)), () => b.break())
          },
          { strategy },
        )
        b.return(sum.get())
      },
      ({ run }) => {
        expect(run({ c: 9, d: 0 })).toBe(3 * 6 + 120)
        expect(run({ c: 1, d: 2 })).toBe(1000 + 6 + 21)
        expect(run({ c: 9, d: 77 })).toBe(12 + 40)
      },
    )
  })

  if (strategy !== 'unroll')
    test('while a condition holds, and over a range known only later', () => {
      inBoth(
        (b, { c, d }) => {
          const [n, turns] = [b.variable(u32, c), b.variable(u32, 0)]
          b.while(
            () => n.get().gt(1),
            () => {
              n.set(n.get().shr(1))
              turns.set(turns.get().add(1))
            },
            { max: 20, strategy },
          )
          b.for({ from: c, to: d, step: 3, max: 8 }, () => turns.set(turns.get().add(100)), { strategy })
          b.return(turns.get())
        },
        ({ run }) => {
          expect(run({ c: 8, d: 16 })).toBe(303)
          expect(run({ c: 0xffff_ffff, d: 0 })).toBe(20)
          expect(run({ c: 0, d: 0xffff_ffff })).toBe(800)
        },
      )
    })
})

test('a hundred thousand turns', () => {
  inBoth(
    (b, { c }) => {
      const sum = b.variable(u32, 0)
      b.for(50_000, (index) => sum.set(sum.get().add(index.xor(c))))
      b.return(sum.get())
    },
    ({ run, functions }) => {
      expect(functions).toEqual(['small', 'loop_body'])
      run({ c: 12345 })
    },
  )
})

test('a switch over many values', () => {
  inBoth(
    (b, { c }) => {
      b.switch(
        c.toU16().toNetwork(),
        Array.from({ length: 50 }, (_, i) => [i * 7, () => b.return(i)] as const),
        () => b.return(999),
      )
    },
    ({ run }) => {
      for (let c = 0; c < 360; c++) expect(run({ c })).toBe(c % 7 === 0 && c < 350 ? c / 7 : 999)
    },
  )
})

describe.each([false, true])('functions, global: %s', (global) => {
  test('scalars, structs and the context as arguments', () => {
    const fill = subprogram(
      'fill',
      { pair: pointerTo(Pair), a: u8, b: u64 },
      u16,
      (b, { pair, a, b: wide }) => {
        b.assign(pair, { a, b: pair.b.add(wide) })
        b.return(pair.a.add(1).toU16())
      },
      { global },
    )
    const type = subprogram(
      'type_of',
      { skb: contextOf(TcContext) },
      be16,
      (b, { skb }) => {
        const ethernet = b.packet(skb).header(Ethernet, { at: 0, otherwise: 0 })
        b.return(ethernet.type)
      },
      { global },
    )
    inBoth(
      (b, input, skb) => {
        const pair = b.stack(Pair, { b: 1 })
        const first = b.call(fill, { pair, a: input.c.toU8(), b: input.a })
        const second = b.call(fill, { pair, a: 255, b: input.a })
        b.return(pair.b.toU32().add(first).add(second).add(pair.a).add(b.call(type, { skb }).toHost()))
      },
      ({ run, functions }) => {
        expect(functions).toEqual(['small', 'fill', 'type_of'])
        const packet = new Uint8Array(64)
        packet.set([0x08, 0x06], 12)
        expect(run({ a: 5, c: 7 }, packet)).toBe(11 + 8 + 256 + 255 + 0x806)
      },
    )
  })

  test('called from loops of every kind, with loops of their own', () => {
    const sum = subprogram(
      'sum',
      { to: u32, pair: pointerTo(Pair) },
      u32,
      (b, { to, pair }) => {
        const total = b.variable(u32, 0)
        b.for(
          40,
          (i) => {
            b.if(i.ge(to), () => b.return(total.get()))
            total.set(total.get().add(i).add(pair.a))
          },
          { strategy: 'bpf_loop' },
        )
        b.return(0)
      },
      { global },
    )
    inBoth(
      (b, { c }) => {
        const total = b.variable(u32, 0)
        const pair = b.stack(Pair, { a: c })
        for (const strategy of strategies)
          b.for(3, (i) => total.set(total.get().add(b.call(sum, { to: i.add(3), pair }))), { strategy })
        b.return(total.get())
      },
      ({ run }) => expect(run({ c: 2 })).toBe(4 * (3 + 6 + 10 + 2 * (3 + 4 + 5))),
    )
  })
})

test('the kernel says what loops it has; a program is built for it', () => {
  const kernel = kernelFeatures()
  expect(kernel).toEqual({ bpfLoop: true, openCodedIterators: true })
  const long = tc('long', (b) => {
    b.for(2000, () => {})
    b.return(7)
  })
  const names = (features: KernelFeatures) =>
    long.rebuild({ kernel: features }).functions.map(({ name }) => name)
  expect(names(kernel)).toEqual(['long', 'loop_body'])
  expect(names({ ...kernel, bpfLoop: false })).toEqual(['long'])
  for (const bpfLoop of [true, false]) {
    using program = loadProgram(long.rebuild({ kernel: { bpfLoop } }), { maps: [] })
    expect(program.testRun(new Uint8Array(64)).retval).toBe(7)
  }
})

test('a tail call goes to the program that is there, and on where there is none', () => {
  const spec = {
    name: 'jumps',
    type: 'prog_array',
    keySize: 4,
    valueSize: 4,
    maxEntries: 3,
    flags: 0,
  } as const
  const main = tc('jumping', (b, skb) => {
    b.switch(skb.mark, {
      0: () => b.tailCall(skb, { spec }, 0),
      1: () => b.tailCall(skb, { spec }, skb.priority),
    })
    b.return(99)
  })
  using jumps = BpfMap.create(spec)
  using target = loadProgram(
    tc('target', (b, skb) => b.return(skb.mark.add(40))),
    { maps: [] },
  )
  using program = loadProgram(main, { maps: [jumps] })
  const run = (mark: number, priority: number): number =>
    program.testRun(new Uint8Array(64), { ctx: SkBuff.encode({ ...zeroes, mark, priority }) }).retval
  expect(run(0, 0)).toBe(99)
  jumps.set(Uint8Array.of(1, 0, 0, 0), new Uint8Array(Uint32Array.of(target.fd.number).buffer))
  expect(run(1, 1)).toBe(41)
  expect([run(0, 0), run(1, 2), run(1, 3), run(2, 1)]).toEqual([99, 99, 99, 99])
})
