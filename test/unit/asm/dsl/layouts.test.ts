import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProgramBuilder } from '../../../../src/asm/dsl/builder.ts'
import type { Condition } from '../../../../src/asm/dsl/core/condition.ts'
import { array as arrayMap } from '../../../../src/asm/dsl/map/definition.ts'
import type { RefOf } from '../../../../src/asm/dsl/memory/reference.ts'
import { tc } from '../../../../src/asm/dsl/program/program.ts'
import { bits } from '../../../../src/asm/layout/bits.ts'
import { bytes, chars } from '../../../../src/asm/layout/bytes.ts'
import { be16, be32, u8, u16, u32, u64 } from '../../../../src/asm/layout/scalar.ts'
import { array, struct, union, type ValueOf } from '../../../../src/asm/layout/struct.ts'
import { be128 } from '../../../../src/asm/layout/wide.ts'
import { VmMaps } from '../../../../src/asm/vm/map/maps.ts'
import { runTc } from '../../../../src/asm/vm/run-tc.ts'
import { here, report } from './build-failure.ts'

const Fragment = bits(be16, { reserved: 1, dont: 1, more: 1, offset: 13 })
const Wide = bits(u64, { low: 12, middle: 40, high: 12 }, { first: 'lowest' })
const All = struct('all', {
  first: bits(u8, { version: 4, words: 4 }),
  flag: u8,
  fragment: Fragment,
  who: be128,
  other: be128,
  mac: bytes(6),
  name: chars(10),
  wide: Wide,
  cells: array(array(u16, 3), 2),
  choice: union('choice', { v4: be32, v6: be128, parts: struct('parts', { a: u16, b: u16 }) }),
})
type All = ValueOf<typeof All>
const all = arrayMap('all', All, { maxEntries: 1 })
const empty = All.decode(new Uint8Array(All.size))

/** Runs a program with an element of the map; gives r0 and the element afterwards. */
function withElement(
  before: Partial<All>,
  write: (b: ProgramBuilder, element: RefOf<typeof All>) => void,
): { readonly r0: bigint; readonly after: All } {
  const spec = tc('element', (b) => {
    write(b, b.lookup(all, 0, { otherwise: 99 }))
    if (b.emitter.reachable) b.return(7)
  })
  const maps = new VmMaps(spec.maps)
  maps.of(all).set({ index: 0 }, { ...empty, ...before, choice: before.choice ?? { v6: 0n } })
  const { r0 } = runTc(spec, new Uint8Array(14), { maps })
  return { r0, after: maps.of(all).get({ index: 0 }) as All }
}

function holds(before: Partial<All>, condition: (element: RefOf<typeof All>) => Condition): boolean {
  const { r0 } = withElement(before, (b, element) => b.if(condition(element), () => b.return(1)))
  return r0 === 1n
}

