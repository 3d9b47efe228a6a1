import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Condition } from '../../../../src/asm/dsl/core/condition.ts'
import type { Int } from '../../../../src/asm/dsl/core/values.ts'
import type { RefOf } from '../../../../src/asm/dsl/memory/reference.ts'
import { tc } from '../../../../src/asm/dsl/program/program.ts'
import { type Input, program } from './compile-and-run.ts'

/** The two operands of a type among the input's fields, and how JavaScript wraps a number to it. */
interface Kind {
  readonly name: 'u32' | 'u64' | 's32' | 's64'
  readonly left: 'a' | 'c' | 'e' | 'g'
  readonly right: 'b' | 'd' | 'f' | 'h'
  readonly bits: 32 | 64
  readonly signed: boolean
}
const kinds: readonly Kind[] = [
  { name: 'u32', left: 'c', right: 'd', bits: 32, signed: false },
  { name: 'u64', left: 'a', right: 'b', bits: 64, signed: false },
  { name: 's32', left: 'e', right: 'f', bits: 32, signed: true },
  { name: 's64', left: 'g', right: 'h', bits: 64, signed: true },
]
const wrap = ({ bits, signed }: Pick<Kind, 'bits' | 'signed'>, value: bigint): bigint =>
  signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)

type Any = Int<'u64'>
const operands = (kind: Kind, input: RefOf<typeof Input>): [Any, Any] => [
  input[kind.left] as unknown as Any,
  input[kind.right] as unknown as Any,
]

/** Numbers of a kind, the edges often. */
function numbers(kind: Kind): fc.Arbitrary<bigint> {
  const edges = [0n, 1n, 2n, 10n, -1n, 1n << BigInt(kind.bits - 1), (1n << BigInt(kind.bits - 1)) - 1n]
  return fc
    .oneof(
      fc.constantFrom(...edges),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.bigInt({ min: -9n, max: 9n }),
    )
    .map((value) => wrap(kind, value))
}

const binary: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
}
const unsignedOnly: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  div: (a, b) => (b === 0n ? 0n : a / b),
  mod: (a, b) => (b === 0n ? a : a % b),
}
const comparisons: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  has: (a, b) => (a & b) !== 0n,
}

for (const kind of kinds) {
  const low = (value: bigint): bigint => BigInt.asUintN(kind.bits, value)

  describe(`${kind.name} arithmetic`, () => {
    const operators = { ...binary, ...(kind.signed ? {} : unsignedOnly) }
    for (const [name, meaning] of Object.entries(operators)) {
      test(name, () => {
        const { run } = program((b, input) => {
          const [left, right] = operands(kind, input)
          b.return(left[name as 'add'](right))
        })
        fc.assert(
          fc.property(numbers(kind), numbers(kind), (a, b) => {
            expect(low(run({ [kind.left]: a, [kind.right]: b }))).toBe(low(meaning(a, b)))
          }),
        )
      })

      test(`${name} with a literal`, () => {
        fc.assert(
          fc.property(numbers(kind), numbers(kind), (a, literal) => {
            fc.pre(literal !== 0n || !(name in unsignedOnly))
            const { run } = program((b, input) => b.return(operands(kind, input)[0][name as 'add'](literal)))
            expect(low(run({ [kind.left]: a }))).toBe(low(meaning(a, literal)))
          }),
          { numRuns: 40 },
        )
      })
    }

    for (const name of ['shl', 'shr'] as const) {
      const meaning = (a: bigint, by: bigint): bigint => (name === 'shl' ? a << by : a >> by)

      test(`${name} by a value uses the low bits of it`, () => {
        const { run } = program((b, input) => {
          const by = (kind.bits === 64 ? input.b : input.d) as unknown as Int<'u32'>
          b.return(operands(kind, input)[0][name](by))
        })
        fc.assert(
          fc.property(numbers(kind), fc.nat({ max: 200 }), (a, by) => {
            const expected = low(meaning(a, BigInt(by % kind.bits)))
            expect(low(run({ [kind.left]: a, b: by, d: by }))).toBe(expected)
          }),
        )
      })

      test(`${name} by a literal`, () => {
        fc.assert(
          fc.property(numbers(kind), fc.nat({ max: kind.bits - 1 }), (a, by) => {
            const { run } = program((b, input) => b.return(operands(kind, input)[0][name](by)))
            expect(low(run({ [kind.left]: a }))).toBe(low(meaning(a, BigInt(by))))
          }),
          { numRuns: 40 },
        )
      })
    }
  })

  describe(`${kind.name} comparisons`, () => {
    for (const [name, meaning] of Object.entries(comparisons)) {
      test(name, () => {
        const { run } = program((b, input) => {
          const [left, right] = operands(kind, input)
          b.if(left[name as 'eq'](right), () => b.return(1))
          b.return(0)
        })
        fc.assert(
          fc.property(numbers(kind), numbers(kind), (a, b) => {
            expect(run({ [kind.left]: a, [kind.right]: b })).toBe(meaning(a, b) ? 1n : 0n)
          }),
        )
      })

      test(`${name} with a literal`, () => {
        fc.assert(
          fc.property(numbers(kind), numbers(kind), (a, literal) => {
            const { run } = program((b, input) => {
              b.if(operands(kind, input)[0][name as 'eq'](literal), () => b.return(1))
              b.return(0)
            })
            expect(run({ [kind.left]: a })).toBe(meaning(a, literal) ? 1n : 0n)
          }),
          { numRuns: 40 },
        )
      })
    }
  })

  describe(`${kind.name} conversions`, () => {
    const targets = {
      toU8: (v: bigint) => BigInt.asUintN(8, v),
      toU16: (v: bigint) => BigInt.asUintN(16, v),
      toU32: (v: bigint) => BigInt.asUintN(32, v),
      toS32: (v: bigint) => BigInt.asIntN(32, v),
      toU64: (v: bigint) => BigInt.asUintN(64, v),
      toS64: (v: bigint) => BigInt.asIntN(64, v),
    } as const
    for (const [name, meaning] of Object.entries(targets))
      test(name, () => {
        const { run } = program((b, input) => {
          const converted = operands(kind, input)[0][name as keyof typeof targets]() as unknown as Any
          b.return(converted.toU64())
        })
        fc.assert(
          fc.property(numbers(kind), (a) => {
            expect(run({ [kind.left]: a })).toBe(BigInt.asUintN(64, meaning(a)))
          }),
        )
      })
  })
}

