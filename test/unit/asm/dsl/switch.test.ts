import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { u8, u32 } from '../../../../src/asm/layout/scalar.ts'
import { program } from './compile-and-run.ts'

describe('switch', () => {
  test('runs the case of the value, else the default', () => {
    const { run } = program((b, { c }) => {
      const x = b.variable(u32, 0)
      b.switch(c, {
        1: () => x.set(10),
        6: () => b.return(60),
        17: () => x.set(170),
        default: () => x.set(9),
      })
      b.return(x.get())
    })
    expect([0, 1, 2, 6, 17, 18].map((c) => run({ c }))).toEqual([9n, 10n, 9n, 60n, 170n, 9n])
  })

  test('without a default goes on where there is no case', () => {
    const { run } = program((b, { c }) => {
      b.switch(c, [[7, () => b.return(1)]])
      b.return(2)
    })
    expect([run({ c: 7 }), run({ c: 8 })]).toEqual([1n, 2n])
  })

  test('every case can return', () => {
    const { run } = program((b, { c }) => {
      b.switch(c, { 1: () => b.return(1), default: () => b.return(2) })
    })
    expect([run({ c: 1 }), run({ c: 0 })]).toEqual([1n, 2n])
  })

  test('literals of network-order values are as on the wire', () => {
    const { run } = program((b, { c }) => {
      const port = c.toU16().toNetwork()
      b.switch(
        port,
        [
          [[80, 443, 8080, 8443, 1, 2], () => b.return(1)],
          [53, () => b.return(2)],
        ],
        () => b.return(3),
      )
    })
    expect([80, 443, 8080, 8443, 53, 54, 0x5000].map((c) => run({ c }))).toEqual([1n, 1n, 1n, 1n, 2n, 3n, 3n])
  })

  test('literals of all 64 bits', () => {
    const { run } = program((b, { a }) => {
      b.switch(a, [
        [2n ** 64n - 1n, () => b.return(1)],
        [2n ** 63n, () => b.return(2)],
      ])
      b.return(3)
    })
    expect([run({ a: 2n ** 64n - 1n }), run({ a: 2n ** 63n }), run({ a: 0 })]).toEqual([1n, 2n, 3n])
  })

  test('narrow types', () => {
    const { run } = program((b, { c }) => {
      const x = b.variable(u8, 0)
      x.set(c.toU8())
      b.switch(x.get(), { 200: () => b.return(1) })
      b.return(2)
    })
    expect([run({ c: 200 }), run({ c: 201 })]).toEqual([1n, 2n])
  })

  test.each(['all', 'none'] as const)('any cases, signed or not (passes: %s)', (selection) => {
    const cases = fc.uniqueArray(fc.integer({ min: -40, max: 40 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 4 }), fc.boolean(), (literals, groups, signed) => {
        const group = (n: number): number => Math.abs(n) % groups
        const own = signed ? literals : [...new Set(literals.map(Math.abs))]
        const { run } = program(
          (b, { c, e }) => {
            const list = Array.from({ length: groups }, (_, g) => own.filter((n) => group(n) === g))
            b.switch(
              signed ? e : c,
              list.flatMap((values, g) =>
                values.length === 0 ? [] : [[values, () => b.return(g)] as const],
              ),
              () => b.return(99),
            )
          },
          { passes: selection },
        )
        for (let n = signed ? -42 : 0; n <= 42; n++)
          expect(run(signed ? { e: n } : { c: n })).toBe(own.includes(n) ? BigInt(group(n)) : 99n)
      }),
      { numRuns: 30 },
    )
  })

  test('many cases take few comparisons', () => {
    const { result } = program((b, { c }) => {
      b.switch(
        c,
        Array.from({ length: 64 }, (_, i) => [i * 3, () => b.return(i)] as const),
      )
      b.return(99)
    })
    for (let i = 0; i < 64; i++) {
      const { r0, executed } = result({ c: i * 3 })
      expect(r0).toBe(BigInt(i))
      expect(executed).toBeLessThan(24)
    }
  })
})
