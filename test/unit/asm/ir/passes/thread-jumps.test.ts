import { describe, expect, test } from 'vitest'
import { runPass } from '../run-pass.ts'

/** What comes of it once the blocks in which nothing happens are gone. */
const threaded = (text: string): string[] => runPass(['thread', 'simplify', 'dce', 'cfg', 'cfg'], text)

describe('a way whose branch is decided goes past it', () => {
  test('a branch on a phi of constants', () => {
    const result = threaded(
      `b0:
        v0 = call i32 helper#7 x()
        if v0 lt 7 then b1 else b2
      b1(b0):
        call helper#8 a()
        goto b3
      b2(b0):
        call helper#9 b()
        goto b3
      b3(b1, b2):
        v1 = phi i32 1, 0
        if v1 ne 0 then b4 else b5
      b4(b3):
        return 4
      b5(b3):
        return 5`,
    )
    expect(result.filter((line) => line.startsWith('if'))).toEqual(['if v0 lt 7 then b1 else b2'])
    expect(result).toContain('return 4')
    expect(result).toContain('return 5')
  })

  test('a bounds check that one of the ways has made, of pointers that the other way reads anew', () => {
    const result = threaded(
      `b0:
        v0 = param ptr 0
        v1 = load.4 ptr context [v0 + 76]
        v2 = load.4 ptr context [v0 + 80]
        v3 = add ptr v1, 34:i64
        if v3 le v2 then b2 else b1
      b1(b0):
        v4 = call i64 helper#39 bpf_skb_pull_data(v0, 34) writes context packet
        v5 = load.4 ptr context [v0 + 76]
        v6 = load.4 ptr context [v0 + 80]
        goto b2
      b2(b0, b1):
        v7 = phi ptr v1, v5
        v8 = phi ptr v2, v6
        v9 = add ptr v7, 34:i64
        if v9 gt v8 then b3 else b4
      b3(b2):
        return 0
      b4(b2):
        v10 = load.1 i32 packet [v7 + 33]
        return v10`,
    )
    expect(result).toEqual([
      'b0:',
      'v0 = param ptr 0',
      'v1 = load.4 ptr context [v0 + 76]',
      'v2 = load.4 ptr context [v0 + 80]',
      'v3 = add ptr v1, 34:i64',
      'if v3 le v2 then b4 else b1',
      'b1(b0):',
      'v4 = call i64 helper#39 bpf_skb_pull_data(v0, 34) writes context packet',
      'v5 = load.4 ptr context [v0 + 76]',
      'v6 = load.4 ptr context [v0 + 80]',
      expect.stringMatching(/^v\d+ = add ptr v5, 34:i64$/),
      expect.stringMatching(/^if v\d+ gt v6 then b3 else b4$/),
      'b3(b1):',
      'return 0',
      expect.stringMatching(/^b4\((b1, b0|b0, b1)\):$/),
      expect.stringMatching(/^v\d+ = phi ptr (v5, v1|v1, v5)$/),
      expect.stringMatching(/^v10 = load.1 i32 packet \[v\d+ \+ 33\]$/),
      'return v10',
    ])
  })

  test('the first test of a loop, which is then tested at its end', () => {
    const result = threaded(
      `b0:
        goto b1
      b1(b0, b2):
        v0 = phi i32 0, v2
        if v0 lt 10 then b2 else b3
      b2(b1):
        v1 = call i32 helper#7 x(v0)
        v2 = add i32 v0, 1
        goto b1
      b3(b1):
        return v0`,
    )
    expect(result).toEqual([
      'b0:',
      'goto b2',
      expect.stringMatching(/^b2\(/),
      expect.stringMatching(/^v\d+ = phi i32 /),
      expect.stringMatching(/^v1 = call i32 helper#7 x\(v\d+\)$/),
      expect.stringMatching(/^v2 = add i32 v\d+, 1$/),
      'if v2 lt 10 then b2 else b3',
      'b3(b2):',
      'return v2',
    ])
  })
})

describe('it stays', () => {
  const unchanged = (text: string): void => {
    const written = text.split('\n').map((line) => line.trim())
    expect(runPass(['thread'], text)).toEqual(written)
  }

  test('where something happens in front of the branch', () => {
    unchanged(`b0:
      v0 = call i32 helper#7 x()
      if v0 lt 7 then b1 else b2
      b1(b0):
      goto b2
      b2(b0, b1):
      v1 = phi i32 1, 0
      call helper#9 b()
      if v1 ne 0 then b3 else b4
      b3(b2):
      return 4
      b4(b2):
      return 5`)
  })

  test('where it is a loop that does not end there', () => {
    unchanged(`b0:
      goto b1
      b1(b0, b4):
      v0 = phi i32 0, 1
      if v0 eq 0 then b2 else b3
      b2(b1):
      call helper#9 b()
      goto b4
      b3(b1):
      call helper#9 c()
      goto b4
      b4(b2, b3):
      v1 = call i32 helper#7 more()
      if v1 eq 0 then b5 else b1
      b5(b4):
      return 5`)
  })
})