describe('mixed widths', () => {
  test('the narrower operand is extended by its own sign', () => {
    const { run } = program((b, { a, c }) => b.return(c.add(a)))
    expect(run({ a: 1n << 40n, c: 0xffff_ffff })).toBe((1n << 40n) + 0xffff_ffffn)
    const signed = program((b, { e, g }) => b.return(e.mul(g)))
    expect(BigInt.asIntN(64, signed.run({ e: -3, g: 1n << 40n }))).toBe(-3n << 40n)
  })

  test('comparisons of different widths compare 64 bits', () => {
    const { run } = program((b, { a, c }) => {
      b.if(c.lt(a), () => b.return(1))
      b.return(0)
    })
    expect(run({ a: 1n << 32n, c: 0xffff_ffff })).toBe(1n)
  })

  test('a literal that a value can never be is refused', () => {
    for (const [literal, compare] of Object.entries({
      256: (narrow: Int<'u8'>) => narrow.eq(256),
      1000: (narrow: Int<'u8'>) => narrow.gt(1000),
      '-1': (narrow: Int<'u8'>) => narrow.ne(-1),
    }))
      expect(() =>
        tc('p', (b, skb) => {
          compare(skb.len.toU8())
          b.return(0)
        }),
      ).toThrow(`${literal} does not fit u8 (0..255) (operators.test.ts:`)
  })

  test('results of calls are taken as wide as they are declared', () => {
    const { run } = program((b) => b.return(b.random().toU64().add(b.random().toU64())))
    expect(run({}, { random: () => 0xffff_ffff })).toBe(0x1_ffff_fffen)
  })
})

describe('network order', () => {
  test('toNetwork and toHost reverse bytes, and each other', () => {
    const { run } = program((b, { a, c }) => {
      const both = c.toNetwork().toHost().eq(c).and(a.toNetwork().toHost().eq(a))
      const short = c.toU16().toNetwork().toHost().eq(c.toU16())
      b.if(both.and(short), () => b.return(1))
      b.return(0)
    })
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (a) => {
        expect(run({ a, c: BigInt.asUintN(32, a) })).toBe(1n)
      }),
    )
  })

  test('has and and take masks as they are read on the wire', () => {
    const { run } = program((b, { c }) => {
      const field = c.toU16().toNetwork()
      b.if(field.has(0x1fff), () => b.return(field.and(0xe000).toHost()))
      b.return(7)
    })
    expect(run({ c: 0x4001 })).toBe(0x4000n)
    expect(run({ c: 0x4000 })).toBe(7n)
  })
})

describe('conditions', () => {
  const truth: readonly (readonly [
    string,
    (a: Condition, b: Condition, c: Condition) => Condition,
    (a: boolean, b: boolean, c: boolean) => boolean,
  ])[] = [
    ['and', (a, b) => a.and(b), (a, b) => a && b],
    ['or', (a, b) => a.or(b), (a, b) => a || b],
    ['not', (a) => a.not(), (a) => !a],
    ['not and', (a, b) => a.and(b).not(), (a, b) => !(a && b)],
    ['or of ands', (a, b, c) => a.and(b).or(b.and(c)), (a, b, c) => (a && b) || (b && c)],
    ['and of ors', (a, b, c) => a.or(b).and(b.not().or(c)), (a, b, c) => (a || b) && (!b || c)],
    ['twice negated', (a, b, c) => a.or(b).not().and(c.not()).not(), (a, b, c) => !(!(a || b) && !c)],
  ]
  test.each(truth)('%s', (_, build, meaning) => {
    const { run } = program((b, { c, d, e }) => {
      b.if(
        build(c.ne(0), d.ne(0), e.ne(0)),
        () => b.return(1),
        () => b.return(0),
      )
    })
    for (let bits = 0; bits < 8; bits++) {
      const [c, d, e] = [bits & 1, (bits >> 1) & 1, (bits >> 2) & 1]
      expect(run({ c, d, e })).toBe(meaning(c !== 0, d !== 0, e !== 0) ? 1n : 0n)
    }
  })
})
