import { expect, test } from 'vitest'
import { expectUnchanged, runPassUntilIdle } from '../run-pass.ts'

test('what nobody needs goes, in chains and circles; what has an effect stays', () => {
  const result = runPassUntilIdle(
    'dce',
    `b0:
      v0 = call ptr helper#7 p()
      v1 = load.4 i32 map [v0 + 0]
      v2 = add i32 v1, 1
      v3 = mul i32 v2, 3
      v4 = call i64 helper#5 clock() removable
      store.4 map [v0 + 0], 4
      goto b1
    b1(b0, b1):
      v5 = phi i32 0, v6
      v6 = add i32 v5, 1
      v7 = call i32 helper#7 more()
      if v7 ne 0 then b1 else b2
    b2(b1):
      return 0`,
  )
  expect(result).toEqual([
    'b0:',
    'v0 = call ptr helper#7 p()',
    'store.4 map [v0 + 0], 4',
    'goto b1',
    'b1(b0, b1):',
    'v7 = call i32 helper#7 more()',
    'if v7 ne 0 then b1 else b2',
    'b2(b1):',
    'return 0',
  ])
})

test('what a branch, a return or a phi needs stays', () => {
  expectUnchanged(
    'dce',
    `b0:
      v0 = call i32 helper#7 x()
      v1 = and i32 v0, 1
      if v1 ne 0 then b1 else b2
    b1(b0):
      v2 = add i32 v0, 2
      goto b3
    b2(b0):
      v3 = add i32 v0, 3
      goto b3
    b3(b1, b2):
      v4 = phi i32 v2, v3
      v5 = xor i32 v4, 9
      return v5`,
  )
})
