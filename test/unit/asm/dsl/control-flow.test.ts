import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Int } from '../../../../src/asm/dsl/core/values.ts'
import { kfunc } from '../../../../src/asm/dsl/kernel/kfunc.ts'
import { opcode as opcodes } from '../../../../src/asm/ir/machine/instructions.ts'
import { be16, s32, u32, u64 } from '../../../../src/asm/layout/scalar.ts'
import { program } from './compile-and-run.ts'

describe('variables', () => {
  test('across branches', () => {
    const { run } = program((b, { c, d }) => {
      const x = b.variable(u32, 1)
      const y = b.variable(u32, 2)
      b.if(
        c.gt(d),
        () => x.set(c),
        () => {
          y.set(d)
          b.if(d.eq(100), () => x.set(50))
        },
      )
      b.return(x.get().mul(1000).add(y.get()))
    })
    expect(run({ c: 5, d: 3 })).toBe(5002n)
    expect(run({ c: 3, d: 5 })).toBe(1005n)
    expect(run({ c: 3, d: 100 })).toBe(50100n)
  })

  test('in network order: compared and stored as they are, without a swap', () => {
    const { run, spec } = program((b, { c }, skb) => {
      const type = b.variable(be16, 0x0800)
      b.if(c.eq(1), () => type.set(skb.protocol))
      b.if(type.get().eq(0x86dd), () => b.return(6))
      b.if(type.get().eq(0x0800), () => b.return(4))
      b.return(0)
    })
    expect(run({ c: 0 })).toBe(4n)
    const ipv6 = new Uint8Array(60)
    ipv6.set([0x86, 0xdd], 12)
    expect(run({ c: 1 }, {}, ipv6)).toBe(6n)
    expect(run({ c: 1 }, {}, new Uint8Array(60))).toBe(0n)
    expect(spec.instructions.filter(({ opcode }) => opcode === opcodes.toBigEndian)).toEqual([])
  })

  test('a value read before an assignment keeps what it was', () => {
    const { run } = program((b, { c }) => {
      const x = b.variable(u32, c)
      const before = x.get()
      x.set(before.add(1))
      b.return(before.mul(10).add(x.get()))
    })
    expect(run({ c: 4 })).toBe(45n)
  })

  test('exchanged in a loop (the swap problem of phi copies)', () => {
    const { run } = program((b, { c, d }) => {
      const [x, y] = [b.variable(u32, c), b.variable(u32, d)]
      b.for(5, () => {
        const [oldX, oldY] = [x.get(), y.get()]
        x.set(oldY)
        y.set(oldX)
      })
      b.return(x.get().mul(1000).add(y.get()))
    })
    expect(run({ c: 1, d: 2 })).toBe(2001n)
  })

  test('rotated among three, with calls between (cycles of copies)', () => {
    const { run } = program((b, { c, d }) => {
      const [x, y, z] = [b.variable(u32, c), b.variable(u32, d), b.variable(u32, 3)]
      b.for(4, () => {
        const [oldX, oldY, oldZ] = [x.get(), y.get(), z.get()]
        x.set(oldY)
        y.set(oldZ)
        z.set(oldX)
        b.if(b.random().eq(0), () => x.set(99))
      })
      b.return(x.get().mul(10).add(y.get()).mul(10).add(z.get()))
    })
    expect(run({ c: 1, d: 2 }, { random: () => 1 })).toBe(231n)
  })

  test('used after a loop that goes on changing its copy (the lost copy problem)', () => {
    const { run } = program((b, { c }) => {
      const x = b.variable(u32, c)
      const last = b.variable(u32, 0)
      b.for(4, () => {
        last.set(x.get())
        x.set(x.get().mul(3))
      })
      b.return(last.get().mul(1000).add(x.get()))
    })
    expect(run({ c: 1 })).toBe(27081n)
  })
})

