import { expect, test } from 'vitest'
import { expectUnchanged, runPass, runPassUntilIdle } from '../run-pass.ts'

test('a block is joined with its only predecessor', () => {
  const result = runPassUntilIdle(
    'cfg',
    `b0:
      v0 = call i32 helper#7 x()
      goto b1
    b1(b0):
      v1 = add i32 v0, 1
      goto b2
    b2(b1):
      return v1`,
  )
  expect(result).toEqual(['b0:', 'v0 = call i32 helper#7 x()', 'v1 = add i32 v0, 1', 'return v1'])
})

test('returns of the same constant are one block, those of others are not', () => {
  const result = runPass(
    ['cfg'],
    `b0:
      v0 = call i32 helper#7 p()
      if v0 ne 0 then b1 else b2
    b1(b0):
      return 7
    b2(b0):
      v1 = call i32 helper#7 q()
      if v1 ne 0 then b3 else b4
    b3(b2):
      return 7
    b4(b2):
      return 8`,
  )
  expect(result).toEqual([
    'b0:',
    'v0 = call i32 helper#7 p()',
    'if v0 ne 0 then b1 else b2',
    'b1(b0, b2):',
    'return 7',
    'b2(b0):',
    'v1 = call i32 helper#7 q()',
    'if v1 ne 0 then b1 else b4',
    'b4(b2):',
    'return 8',
  ])
})

test('a branch between returns of the same constant is none', () => {
  const result = runPass(
    ['cfg'],
    `b0:
      v0 = call i32 helper#7 x()
      if v0 ne 0 then b1 else b2
    b1(b0):
      return 7
    b2(b0):
      return 7`,
  )
  expect(result).toEqual(['b0:', 'v0 = call i32 helper#7 x()', 'return 7'])
})

test('a return after something happened stays where it is', () => {
  expectUnchanged(
    'cfg',
    `b0:
      v0 = call i32 helper#7 x()
      if v0 ne 0 then b1 else b2
    b1(b0):
      call helper#7 count()
      return 7
    b2(b0):
      return 7`,
  )
})

test('jumps to empty blocks go where these lead', () => {
  // The first turn makes the block with the inner branch an empty one.
  const result = runPassUntilIdle(
    'cfg',
    `b0:
      v0 = call i32 helper#7 x()
      if v0 ne 0 then b1 else b2
    b1(b0):
      if v0 ne 0 then b3 else b4
    b2(b0):
      call helper#7 other()
      goto b6
    b3(b1):
      goto b5
    b4(b1):
      goto b5
    b5(b3, b4):
      goto b6
    b6(b5, b2):
      call helper#7 behind()
      return 0`,
  )
  expect(result).toEqual([
    'b0:',
    'v0 = call i32 helper#7 x()',
    'if v0 ne 0 then b6 else b2',
    'b2(b0):',
    'call helper#7 other()',
    'goto b6',
    'b6(b2, b0):',
    'call helper#7 behind()',
    'return 0',
  ])
})

test('phis keep the operands of the ways that remain', () => {
  const result = runPass(
    ['cfg'],
    `b0:
      v0 = call i32 helper#7 p()
      if v0 ne 0 then b1 else b2
    b1(b0):
      goto b6
    b2(b0):
      v1 = call i32 helper#7 q()
      if v1 ne 0 then b3 else b4
    b3(b2):
      goto b5
    b4(b2):
      goto b5
    b5(b3, b4):
      v2 = phi i32 2, 3
      goto b6
    b6(b1, b5):
      v3 = phi i32 1, v2
      return v3`,
  )
  expect(result).toEqual([
    'b0:',
    'v0 = call i32 helper#7 p()',
    'if v0 ne 0 then b6 else b2',
    'b2(b0):',
    'v1 = call i32 helper#7 q()',
    // Two edges from b2 to b5 could not bring different operands: one way keeps its block.
    'if v1 ne 0 then b5 else b4',
    'b4(b2):',
    'goto b5',
    'b5(b4, b2):',
    'v2 = phi i32 3, 2',
    'goto b6',
    'b6(b5, b0):',
    'v3 = phi i32 v2, 1',
    'return v3',
  ])
})

test('blocks that nothing leads to go, with the phi operands that came from them', () => {
  const result = runPass(
    ['cfg'],
    `b0:
      goto b2
    b1:
      goto b2
    b2(b0, b1):
      v0 = phi i32 1, 2
      return v0`,
  )
  expect(result).toEqual(['b0:', 'goto b2', 'b2(b0):', 'v0 = phi i32 1', 'return v0'])
})
