import { describe, expect, test } from 'vitest'
import type { BinaryOperator, Comparison } from '../../../../../src/asm/ir/graph.ts'
import { expectUnchanged, runPass, runPassUntilIdle } from '../run-pass.ts'

/**
 * What becomes of a computation from v0, of 32 bits, and the pointer v1; values are numbered in their order, so that
 * nothing depends on how many the pass made on its way.
 */
function simplified(...computation: string[]): string[] {
  const known = ['b0:', 'v0 = call i32 helper#7 x()', 'v1 = param ptr 0']
  const result = runPassUntilIdle('simplify', [...known, ...computation].join('\n'))
  expect(result.slice(0, 3)).toEqual(known)
  const order = [...new Set(result.join('\n').match(/\bv\d+/g))]
  return result.slice(3).map((line) => line.replace(/\bv\d+/g, (name) => `v${order.indexOf(name)}`))
}

describe('constants', () => {
  test('that become known through phis are folded', () => {
    const result = runPassUntilIdle(
      'simplify',
      `b0:
        v0 = call i32 helper#7 which()
        if v0 ne 0 then b1 else b2
      b1(b0):
        goto b3
      b2(b0):
        goto b3
      b3(b1, b2):
        v1 = phi i32 5, 5
        v2 = phi i32 6, 6
        v3 = add i32 v1, v2
        return v3`,
    )
    expect(result.slice(result.indexOf('b3(b1, b2):'))).toEqual(['b3(b1, b2):', 'return 11'])
  })

  test('fold in the width of their type', () => {
    expect(simplified('v2 = add i32 0xffffffff, 2', 'return v2')).toEqual(['return 1'])
    expect(simplified('v2 = add i64 0xffffffff:i64, 2:i64', 'return v2')).toEqual(['return 0x100000001:i64'])
  })

  test.each<[BinaryOperator, number, string]>([
    ['add', 0, 'v0'],
    ['sub', 0, 'v0'],
    ['or', 0, 'v0'],
    ['xor', 0, 'v0'],
    ['mul', 1, 'v0'],
    ['div', 1, 'v0'],
    ['lsh', 32, 'v0'],
    ['and', 0xffff_ffff, 'v0'],
    ['and', 0, '0'],
    ['mul', 0, '0'],
    ['mod', 1, '0'],
    ['div', 0, '0'],
    ['mod', 0, 'v0'],
    ['or', 0xffff_ffff, '0xffffffff'],
  ])('x %s %i', (operator, value, result) => {
    expect(simplified(`v2 = ${operator} i32 v0, ${value}`, 'return v2')).toEqual([`return ${result}`])
  })

  test.each<[BinaryOperator, string]>([
    ['sub', '0'],
    ['xor', '0'],
    ['and', 'v0'],
    ['or', 'v0'],
  ])('x %s x', (operator, result) => {
    expect(simplified(`v2 = ${operator} i32 v0, v0`, 'return v2')).toEqual([`return ${result}`])
  })

  test('move to the right of operators that do not care', () => {
    expect(simplified('v2 = add i32 5, v0', 'return v2')).toEqual(['v2 = add i32 v0, 5', 'return v2'])
    expect(simplified('v2 = sub i32 5, v0', 'return v2')).toEqual(['v2 = sub i32 5, v0', 'return v2'])
  })
})

describe('arithmetic', () => {
  test.each<[string, string]>([
    ['sub i32 v0, 3', 'add i32 v0, 0xfffffffd'],
    ['mul i32 v0, 8', 'lsh i32 v0, 3'],
    ['div i32 v0, 4096', 'rsh i32 v0, 12'],
    ['mod i32 v0, 64', 'and i32 v0, 63'],
  ])('%s becomes %s', (before, after) => {
    expect(simplified(`v2 = ${before}`, 'return v2')).toEqual([`v2 = ${after}`, 'return v2'])
  })

  test.each(['mul i32 v0, 6', 'div i32 v0, 6'])('%s stays', (computation) => {
    const text = [`v2 = ${computation}`, 'return v2']
    expect(simplified(...text)).toEqual(text)
  })

  test('chains of additions are added up', () => {
    const chain = ['v2 = add i32 v0, 5', 'v3 = sub i32 v2, 2', 'v4 = add i32 v3, 4', 'return v4']
    expect(simplified(...chain)).toEqual([
      'v2 = add i32 v0, 5',
      'v3 = add i32 v0, 3',
      'v4 = add i32 v0, 7',
      'return v4',
    ])
  })

  test('masks that change nothing go', () => {
    const masked = (mask: number): string[] =>
      simplified('v2 = load.1 i32 packet [v1 + 0]', `v3 = and i32 v2, ${mask}`, 'return v3')
    expect(masked(0xff)).toEqual(['v2 = load.1 i32 packet [v1 + 0]', 'return v2'])
    expect(masked(0x7f)).toEqual(['v2 = load.1 i32 packet [v1 + 0]', 'v3 = and i32 v2, 127', 'return v3'])
  })
})

describe('addresses', () => {
  test('additions of constants go into the offset of an access', () => {
    expect(simplified('v2 = add ptr v1, 20:i64', 'v3 = load.4 i32 packet [v2 + 4]', 'return v3')).toEqual([
      'v2 = add ptr v1, 20:i64',
      'v3 = load.4 i32 packet [v1 + 24]',
      'return v3',
    ])
  })

  test('unless the sum does not fit 16 bits', () => {
    const text = ['v2 = add ptr v1, 32760:i64', 'v3 = load.4 i32 packet [v2 + 8]', 'return v3']
    expect(simplified(...text)).toEqual(text)
  })
})