describe('for', () => {
  test('counts from 0', () => {
    const { run } = program((b) => {
      const seen = b.variable(u32, 0)
      b.for(6, (index) => seen.set(seen.get().mul(10).add(index)))
      b.return(seen.get())
    })
    expect(run()).toBe(12345n)
  })

  test('break leaves the innermost loop, continue goes on with its next turn', () => {
    const { run } = program((b, { c }) => {
      const sum = b.variable(u32, 0)
      b.for(4, (outer) => {
        b.for(10, (inner) => {
          b.if(inner.eq(1), () => b.continue())
          b.if(inner.gt(c), () => b.break())
          sum.set(sum.get().add(inner).add(outer.mul(100)))
        })
        b.if(outer.eq(2), () => b.break())
      })
      b.return(sum.get())
    })
    const expected = (c: number): bigint => {
      let sum = 0
      for (let outer = 0; outer < 4; outer++) {
        for (let inner = 0; inner < 10; inner++) {
          if (inner === 1) continue
          if (inner > c) break
          sum += inner + outer * 100
        }
        if (outer === 2) break
      }
      return BigInt(sum)
    }
    for (const c of [0, 1, 5, 20]) expect(run({ c })).toBe(expected(c))
  })

  test('return from inside', () => {
    const { run } = program((b, { c }) => {
      b.for(10, (index) => b.if(index.eq(c), () => b.return(index.add(100))))
      b.return(0)
    })
    expect([run({ c: 0 }), run({ c: 9 }), run({ c: 10 })]).toEqual([100n, 109n, 0n])
  })

  test('a body that never comes to its end', () => {
    const { run } = program((b, { c }) => {
      b.for(10, (index) => b.return(index.add(c)))
      b.return(0)
    })
    expect(run({ c: 7 })).toBe(7n)
  })
})

describe('many values at once', () => {
  const six = kfunc('six', [u64, u64, u64, u64, u64], u64, '6.1')

  test('more live values than registers: they are spilled and come back', () => {
    const { run, spec } = program((b, { a, c }) => {
      const values: Int<'u64'>[] = []
      for (let i = 1; i <= 24; i++)
        values.push(
          a
            .mul(i)
            .add(c.toU64())
            .xor(i * 7),
        )
      // Used in another order than they were made, so that all of them live at the same time.
      let sum: Int<'u64'> = a
      for (const value of [...values].reverse()) sum = sum.mul(3).add(value)
      for (const value of values) sum = sum.xor(value)
      b.return(sum)
    })
    const expected = (a: bigint, c: bigint): bigint => {
      const values: bigint[] = []
      for (let i = 1n; i <= 24n; i++)
        values.push(BigInt.asUintN(64, BigInt.asUintN(64, a * i + c) ^ (i * 7n)))
      let sum = a
      for (const value of [...values].reverse()) sum = BigInt.asUintN(64, sum * 3n + value)
      for (const value of values) sum ^= value
      return sum
    }
    expect(spec.instructions.some((i) => i.dst === 10)).toBe(true)
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat(), (a, c) => {
        expect(run({ a, c })).toBe(expected(a, BigInt(c)))
      }),
    )
  })

  test('values that live across calls keep what they were; arguments get into their places', () => {
    const { run } = program((b, { a, b: second, c, d, e }) => {
      const first = b.kfunc(six, [a, second, c.toU64(), d.toU64(), e.toU64()])
      const again = b.kfunc(six, [e.toU64(), d.toU64(), c.toU64(), second, a])
      const once = b.kfunc(six, [first, again, first, again, a])
      b.return(once.add(first).sub(again).add(a).add(second))
    })
    const kfuncs = {
      six: (call: { u64(index: number): bigint }) =>
        [1n, 10n, 100n, 1000n, 10000n].reduce((sum, weight, i) => sum + weight * call.u64(i), 0n),
    }
    const first = 54321n
    const again = 12345n
    const once = first * 101n + again * 1010n + 10000n
    expect(run({ a: 1, b: 2, c: 3, d: 4, e: 5 }, { kfuncs })).toBe(once + first - again + 3n)
  })

  test('signed arguments narrower than their parameter are sign-extended', () => {
    const wide = kfunc('wide', [u64, s32], u64, '6.1')
    const { run } = program((b, { e }) => b.return(b.kfunc(wide, [e, e])))
    const kfuncs = { wide: (call: { u64(index: number): bigint }) => call.u64(0) }
    expect(BigInt.asIntN(64, run({ e: -5 }, { kfuncs }))).toBe(-5n)
  })
})
