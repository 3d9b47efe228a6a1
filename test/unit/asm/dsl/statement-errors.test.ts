import { describe, expect, test } from 'vitest'
import type { ProgramBuilder } from '../../../../src/asm/dsl/builder.ts'
import type { Int } from '../../../../src/asm/dsl/core/values.ts'
import { array as arrayMap } from '../../../../src/asm/dsl/map/definition.ts'
import { tc } from '../../../../src/asm/dsl/program/program.ts'
import { be16, u8, u32 } from '../../../../src/asm/layout/scalar.ts'
import { struct } from '../../../../src/asm/layout/struct.ts'
import { Ipv4Header } from '../../../../src/asm/packet/ipv4.ts'
import { failure, here, report, type Write } from './build-failure.ts'

const Value = struct('value', { n: u32, port: be16 })
const values = arrayMap('values', Value, { maxEntries: 4 })

describe('what can never run', () => {
  const cases: Readonly<Record<string, readonly [string, Write]>> = {
    'a call': ['statement', (b) => afterReturn(b, () => b.random())],
    'a literal returned': ['return', (b) => afterReturn(b, () => b.return(1))],
    'a value returned': ['return', (b, { c }) => afterReturn(b, () => b.return(c), c)],
    'a struct': ['statement', (b) => afterReturn(b, () => b.stack(Value))],
    'a variable': ['statement', (b) => afterReturn(b, () => b.variable(u32, 1))],
    'a loop': ['statement', (b) => afterReturn(b, () => b.for(2, () => {}))],
    'a condition': [
      'condition',
      (b, { c }) => {
        const condition = c.eq(1)
        afterReturn(b, () => b.if(condition, () => {}))
      },
    ],
    'an assignment': [
      'assignment',
      (b, { c }) => {
        const variable = b.variable(u32, 0)
        afterReturn(b, () => variable.set(c), c)
      },
    ],
    'a variable read': [
      'statement',
      (b) => {
        const variable = b.variable(u32, 0)
        afterReturn(b, () => variable.get())
      },
    ],
    'a header': [
      'statement',
      (b, _, skb) => {
        const packet = b.packet(skb)
        afterReturn(b, () => packet.header(Ipv4Header, { at: 0, otherwise: 0 }))
      },
    ],
  }
  for (const [name, [what, write]] of Object.entries(cases))
    test(name, () => {
      const [code, message = ''] = report(write)
      expect(code).toBe('UNREACHABLE')
      expect(message.replace(/:\d+\)$/, ')')).toBe(
        `this ${what} can never run: every way to it has returned (statement-errors.test.ts)`,
      )
    })

  test('the line is that of the statement', () => {
    let at = ''
    const lines = report((b) => {
      b.return(0)
      at = here(1)
      b.random()
    })
    expect(lines[1]).toBe(`this statement can never run: every way to it has returned (${at})`)
  })
})

/** Writes a statement behind a return; `result` is what the return gives back. */
function afterReturn(b: ProgramBuilder, statement: () => void, result: Int | number = 0): void {
  b.return(result)
  statement()
}

describe('ends', () => {
  test('a program without a return names the line of tc(…)', () => {
    const at = here(1)
    const build = (): unknown => tc('endless', (b) => b.if(b.random().eq(0), () => b.return(0)))
    expect(build).toThrow(`endless can reach its end without b.return(…) (${at})`)
  })

  test('an otherwise that falls through', () => {
    let at = ''
    const lines = report((b) => {
      at = here(1)
      b.lookup(values, 1, { otherwise: () => {} })
    })
    expect(lines).toEqual([
      'OTHERWISE_FALLS_THROUGH',
      `\`otherwise\` must end with a return, break or continue (${at})`,
    ])
  })

  test.each(['break', 'continue'] as const)('%s outside of a loop', (word) => {
    let at = ''
    const lines = report((b) => {
      at = here(1)
      b[word]()
    })
    expect(lines).toEqual(['NO_LOOP', `b.${word}() outside of a loop (${at})`])
  })

  test('a break inside a block that belongs to no loop any more', () => {
    expect(
      report((b) => {
        b.for(1, () => {})
        b.break()
      })[0],
    ).toBe('NO_LOOP')
  })
})

describe('literals', () => {
  const literal = (write: Write): string =>
    failure(write).message.replace(/ \(statement-errors\.test\.ts:\d+\)$/, '')

  test('that do not fit', () => {
    expect(literal((b, { c }) => b.if(c.eq(-1), () => {}))).toBe('-1 does not fit u32 (0..4294967295)')
    expect(literal((b, { c }) => b.if(c.eq(2 ** 32), () => {}))).toBe(
      '4294967296 does not fit u32 (0..4294967295)',
    )
    expect(literal((_, { e }) => e.add(2 ** 31))).toBe(
      '2147483648 does not fit s32 (-2147483648..2147483647)',
    )
    expect(literal((_, { a }) => a.add(2n ** 64n))).toBe(
      '18446744073709551616 does not fit u64 (0..18446744073709551615)',
    )
    expect(literal((b) => b.stack(Value, { port: 65536 }))).toBe('65536 does not fit be16 (0..65535)')
    expect(literal((b) => b.variable(u8, 256))).toBe('256 does not fit u8 (0..255)')
  })

  test('that are no integers', () => {
    expect(literal((_, { c }) => c.add(1.5))).toBe('1.5 is not an integer')
    expect(literal((_, { c }) => c.add(Number.NaN))).toBe('NaN is not an integer')
  })

  test('shifts by as many bits as the value has, or more', () => {
    expect(literal((_, { c }) => c.shl(32))).toBe('a u32 can be shifted by 0..31 bits, not 32')
    expect(literal((_, { a }) => a.shr(64))).toBe('a u64 can be shifted by 0..63 bits, not 64')
    expect(literal((_, { e }) => e.shr(-1))).toBe('a s32 can be shifted by 0..31 bits, not -1')
  })

  test('division by a literal zero', () => {
    expect(literal((_, { c }) => c.div(0))).toBe('division by zero')
    expect(literal((_, { a }) => a.mod(0n))).toBe('division by zero')
  })

  test('loop counts', () => {
    expect(literal((b) => b.for(0, () => {}))).toBe("a loop's count must be a positive integer, got 0")
    expect(literal((b) => b.for(1.5, () => {}))).toBe("a loop's count must be a positive integer, got 1.5")
  })
})
