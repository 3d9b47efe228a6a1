import { expect, test } from 'vitest'
import { runPass } from '../run-pass.ts'

/** A check of 14 bytes, something, a check of 34 bytes: the offsets that are checked in the end. */
function checked(
  between: readonly string[],
  second = 'if v4 gt v2 then b9 else b2',
  from = 'b0, b1',
): string[] {
  const result = runPass(
    ['bounds', 'branches', 'dce'],
    [
      'b0:',
      'v0 = param ptr 0',
      'v1 = load.4 ptr context [v0 + 76]',
      'v2 = load.4 ptr context [v0 + 80]',
      'v3 = add ptr v1, 14:i64',
      'if v3 le v2 then b1 else b9',
      'b1(b0):',
      ...between,
      'v4 = add ptr v1, 34:i64',
      second,
      'b2(b1):',
      'v5 = load.1 i32 packet [v1 + 23]',
      'return v5',
      `b9(${from}):`,
      'return 2',
    ].join('\n'),
  )
  return result.flatMap((line) => /add ptr v1, (\d+)/.exec(line)?.[1] ?? [])
}

test('the first check is for all, when nothing happens before the second', () => {
  expect(checked([])).toEqual(['34'])
  expect(checked(['v6 = load.2 i32 packet [v1 + 12]'])).toEqual(['34'])
})

test('also with other tests in between that have the same way out', () => {
  const test_ = ['v6 = load.2 i32 packet [v1 + 12]', 'if v6 ne 8 then b9 else b3', 'b3(b1):']
  const result = runPass(
    ['bounds', 'branches', 'dce'],
    [
      'b0:',
      'v0 = param ptr 0',
      'v1 = load.4 ptr context [v0 + 76]',
      'v2 = load.4 ptr context [v0 + 80]',
      'v3 = add ptr v1, 14:i64',
      'if v3 le v2 then b1 else b9',
      'b1(b0):',
      ...test_,
      'v4 = add ptr v1, 34:i64',
      'if v4 gt v2 then b9 else b2',
      'b2(b3):',
      'return 1',
      'b9(b0, b1, b3):',
      'return 2',
    ].join('\n'),
  )
  expect(result.filter((line) => line.includes('add ptr'))).toEqual([expect.stringContaining('34:i64')])
})

test.each([
  ['something is stored in between', ['store.1 packet [v1 + 0], 7']],
  [
    'something is called in between',
    ['v6 = call i64 helper#5 bpf_ktime_get_ns() removable', 'store.8 map [v0 + 0], v6'],
  ],
])('each check stays where %s', (_, between) => {
  expect(checked(between)).toEqual(['14', '34'])
})

test('each check stays where the ways out differ', () => {
  const result = runPass(
    ['bounds', 'branches'],
    `b0:
      v0 = param ptr 0
      v1 = load.4 ptr context [v0 + 76]
      v2 = load.4 ptr context [v0 + 80]
      v3 = add ptr v1, 14:i64
      if v3 le v2 then b1 else b9
    b1(b0):
      v4 = add ptr v1, 34:i64
      if v4 gt v2 then b8 else b2
    b2(b1):
      return 1
    b8(b1):
      return 3
    b9(b0):
      return 2`,
  )
  expect(result.filter((line) => line.includes('add ptr'))).toHaveLength(2)
})
