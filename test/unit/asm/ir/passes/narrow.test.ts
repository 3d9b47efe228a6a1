import { describe, expect, test } from 'vitest'
import { runPass } from '../run-pass.ts'

/** The value returned, computed by `line` from v1 (8 bits), v2 (32 bits), v3 (64 bits). */
function narrowed(...computation: string[]): string[] {
  const result = runPass(
    ['narrow', 'dce'],
    [
      'b0:',
      'v0 = param ptr 0',
      'v1 = load.1 i32 map [v0 + 0]',
      'v2 = load.4 i32 map [v0 + 4]',
      'v3 = load.8 i64 map [v0 + 8]',
      ...computation,
    ].join('\n'),
  )
  return result.filter((line) => !/^b0|load|param/.test(line))
}

describe('masks', () => {
  test.each([
    [['v4 = and i32 v1, 255', 'return v4'], ['return v1']],
    [
      ['v4 = and i32 v1, 127', 'return v4'],
      ['v4 = and i32 v1, 127', 'return v4'],
    ],
    [
      ['v4 = and i32 v1, 254', 'return v4'],
      ['v4 = and i32 v1, 254', 'return v4'],
    ],
    [
      ['v4 = lsh i32 v1, 2', 'v5 = and i32 v4, 0x3ff', 'return v5'],
      ['v4 = lsh i32 v1, 2', 'return v4'],
    ],
    [
      ['v4 = rsh i32 v2, 24', 'v5 = and i32 v4, 255', 'return v5'],
      ['v4 = rsh i32 v2, 24', 'return v4'],
    ],
    [
      ['v4 = add i32 v1, 1', 'v5 = and i32 v4, 511', 'return v5'],
      ['v4 = add i32 v1, 1', 'return v4'],
    ],
    // The verifier knows nothing of a remainder: a mask behind one is what makes it a safe index.
    [
      ['v4 = mod i32 v2, 10', 'v5 = and i32 v4, 15', 'return v5'],
      ['v4 = mod i32 v2, 10', 'v5 = and i32 v4, 15', 'return v5'],
    ],
  ])('%j', (before, after) => {
    expect(narrowed(...before)).toEqual(after)
  })
})

describe('extensions', () => {
  test.each([
    [
      ['v4 = sext i64 v1', 'return v4'],
      [expect.stringMatching(/^v\d+ = zext i64 v1$/), expect.stringMatching('return')],
    ],
    [
      ['v4 = sext i64 v2', 'return v4'],
      ['v4 = sext i64 v2', 'return v4'],
    ],
    [
      ['v4 = add i32 v1, 14', 'v5 = zext i64 v4', 'return v5'],
      [
        expect.stringMatching(/^v\d+ = zext i64 v1$/),
        expect.stringMatching(/^v\d+ = add i64 v\d+, 14:i64$/),
        expect.stringMatching('return'),
      ],
    ],
    [
      ['v4 = add i32 v2, 14', 'v5 = zext i64 v4', 'return v5'],
      ['v4 = add i32 v2, 14', 'v5 = zext i64 v4', 'return v5'],
    ],
    [
      ['v4 = rsh i64 v3, 32', 'v5 = truncate i32 v4', 'v6 = zext i64 v5', 'return v6'],
      ['v4 = rsh i64 v3, 32:i64', 'return v4'].map((l) => l.replace(':i64', '')),
    ],
    [
      ['v5 = truncate i32 v3', 'v6 = zext i64 v5', 'return v6'],
      ['v5 = truncate i32 v3', 'v6 = zext i64 v5', 'return v6'],
    ],
  ])('%j', (before, after) => {
    expect(narrowed(...before)).toEqual(after)
  })
})

test('divisions of what is smaller', () => {
  expect(narrowed('v4 = mod i32 v1, 256', 'return v4')).toEqual(['return v1'])
  expect(narrowed('v4 = div i32 v1, 256', 'return v4')).toEqual(['return 0'])
  expect(narrowed('v4 = mod i32 v1, 255', 'return v4')).toEqual(['v4 = mod i32 v1, 255', 'return v4'])
})