describe('phis', () => {
  const diamond = (one: string, other: string): string => `b0:
    v0 = call i32 helper#7 x()
    v1 = call i32 helper#7 which()
    if v1 ne 0 then b1 else b2
    b1(b0):
    goto b3
    b2(b0):
    goto b3
    b3(b1, b2):
    v2 = phi i32 ${one}, ${other}
    return v2`

  test('of one value are that value', () => {
    expect(runPass(['simplify'], diamond('v0', 'v0')).slice(-2)).toEqual(['b3(b1, b2):', 'return v0'])
  })

  test('of a loop that does not change it, too', () => {
    const result = runPass(
      ['simplify'],
      `b0:
        v0 = call i32 helper#7 x()
        goto b1
      b1(b0, b2):
        v1 = phi i32 v0, v1
        v2 = call i32 helper#7 more()
        if v1 ne v2 then b2 else b3
      b2(b1):
        goto b1
      b3(b1):
        return v1`,
    )
    expect(result).toEqual([
      'b0:',
      'v0 = call i32 helper#7 x()',
      'goto b1',
      'b1(b0, b2):',
      'v2 = call i32 helper#7 more()',
      'if v0 ne v2 then b2 else b3',
      'b2(b1):',
      'goto b1',
      'b3(b1):',
      'return v0',
    ])
  })

  test('of different values stay', () => {
    expectUnchanged('simplify', diamond('1', '2'))
  })
})

describe('branches', () => {
  const ways = ['b1(b0):', 'return 1', 'b2(b0):', 'return 0']
  /** The comparison that is left of one, after one run; computed from v0, of 32 bits, and the pointer v1. */
  const compared = (comparison: string, ...computation: string[]): string => {
    const known = ['b0:', 'v0 = call i32 helper#7 x()', 'v1 = param ptr 0', ...computation]
    const text = [...known, `if ${comparison} then b1 else b2`, ...ways].join('\n')
    const result = runPass(['simplify'], text)
    const end = result.indexOf('b1(b0):') - 1
    expect([...result.slice(0, end), ...result.slice(end + 1)]).toEqual([...known, ...ways])
    return /^if (.*) then b1 else b2$/.exec(result[end] ?? '')?.[1] ?? `${result[end]}`
  }

  test.each<[Comparison, string, string, number]>([
    ['lt', '1', '2', 1],
    ['slt', '0xffffffff', '0', 1],
    ['gt', '0xffffffff', '0', 1],
    ['sgt', '0xffffffff', '0', 0],
    ['set', '6', '1', 0],
  ])('on constants are decided: %s', (comparison, left, right, result) => {
    const text = ['b0:', `if ${left} ${comparison} ${right} then b1 else b2`, ...ways].join('\n')
    const decided =
      result === 1
        ? ['b0:', 'goto b1', 'b1(b0):', 'return 1', 'b2:', 'return 0']
        : ['b0:', 'goto b2', 'b1:', 'return 1', 'b2(b0):', 'return 0']
    expect(runPass(['simplify'], text)).toEqual(decided)
  })

  test.each<[Comparison, Comparison]>([
    ['lt', 'gt'],
    ['sge', 'sle'],
    ['eq', 'eq'],
    ['set', 'set'],
  ])('with a constant on the left are turned round: %s', (comparison, mirrored) => {
    expect(compared(`5 ${comparison} v0`)).toBe(`v0 ${mirrored} 5`)
  })

  test('byte swaps are taken out of comparisons with constants, and only of equalities', () => {
    const port = ['v2 = load.2 i32 packet [v1 + 2]', 'v3 = swap.16 i32 v2']
    expect(compared('v3 eq 80', ...port)).toBe('v2 eq 20480')
    expect(compared('v3 lt 80', ...port)).toBe('v3 lt 80')
  })

  test('two byte swaps are none, unless they throw bits away', () => {
    const twice = (size: 2 | 4): string[] =>
      simplified(
        `v2 = load.${size} i32 packet [v1 + 0]`,
        'v3 = swap.16 i32 v2',
        'v4 = swap.16 i32 v3',
        'return v4',
      )
    expect(twice(2).at(-1)).toBe('return v2')
    expect(twice(4).at(-1)).toBe('return v4')
  })

  test('a byte swap that throws bits away stays', () => {
    const port = ['v2 = load.4 i32 packet [v1 + 2]', 'v3 = swap.16 i32 v2']
    expect(compared('v3 eq 80', ...port)).toBe('v3 eq 80')
  })

  test('zero extensions are taken out of unsigned comparisons with what fits 32 bits', () => {
    expect(compared('v2 lt 5:i64', 'v2 = zext i64 v0')).toBe('v0 lt 5')
    expect(compared('v2 slt 5:i64', 'v2 = zext i64 v0')).toBe('v2 slt 5:i64')
    expect(compared('v2 lt 5:i64', 'v2 = sext i64 v0')).toBe('v2 lt 5:i64')
    expect(compared('v2 lt 0x100000000:i64', 'v2 = zext i64 v0')).toBe('v2 lt 0x100000000:i64')
  })
})
