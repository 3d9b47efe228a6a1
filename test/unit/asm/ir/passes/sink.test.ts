import { describe, expect, test } from 'vitest'
import { runPass } from '../run-pass.ts'

describe('a computation moves', () => {
  test('to the one way that needs it, with what it needs itself', () => {
    const result = runPass(
      ['sink'],
      `b0:
        v0 = param ptr 0
        v1 = load.4 i32 packet [v0 + 0]
        v2 = load.4 i32 packet [v0 + 4]
        v3 = add i32 v2, 5
        v4 = mul i32 v3, v1
        if v1 eq 0 then b1 else b2
      b1(b0):
        return 1
      b2(b0):
        call helper#1 use(v4)
        return v4`,
    )
    expect(result).toEqual([
      'b0:',
      'v0 = param ptr 0',
      'v1 = load.4 i32 packet [v0 + 0]',
      'if v1 eq 0 then b1 else b2',
      'b1(b0):',
      'return 1',
      'b2(b0):',
      'v2 = load.4 i32 packet [v0 + 4]',
      'v3 = add i32 v2, 5',
      'v4 = mul i32 v3, v1',
      'call helper#1 use(v4)',
      'return v4',
    ])
  })
})

describe('a computation stays', () => {
  /** `v1` is computed in b0 and used in b2. */
  const stays = (text: string): void => {
    const written = text.split('\n').map((line) => line.trim())
    expect(runPass(['sink'], text)).toEqual(written)
  }

  test('that both ways need', () => {
    stays(`b0:
      v0 = call i32 helper#7 x()
      v1 = add i32 v0, 5
      if v0 eq 0 then b1 else b2
      b1(b0):
      return v1
      b2(b0):
      call helper#1 use(v1)
      return 0`)
  })

  test('a load, where something writes to its memory on the way', () => {
    stays(`b0:
      v0 = param ptr 0
      v1 = load.4 i32 packet [v0 + 0]
      call helper#9 change() writes packet
      if v0 eq 0:ptr then b1 else b2
      b1(b0):
      return 0
      b2(b0):
      return v1`)
  })

  test('a load, where several ways lead to its use', () => {
    stays(`b0:
      v0 = param ptr 0
      v1 = load.4 i32 packet [v0 + 0]
      if v0 eq 0:ptr then b1 else b2
      b1(b0):
      call helper#9 change() writes packet
      goto b3
      b2(b0):
      goto b3
      b3(b1, b2):
      return v1`)
  })

  test('that a loop would do every turn', () => {
    stays(`b0:
      v0 = call i32 helper#7 x()
      v1 = mul i32 v0, v0
      goto b1
      b1(b0, b1):
      v2 = phi i32 0, v3
      v3 = add i32 v2, v1
      if v3 lt 100 then b1 else b2
      b2(b1):
      return v3`)
  })
})