describe('bit-fields', () => {
  test('are read, each by its name, and the integer is still an integer', () => {
    const first = { version: 4, words: 6 }
    expect(withElement({ first }, (b, e) => b.return(e.first.version)).r0).toBe(4n)
    expect(withElement({ first }, (b, e) => b.return(e.first.words.mul(4))).r0).toBe(24n)
    expect(withElement({ first }, (b, e) => b.return(e.first.and(0xf0))).r0).toBe(0x40n)
    const fragment = { reserved: 0, dont: 1, more: 0, offset: 0x1abc }
    expect(withElement({ fragment }, (b, e) => b.return(e.fragment.offset)).r0).toBe(0x1abcn)
    expect(withElement({ fragment }, (b, e) => b.return(e.fragment.dont)).r0).toBe(1n)
    expect(withElement({ fragment }, (b, e) => b.return(e.fragment.toHost())).r0).toBe(0x5abcn)
    const wide = { low: 0xabcn, middle: 0x12_3456_789an, high: 0xfedn }
    expect(withElement({ wide }, (b, e) => b.return(e.wide.middle)).r0).toBe(0x12_3456_789an)
    expect(withElement({ wide }, (b, e) => b.return(e.wide.high)).r0).toBe(0xfedn)
  })

  test('compare with literals as their values do', () => {
    const number = fc.integer({ min: 0, max: 0x1fff })
    const near = fc.integer({ min: -1, max: 1 })
    fc.assert(
      fc.property(number, near, fc.integer({ min: 0, max: 1 }), (offset, step, more) => {
        const fragment = { reserved: 0, dont: 1, more, offset }
        const literal = Math.min(Math.max(offset + step, 0), 0x1fff)
        expect(holds({ fragment }, (e) => e.fragment.offset.eq(literal))).toBe(offset === literal)
        expect(holds({ fragment }, (e) => e.fragment.offset.ne(literal))).toBe(offset !== literal)
        expect(holds({ fragment }, (e) => e.fragment.offset.lt(literal))).toBe(offset < literal)
        expect(holds({ fragment }, (e) => e.fragment.more.eq(1))).toBe(more === 1)
        expect(holds({ fragment }, (e) => e.fragment.more.ne(1))).toBe(more !== 1)
        expect(holds({ fragment }, (e) => e.fragment.offset.eq(0).or(e.fragment.more.ne(0)))).toBe(
          offset === 0 || more !== 0,
        )
        expect(holds({ fragment }, (e) => e.fragment.offset.eq(e.fragment.offset))).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('assigning some leaves the others; assigning all, or the integer, replaces it', () => {
    const before = { reserved: 1, dont: 1, more: 0, offset: 0x1234 }
    fc.assert(
      fc.property(
        fc.record(
          {
            dont: fc.integer({ min: 0, max: 1 }),
            more: fc.integer({ min: 0, max: 1 }),
            offset: fc.integer({ min: 0, max: 0x1fff }),
          },
          { requiredKeys: [] },
        ),
        (change) => {
          const { after } = withElement({ fragment: before }, (b, e) => b.assign(e, { fragment: change }))
          expect(after.fragment).toEqual({ ...before, ...change })
        },
      ),
      { numRuns: 30 },
    )
    const whole = withElement({}, (b, e) => b.assign(e, { fragment: 0x4321, first: e.flag.add(0x45).toU8() }))
    expect(whole.after.fragment).toEqual({ reserved: 0, dont: 1, more: 0, offset: 0x321 })
    expect(whole.after.first).toEqual({ version: 4, words: 5 })
  })

  test('computed values are cut to the width of their part', () => {
    const { after } = withElement(
      { flag: 0xff, fragment: { reserved: 0, dont: 1, more: 1, offset: 5 } },
      (b, e) => {
        b.assign(e, {
          fragment: { dont: e.flag.add(1).toU8(), offset: e.flag.mul(0x101) },
          first: { words: e.flag },
        })
      },
    )
    expect(after.fragment).toEqual({ reserved: 0, dont: 0, more: 1, offset: 0x1fff })
    expect(after.first).toEqual({ version: 0, words: 15 })
    const wide = withElement({ flag: 0x12 }, (b, e) => {
      b.assign(e, { wide: { middle: e.flag.toU64().shl(32), low: 1, high: 0xfffn } })
    })
    expect(wide.after.wide).toEqual({ low: 1n, middle: 0x12_0000_0000n, high: 0xfffn })
  })

  test('on the stack, parts that are not given are zero', () => {
    const { r0 } = withElement({}, (b) => {
      b.return(b.stack(All, { fragment: { more: 1 }, first: { version: 4, words: 5 } }).fragment.toHost())
    })
    expect(r0).toBe(0x2000n)
  })

  test('parts that there are not, and literals that do not fit, are refused', () => {
    expect(
      report((b) => {
        b.stack(All, { fragment: { offset: 0x2000 } })
      }),
    ).toEqual(['LITERAL', `8192 does not fit 13 bits (0..8191) (${here(-2)})`])
    expect(
      report((b) => {
        b.stack(All, { fragment: { nothing: 1 } as never })
      }),
    ).toEqual([
      'NO_FIELD',
      `all.fragment has no bits "nothing" (${here(-4)})`,
      'Its bits: reserved, dont, more, offset.',
    ])
    expect(
      report((b) => {
        b.return(b.stack(All).first.version.eq(16) as never)
      }),
    ).toEqual(['LITERAL', `16 does not fit 4 bits (0..15) (${here(-2)})`])
  })
})

describe('be128', () => {
  const address = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n })

  test('equality, masks and prefixes', () => {
    fc.assert(
      fc.property(address, address, fc.integer({ min: 0, max: 128 }), (who, random, length) => {
        const mask = ((1n << 128n) - 1n) ^ ((1n << BigInt(128 - length)) - 1n)
        // As far as the prefix goes the same; behind it anything.
        const near = (who & mask) | (random & ~mask & ((1n << 128n) - 1n))
        expect(holds({ who }, (e) => e.who.eq(who))).toBe(true)
        expect(holds({ who }, (e) => e.who.eq(near))).toBe(who === near)
        expect(holds({ who }, (e) => e.who.ne(near))).toBe(who !== near)
        expect(holds({ who, other: near }, (e) => e.who.eq(e.other))).toBe(who === near)
        expect(holds({ who }, (e) => e.who.inPrefix(near, length))).toBe(true)
        expect(holds({ who }, (e) => e.who.inPrefix(random, length))).toBe((who & mask) === (random & mask))
        expect(holds({ who }, (e) => e.who.and(mask).eq(who & mask))).toBe(true)
        const first = withElement({ who }, (b, e) => b.return(e.who.high().toHost())).r0
        expect((first << 64n) | withElement({ who }, (b, e) => b.return(e.who.low().toHost())).r0).toBe(who)
      }),
      { numRuns: 20 },
    )
  })

  test('is copied and stored, on the stack at any offset of its alignment', () => {
    const value = 0x20010db8_00112233_44556677_8899aabbn
    const Odd = struct('odd', { before: u32, address: be128, after: u32 })
    const { after } = withElement({ who: value }, (b, e) => {
      const odd = b.stack(Odd, { before: 1, address: e.who, after: 2 })
      b.assign(e, { other: odd.address, who: 1n })
      b.return(odd.before.add(odd.after))
    })
    expect([after.who, after.other]).toEqual([1n, value])
  })

  test('what does not fit is refused', () => {
    expect(report((b) => b.stack(All, { who: 1n << 128n }))).toEqual([
      'LITERAL',
      `${1n << 128n} does not fit be128 (0..2^128-1) (${here(-2)})`,
    ])
    expect(report((b) => b.stack(All, { who: 5 as never }))).toEqual([
      'VALUE',
      `all.who expected a be128 (${here(-2)})`,
    ])
    expect(report((b) => b.return(b.stack(All).who.inPrefix(0n, 129) as never))).toEqual([
      'PREFIX',
      `a prefix length is 0..128, not 129 (${here(-2)})`,
    ])
    expect(report((b) => b.return(b.stack(All).choice.v4.inPrefix(0, 33) as never))).toEqual([
      'PREFIX',
      `a prefix length is 0..32, not 33 (${here(-2)})`,
    ])
  })

  test('prefixes of IPv4 addresses', () => {
    const v4 = (condition: (e: RefOf<typeof All>) => Condition): boolean =>
      holds({ choice: { v4: 0x0a141e28 } }, condition)
    expect(v4((e) => e.choice.v4.inPrefix(0x0a000000, 8))).toBe(true)
    expect(v4((e) => e.choice.v4.inPrefix(0x0a1fffff, 12))).toBe(true)
    expect(v4((e) => e.choice.v4.inPrefix(0x0a200000, 12))).toBe(false)
    expect(v4((e) => e.choice.v4.inPrefix(0x0a141e28, 32))).toBe(true)
    expect(v4((e) => e.choice.v4.inPrefix(0x0a141e29, 32))).toBe(false)
    expect(v4((e) => e.choice.v4.inPrefix(0xffffffff, 0))).toBe(true)
  })
})

describe('bytes, strings and unions', () => {
  const mac = Uint8Array.of(2, 0, 0, 0x11, 0x22, 0xff)

  test('bytes are stored as literals, copied, and read one by one', () => {
    const { r0, after } = withElement({}, (b, e) => {
      const there = b.stack(All, { mac, name: 'eth0' })
      b.assign(e, { mac: there.mac, name: there.name })
      b.return(e.mac.at(5))
    })
    expect(r0).toBe(0xffn)
    expect([after.mac, after.name]).toEqual([mac, 'eth0'])
  })

  test('arrays of arrays', () => {
    const { r0, after } = withElement(
      {
        cells: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
      (b, e) => {
        b.assign(e, { cells: [e.cells.at(1), [7, 8, 9]] })
        b.return(e.cells.at(1).at(2))
      },
    )
    expect(r0).toBe(9n)
    expect(after.cells).toEqual([
      [4, 5, 6],
      [7, 8, 9],
    ])
  })

  test('members of a union share their bytes; one at a time is assigned', () => {
    const { r0, after } = withElement({}, (b, e) => {
      b.assign(e, { choice: { v6: 0xaabbccdd_00000000_00000000_00000005n } })
      b.assign(e.choice, { parts: { b: 0x1122 } })
      b.return(e.choice.parts.a)
    })
    expect(r0).toBe(0xbbaan)
    expect(after.choice.v6).toBe(0xaabb2211_00000000_00000000_00000005n)
  })

  test('a union on the stack is zero where the member that is given is not', () => {
    const { r0 } = withElement({}, (b) => {
      b.return(b.stack(All, { choice: { parts: { b: 1 } } }).choice.v4.toHost())
    })
    expect(r0).toBe(0x0100n)
  })

  test('what does not fit is refused', () => {
    expect(report((b) => b.stack(All, { choice: { v4: 1, v6: 1n } }))).toEqual([
      'UNION',
      `all.choice is a union: it takes one of v4, v6 (${here(-2)})`,
    ])
    expect(report((b) => b.stack(All, { choice: { v5: 1 } as never }))).toEqual([
      'NO_FIELD',
      `union choice has no member "v5" (${here(-2)})`,
      'Its members: v4, v6, parts.',
    ])
    expect(report((b) => b.stack(All, { mac: new Uint8Array(5) }))).toEqual([
      'LENGTH',
      `all.mac has 6 bytes, got 5 (${here(-2)})`,
    ])
    expect(report((b) => b.stack(All, { name: 'much too long' }))).toEqual([
      'LITERAL',
      `"all.name" expected at most 9 bytes of UTF-8, got 13 (${here(-2)})`,
    ])
    expect(report((b) => b.stack(All, { name: 5 as never }))).toEqual([
      'VALUE',
      `all.name expected a string (${here(-2)})`,
    ])
    expect(report((b) => b.stack(All, { mac: [1, 2, 3, 4, 5, 6] as never }))).toEqual([
      'VALUE',
      `all.mac expected a Uint8Array (${here(-2)})`,
    ])
    expect(report((b) => b.stack(All, { mac: b.stack(All).name }))).toEqual([
      'VALUE',
      `all.mac expected 6 bytes, got all.name, which is 10 × u8 (${here(-2)})`,
    ])
  })
})
