import { describe, expect, test } from 'vitest'
import { runPass } from '../run-pass.ts'

/** Two comparisons, one after the other; everything else returns 0. */
function compared(first: string, second: string, between = '', memory = 'packet'): string[] {
  const [offset, size, constant] = first.split(' ')
  const [offset2, size2, constant2] = second.split(' ')
  const result = runPass(
    ['tests', 'cfg'],
    [
      'frame0 "bytes" size 8 align 8',
      'b0:',
      `v0 = param ptr 0`,
      `v1 = load.${size} i32 ${memory} [v0 + ${offset}]`,
      `if v1 ne ${constant} then b3 else b1`,
      'b1(b0):',
      between,
      `v2 = load.${size2} i32 ${memory} [v0 + ${offset2}]`,
      `if v2 eq ${constant2} then b2 else b3`,
      'b2(b1):',
      'return 1',
      'b3(b0, b1):',
      'return 0',
    ].join('\n'),
  )
  return result.filter((line) => /load|if/.test(line))
}

describe('comparisons of neighbours become one', () => {
  test.each([
    ['0 1 71', '1 1 69', 'load.2 i32 packet [v0 + 0]', `${71 + 69 * 256}`],
    ['5 1 71', '4 1 69', 'load.2 i32 packet [v0 + 4]', `${69 + 71 * 256}`],
    ['1 2 0x1234', '3 2 0xabcd', 'load.4 i32 packet [v0 + 1]', '0xabcd1234'],
  ])('%s, %s', (first, second, load, constant) => {
    expect(compared(first.replace('0x1234', '4660'), second.replace('0xabcd', '43981'))).toEqual([
      expect.stringContaining(load),
      expect.stringContaining(`ne ${constant} then b3`),
    ])
  })
})

test.each([
  ['not next to each other', '0 1 71', '2 1 69', '', 'packet'],
  ['of different sizes', '0 2 71', '2 1 69', '', 'packet'],
  ['the same byte', '0 1 71', '0 1 69', '', 'packet'],
  ['with something in between', '0 1 71', '1 1 69', 'call helper#9 count()', 'packet'],
  ['of the context, whose accesses the kernel rewrites', '0 1 71', '1 1 69', '', 'context'],
  ['of four bytes', '0 4 71', '4 4 69', '', 'packet'],
])('comparisons stay: %s', (_, first, second, between, memory) => {
  expect(compared(first, second, between, memory)).toHaveLength(4)
})

test('the stack is read at multiples of the size only', () => {
  const at = (offset: number): number =>
    runPass(
      ['tests'],
      `frame0 "bytes" size 8 align 8
      b0:
        v1 = load.1 i32 frame [frame0 + ${offset}]
        if v1 ne 1 then b3 else b1
      b1(b0):
        v2 = load.1 i32 frame [frame0 + ${offset + 1}]
        if v2 eq 2 then b2 else b3
      b2(b1):
        return 1
      b3(b0, b1):
        return 0`,
    ).filter((line) => line.includes('load.2')).length
  expect([at(0), at(1), at(2)]).toEqual([1, 0, 1])
})
