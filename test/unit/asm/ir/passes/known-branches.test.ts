import { describe, expect, test } from 'vitest'
import { runPass } from '../run-pass.ts'

/** Where b1 goes when b0 has asked `first` and b1 asks `second`: `yes`, `no`, or both. */
function answer(first: string, second: string, values = ''): string {
  const result = runPass(
    ['branches'],
    `${values}
    b0:
      v0 = call i32 helper#7 x()
      v1 = call i64 helper#7 y()
      v2 = param ptr 0
      v3 = load.4 ptr context [v2 + 76]
      v4 = load.4 ptr context [v2 + 80]
      v5 = add ptr v3, 14:i64
      v6 = add ptr v3, 34:i64
      v7 = zext i64 v0
      v8 = add ptr v3, v7
      v9 = add ptr v8, 20:i64
      if ${first} then b1 else b4
    b1(b0):
      if ${second} then b2 else b3
    b2(b1):
      return 1
    b3(b1):
      return 0
    b4(b0):
      return 2`,
  )
  const end = result[result.indexOf('b1(b0):') + 1]
  return end === 'goto b2' ? 'yes' : end === 'goto b3' ? 'no' : 'both'
}

describe('a branch that an earlier one decides', () => {
  test.each([
    ['v0 eq 5', 'v0 eq 5', 'yes'],
    ['v0 eq 5', 'v0 ne 5', 'no'],
    ['v0 eq 5', 'v0 eq 6', 'no'],
    ['v0 ne 5', 'v0 eq 5', 'no'],
    ['v0 ne 5', 'v0 eq 6', 'both'],
    ['v0 lt 5', 'v0 lt 6', 'yes'],
    ['v0 lt 5', 'v0 lt 5', 'yes'],
    ['v0 lt 5', 'v0 lt 4', 'both'],
    ['v0 lt 5', 'v0 ge 5', 'no'],
    ['v0 le 5', 'v0 lt 6', 'yes'],
    ['v0 gt 5', 'v0 eq 0', 'no'],
    ['v0 gt 5', 'v0 gt 4', 'yes'],
    ['v0 lt 5', 'v0 slt 5', 'yes'],
    ['v0 slt 5', 'v0 lt 5', 'both'],
    ['v0 slt 5', 'v0 slt 5', 'yes'],
    ['v0 sgt 5', 'v0 sle 5', 'no'],
    ['v0 set 4', 'v0 set 4', 'yes'],
    ['v0 set 4', 'v0 set 6', 'both'],
    ['v0 set 4', 'v0 eq 0', 'both'],
    ['v1 lt 5:i64', 'v1 slt 5:i64', 'yes'],
    ['v1 lt v7', 'v1 lt v7', 'yes'],
    ['v1 lt v7', 'v1 ge v7', 'no'],
    ['v1 lt v7', 'v7 lt v1', 'both'],
  ])('%s, then %s: %s', (first, second, expected) => {
    expect(answer(first, second)).toBe(expected)
  })

  test.each([
    ['v6 le v4', 'v6 le v4', 'yes'],
    ['v6 le v4', 'v5 le v4', 'yes'],
    ['v6 le v4', 'v5 lt v4', 'yes'],
    ['v6 le v4', 'v5 gt v4', 'no'],
    ['v6 le v4', 'v4 ge v3', 'yes'],
    ['v6 lt v4', 'v6 le v4', 'yes'],
    ['v6 le v4', 'v6 lt v4', 'both'],
    ['v5 le v4', 'v6 le v4', 'both'],
    ['v6 gt v4', 'v5 le v4', 'both'],
    ['v5 gt v4', 'v6 le v4', 'no'],
    ['v9 le v4', 'v8 le v4', 'yes'],
    ['v9 le v4', 'v5 le v4', 'both'],
  ])('bounds checks: %s, then %s: %s', (first, second, expected) => {
    expect(answer(first, second)).toBe(expected)
  })
})

test('what a value cannot be needs no branch before it', () => {
  const result = runPass(
    ['branches'],
    `b0:
      v0 = param ptr 0
      v1 = load.1 i32 packet [v0 + 0]
      if v1 gt 255 then b1 else b2
    b1(b0):
      return 1
    b2(b0):
      return 0`,
  )
  expect(result).toContain('goto b2')
})

test('what one way says is not known on the other, nor behind both', () => {
  const text = [
    'b0:',
    'v0 = call i32 helper#7 x()',
    'if v0 eq 5 then b1 else b2',
    'b1(b0):',
    'goto b3',
    'b2(b0):',
    'goto b3',
    'b3(b1, b2):',
    'if v0 eq 5 then b4 else b5',
    'b4(b3):',
    'return 1',
    'b5(b3):',
    'return 0',
  ]
  expect(runPass(['branches'], text.join('\n'))).toEqual(text)
})
