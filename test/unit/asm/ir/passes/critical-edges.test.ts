import { expect, test } from 'vitest'
import { splitCriticalEdges } from '../../../../../src/asm/ir/passes/critical-edges.ts'
import { lines, transform } from '../run-pass.ts'

test('a block with two ways out gets a block of its own for each way to phis', () => {
  const result = transform(
    splitCriticalEdges,
    `b0:
      v0 = call i32 helper#7 x()
      if v0 eq 5 then b2 else b1
    b1(b0, b2):
      v1 = phi i32 3, 4
      return v1
    b2(b0):
      v2 = call i32 helper#7 y()
      if v2 eq 6 then b1 else b3
    b3(b2):
      return 2`,
  )
  expect(result).toEqual([
    'b0:',
    'v0 = call i32 helper#7 x()',
    'if v0 eq 5 then b2 else b4',
    'b1(b4, b5):',
    'v1 = phi i32 3, 4',
    'return v1',
    'b2(b0):',
    'v2 = call i32 helper#7 y()',
    'if v2 eq 6 then b5 else b3',
    'b3(b2):',
    'return 2',
    'b4(b0):',
    'goto b1',
    'b5(b2):',
    'goto b1',
  ])
})

test('a jump to phis, and a branch to blocks without any, have place for the copies already', () => {
  const text = `b0:
      v0 = call i32 helper#7 x()
      if v0 eq 5 then b1 else b2
    b1(b0):
      goto b3
    b2(b0):
      goto b3
    b3(b1, b2):
      v1 = phi i32 1, 2
      return v1`
  expect(transform(splitCriticalEdges, text)).toEqual(lines(text))
})
