import { describe, expect, test } from 'vitest'
import type { MemorySpace } from '../../../../../src/asm/ir/graph.ts'
import { expectUnchanged, lines, runPass, runPassUntilIdle } from '../run-pass.ts'

describe('computations', () => {
  test('the same one is made once, also by a block that the first one dominates', () => {
    const result = runPassUntilIdle(
      'cse',
      `b0:
        v0 = call i32 helper#7 x()
        v1 = call i32 helper#7 y()
        v2 = add i32 v0, v1
        v3 = add i32 v0, v1
        v4 = xor i32 v2, v3
        if v0 ne 0 then b1 else b2
      b1(b0):
        v5 = add i32 v0, v1
        return v5
      b2(b0):
        return v4`,
    )
    expect(result).toEqual([
      'b0:',
      'v0 = call i32 helper#7 x()',
      'v1 = call i32 helper#7 y()',
      'v2 = add i32 v0, v1',
      'v4 = xor i32 v2, v2',
      'if v0 ne 0 then b1 else b2',
      'b1(b0):',
      'return v2',
      'b2(b0):',
      'return v4',
    ])
  })

  test('not from one way of a branch in the other', () => {
    expectUnchanged(
      'cse',
      `b0:
        v0 = call i32 helper#7 x()
        if v0 ne 0 then b1 else b2
      b1(b0):
        v1 = add i32 v0, 5
        return v1
      b2(b0):
        v2 = add i32 v0, 5
        return v2`,
    )
  })

  test('other operands, operators and widths are other computations', () => {
    expectUnchanged(
      'cse',
      `b0:
        v0 = call i32 helper#7 x()
        v1 = add i32 v0, 5
        v2 = add i32 v0, 6
        v3 = sub i32 v0, 5
        v4 = sext i64 v0
        v5 = zext i64 v0
        v6 = add i64 v5, 5:i64
        call helper#7 use(v1, v2, v3, v4, v6)
        return 0`,
    )
  })

  test('two calls are two calls', () => {
    expectUnchanged(
      'cse',
      `b0:
        v0 = call i32 helper#7 x()
        v1 = call i32 helper#7 x()
        v2 = xor i32 v0, v1
        return v2`,
    )
  })
})

describe('loads', () => {
  /** Two loads of the same memory, with something in between. */
  const twice = (space: MemorySpace, ...between: string[]): string =>
    [
      'b0:',
      'v0 = param ptr 0',
      'v1 = param ptr 1',
      `v2 = load.4 i32 ${space} [v0 + 0]`,
      ...between,
      `v3 = load.4 i32 ${space} [v0 + 0]`,
      'v4 = add i32 v2, v3',
      'return v4',
    ].join('\n')
  const expectOneLoad = (text: string): void => {
    const one = lines(text).filter((line) => !line.startsWith('v3 ='))
    expect(runPass(['cse'], text)).toEqual(one.map((line) => line.replace('v3', 'v2')))
  }

  test('of the same memory are one, with no write in between', () => {
    expectOneLoad(twice('map'))
  })

  test('of another offset, size or member are others', () => {
    expectUnchanged(
      'cse',
      `b0:
        v0 = param ptr 0
        v1 = load.4 i32 kernel [v0 + 0]
        v2 = load.4 i32 kernel [v0 + 4]
        v3 = load.2 i32 kernel [v0 + 0]
        v4 = load.4 i32 kernel [v0 + 0] field "nf_conn::mark"
        v5 = load.4 i32 kernel [v0 + 0] field "nf_conn::status"
        call helper#7 use(v1, v2, v3, v4, v5)
        return 0`,
    )
  })

  test('a store begins a new epoch of its own space only', () => {
    expectUnchanged('cse', twice('map', 'store.4 map [v1 + 0], v2'))
    expectOneLoad(twice('map', 'store.4 frame [v1 + 0], v2'))
  })

  test('a call does so for the spaces that it writes', () => {
    expectUnchanged('cse', twice('packet', 'call helper#7 between() writes packet context'))
    expectOneLoad(twice('packet', 'call helper#7 between() writes frame kernel'))
  })

  test('an atomic operation does, too', () => {
    expectUnchanged('cse', twice('map', 'atomic.add.4 map [v0 + 0], v2'))
    expectOneLoad(twice('packet', 'atomic.add.4 map [v1 + 0], v2'))
  })

  test('a write on one of two ways begins a new epoch where they meet', () => {
    const oneWay = (...there: string[]): string[] => [
      'if v2 ne 0 then b1 else b2',
      'b1(b0):',
      ...there,
      'goto b3',
      'b2(b0):',
      'goto b3',
      'b3(b1, b2):',
    ]
    expectUnchanged('cse', twice('map', ...oneWay('store.4 map [v0 + 0], v2')))
    expectOneLoad(twice('map', ...oneWay()))
  })

  test('a write that comes later in a loop is before its next turn', () => {
    const result = runPass(
      ['cse'],
      `b0:
        v0 = param ptr 0
        v1 = load.4 i32 map [v0 + 0]
        goto b1
      b1(b0, b2):
        v2 = load.4 i32 map [v0 + 0]
        if v2 ne v1 then b2 else b3
      b2(b1):
        v3 = add i32 v2, 1
        store.4 map [v0 + 0], v3
        goto b1
      b3(b1):
        v4 = load.4 i32 map [v0 + 0]
        return v4`,
    )
    // The one before the loop and the one at its head stay; behind it nothing was written since the head.
    expect(result).toEqual([
      'b0:',
      'v0 = param ptr 0',
      'v1 = load.4 i32 map [v0 + 0]',
      'goto b1',
      'b1(b0, b2):',
      'v2 = load.4 i32 map [v0 + 0]',
      'if v2 ne v1 then b2 else b3',
      'b2(b1):',
      'v3 = add i32 v2, 1',
      'store.4 map [v0 + 0], v3',
      'goto b1',
      'b3(b1):',
      'return v2',
    ])
  })
})
