import { describe, expect, test } from 'vitest'
import { runPass } from '../run-pass.ts'

/** A branch whose two ways are these, each its block(s) ending at b9, which returns v9. */
function merged(
  yes: readonly string[],
  no: readonly string[],
  phi = 'v9 = phi i32 1, 1',
  from = 'b1, b2',
): string[] {
  return runPass(
    ['merge'],
    [
      'frame0 "key" size 8 align 8',
      'b0:',
      'v0 = param ptr 0',
      'v1 = call i32 helper#7 x()',
      'v2 = call i32 helper#7 y()',
      'if v1 eq 0 then b1 else b2',
      'b1(b0):',
      ...yes,
      'b2(b0):',
      ...no,
      `b9(${from}):`,
      phi,
      'return v9',
    ].join('\n'),
  )
}
const calls = (result: readonly string[]): number => result.filter((line) => line.includes('call')).length - 2

describe('pieces of code are merged', () => {
  test('that are the same', () => {
    const piece = ['call helper#1 a(v1)', 'goto b9']
    expect(merged(piece, piece)).toEqual([
      'b0:',
      'v0 = param ptr 0',
      'v1 = call i32 helper#7 x()',
      'v2 = call i32 helper#7 y()',
      'goto b1',
      'b1(b0):',
      'call helper#1 a(v1)',
      'goto b9',
      'b9(b1):',
      'v9 = phi i32 1',
      'return v9',
    ])
  })

  test('with what they compute and what follows them alone', () => {
    const piece = (n: number): string[] => [
      `v${n}0 = call ptr helper#1 look(v0)`,
      `if v${n}0 eq 0:ptr then b9 else b${n + 2}`,
      `b${n + 2}(b${n}):`,
      `v${n}1 = load.4 i32 map [v${n}0 + 0]`,
      `store.4 map [v${n}0 + 0], v${n}1`,
      'goto b9',
    ]
    expect(calls(merged(piece(1), piece(2), 'v9 = phi i32 1, 2, 1, 2', 'b1, b3, b2, b4'))).toBe(1)
  })

  test('that differ in one constant and are long enough for it', () => {
    const piece = (n: number, constant: number): string[] => [
      `store.4 frame [frame0 + 0], ${constant}`,
      `v${n}0 = call ptr helper#1 look(frame0)`,
      `v${n}1 = load.4 i32 map [v${n}0 + 0]`,
      `store.4 map [v${n}0 + 0], v${n}1`,
      'goto b9',
    ]
    const result = merged(piece(1, 5), piece(2, 6), 'v9 = phi i32 1, 1')
    expect(calls(result)).toBe(2)
    // One branch leads to both: the way that it takes must stay, for the constant to be chosen on it.
  })
})

describe('pieces of code stay', () => {
  const [a, b] = [
    ['call helper#1 a(v1)', 'goto b9'],
    ['call helper#1 a(v2)', 'goto b9'],
  ]
  test.each([
    ['with other operands', a, b, undefined],
    ['with other callees', a, ['call helper#1 b(v1)', 'goto b9'], undefined],
    ['that bring different values where they meet', a, a, 'v9 = phi i32 1, 2'],
    [
      'with a constant of their own and nothing else',
      ['store.4 map [v0 + 0], 1', 'goto b9'],
      ['store.4 map [v0 + 0], 2', 'goto b9'],
      undefined,
    ],
  ])('%s', (_, yes, no, phi) => {
    const result = merged(yes, no, phi)
    expect(result).toContain('b2(b0):')
  })
})

test('pieces that differ in a constant, reached from different blocks', () => {
  const piece = (n: number, from: string, constant: number): string[] => [
    `b${n}(${from}):`,
    `store.4 frame [frame0 + 0], ${constant}`,
    `v${n}0 = call ptr helper#1 look(frame0)`,
    `v${n}1 = load.4 i32 map [v${n}0 + 0]`,
    `store.4 map [v${n}0 + 0], v${n}1`,
    'return 2',
  ]
  const result = runPass(
    ['merge'],
    [
      'frame0 "key" size 8 align 8',
      'b0:',
      'v1 = call i32 helper#7 x()',
      'if v1 eq 0 then b1 else b3',
      ...piece(1, 'b0', 5),
      'b3(b0):',
      'if v1 eq 1 then b2 else b4',
      ...piece(2, 'b3', 6),
      ...piece(4, 'b3', 5),
    ].join('\n'),
  )
  expect(result.some((line) => /phi i32 (6, 5|5, 6)/.test(line))).toBe(true)
  expect(result.filter((line) => line.includes('look'))).toHaveLength(2)
})
