import { describe, expect, test } from 'vitest'
import type { LoopStrategy } from '../../../../src/asm/dsl/control/loops.ts'
import { u32, u64 } from '../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../src/asm/layout/struct.ts'
import { program } from './compile-and-run.ts'

const strategies: readonly LoopStrategy[] = ['unroll', 'bounded', 'bpf_loop', 'iterator']
const Pair = struct('pair', { a: u32, b: u64 })

describe.each(strategies)('a loop of strategy %s', (strategy) => {
  test('counts a range', () => {
    const { run } = program((b) => {
      const seen = b.variable(u32, 0)
      b.for({ from: 2, to: 9, step: 3 }, (index) => seen.set(seen.get().mul(10).add(index)), { strategy })
      b.return(seen.get())
    })
    expect(run()).toBe(258n)
  })

  test('reads and assigns variables outside, of all widths, and values', () => {
    const { run } = program((b, { a, c }) => {
      const narrow = b.variable(u32, c)
      const wide = b.variable(u64, a)
      const doubled = c.mul(2)
      b.for(
        5,
        (index) => {
          narrow.set(narrow.get().add(doubled).add(index))
          b.if(index.eq(3), () => wide.set(wide.get().mul(3)))
        },
        { strategy },
      )
      b.return(wide.get().add(narrow.get().toU64()))
    })
    expect(run({ a: 1n << 40n, c: 7 })).toBe(3n * (1n << 40n) + 7n + 5n * 14n + 10n)
  })

  test('break, continue and return', () => {
    const { run } = program((b, { c, d }) => {
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
    })
    expect(run({ c: 5, d: 99 })).toBe(0n + 2n + 3n + 4n)
    expect(run({ c: 99, d: 7 })).toBe(1007n)
    expect(run({ c: 99, d: 99 })).toBe(44n)
    expect(run({ c: 0, d: 99 })).toBe(0n)
  })

  test('a return of a 64-bit value', () => {
    const { run } = program((b, { a }) => {
      b.for(3, (index) => b.if(index.eq(2), () => b.return(a)), { strategy })
      b.return(0)
    })
    expect(run({ a: 0x1234_5678_9abc_def0n })).toBe(0x1234_5678_9abc_def0n)
  })

  test('structs on the stack and map values, inside and outside', () => {
    const { run } = program((b, input) => {
      const outer = b.stack(Pair, { a: 1, b: 2 })
      b.for(
        4,
        (index) => {
          const inner = b.stack(Pair, { a: index })
          b.assign(outer, { a: outer.a.add(inner.a) as never, b: outer.b.add(input.b) })
          b.atomicAdd(input, { a: 1 })
        },
        { strategy },
      )
      b.return(outer.b.mul(1000).add(outer.a.toU64()).add(input.a))
    })
    expect(run({ a: 100, b: 5 })).toBe(22n * 1000n + 1n + 6n + 104n)
  })

  test.each(strategies)('around a loop of strategy %s, with a return out of both', (inner) => {
    const { run } = program((b, { c, d }) => {
      const sum = b.variable(u32, 0)
      b.for(
        3,
        (i) => {
          b.for(
            4,
            (j) => {
              b.if(i.eq(c).and(j.eq(d)), () => b.return(sum.get().add(1000)))
              b.if(j.eq(3), () => b.break())
              sum.set(sum.get().add(i.mul(10)).add(j))
            },
            { strategy: inner },
          )
          b.if(i.eq(1).and(d.eq(77)), () => b.break())
        },
        { strategy },
      )
      b.return(sum.get())
    })
    expect(run({ c: 9, d: 0 })).toBe(99n)
    expect(run({ c: 1, d: 2 })).toBe(1000n + 3n + 10n + 11n)
    expect(run({ c: 9, d: 77 })).toBe(3n + 33n)
  })

  test.runIf(strategy !== 'unroll')('a bound that is known only when the program runs', () => {
    const { run } = program((b, { c, d }) => {
      const [turns, last] = [b.variable(u32, 0), b.variable(u32, 0)]
      b.for(
        { from: d, to: c, step: 3, max: 8 },
        (index) => {
          turns.set(turns.get().add(1))
          last.set(index)
        },
        { strategy },
      )
      b.return(last.get().mul(100).add(turns.get()))
    })
    expect(run({ c: 0, d: 0 })).toBe(0n)
    expect(run({ c: 1, d: 0 })).toBe(1n)
    expect(run({ c: 10, d: 3 })).toBe(903n)
    expect(run({ c: 9, d: 3 })).toBe(602n)
    expect(run({ c: 5, d: 9 })).toBe(0n)
    expect(run({ c: 1000, d: 0 })).toBe(2108n)
    expect(run({ c: 0xffff_ffff, d: 0 })).toBe(2108n)
  })

  test.runIf(strategy !== 'unroll')('as long as a condition holds', () => {
    const { run } = program((b, { c }) => {
      const [n, turns] = [b.variable(u32, c), b.variable(u32, 0)]
      b.while(
        () => n.get().gt(1),
        () => {
          b.if(
            n.get().and(1).eq(0),
            () => n.set(n.get().shr(1)),
            () => n.set(n.get().mul(3).add(1)),
          )
          turns.set(turns.get().add(1))
        },
        { max: 50, ...(strategy === 'unroll' ? {} : { strategy }) },
      )
      b.return(turns.get())
    })
    expect([run({ c: 1 }), run({ c: 6 }), run({ c: 27 })]).toEqual([0n, 8n, 50n])
  })
})

describe('a loop without a strategy', () => {
  const usesLoop = (write: Parameters<typeof program>[0], options = {}): boolean =>
    program((b, ...rest) => {
      write(b, ...rest)
      b.return(0)
    }, options).spec.functions.length > 1

  test('is bounded up to a thousand turns, those of loops around it included', () => {
    expect(usesLoop((b) => b.for(1000, () => {}))).toBe(false)
    expect(usesLoop((b) => b.for(1001, () => {}))).toBe(true)
    expect(usesLoop((b) => b.for(40, () => b.for(40, () => {})))).toBe(true)
  })

  test('is bounded where the kernel has no bpf_loop', () => {
    const write: Parameters<typeof program>[0] = (b) => b.for(5000, () => {})
    expect(usesLoop(write, { kernel: { bpfLoop: false } })).toBe(false)
    expect(usesLoop(write, { kernel: { bpfLoop: true } })).toBe(true)
    const { spec } = program((b) => {
      b.for(5000, () => {})
      b.return(0)
    })
    expect(spec.functions.map(({ name }) => name)).toEqual(['small', 'loop_body'])
  })

  test('of one turn is no loop', () => {
    const { spec } = program((b, { c }) => {
      const x = b.variable(u32, c)
      b.for(1, (index) => x.set(x.get().add(index)))
      b.return(x.get())
    })
    expect(spec.instructions.filter((i) => (i.opcode & 0xf0) === 0xa0)).toEqual([])
  })
})
