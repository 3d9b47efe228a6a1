import { expect, test } from 'vitest'
import { runPass } from '../run-pass.ts'

const widened = (...code: string[]): string[] =>
  runPass(
    ['wide'],
    [
      'frame0 "key" size 24 align 8',
      'b0:',
      'v9 = param i32 0',
      ...code,
      'call helper#1 look(frame0)',
      'return 0',
    ].join('\n'),
  ).slice(2, -2)

test.each([
  [
    ['store.4 frame [frame0 + 8], 0', 'store.4 frame [frame0 + 12], 0'],
    ['store.8 frame [frame0 + 8], 0:i64'],
  ],
  [['store.1 frame [frame0 + 1], 2', 'store.1 frame [frame0 + 0], 1'], ['store.2 frame [frame0 + 0], 513']],
  [
    [
      'store.1 frame [frame0 + 4], 1',
      'store.1 frame [frame0 + 5], 0',
      'store.2 frame [frame0 + 6], 0',
      'store.4 frame [frame0 + 0], 7',
    ],
    // 1 << 32 | 7 is more than an instruction's 32 bits.
    ['store.4 frame [frame0 + 4], 1', 'store.4 frame [frame0 + 0], 7'],
  ],
  [
    ['store.4 frame [frame0 + 0], 0xffffffff', 'store.4 frame [frame0 + 4], 0xffffffff'],
    ['store.8 frame [frame0 + 0], 0xffffffffffffffff:i64'],
  ],
  [
    ['store.4 frame [frame0 + 0], 0', 'store.2 frame [frame0 + 8], v9', 'store.4 frame [frame0 + 4], 0'],
    ['store.4 frame [frame0 + 0], 0', 'store.2 frame [frame0 + 8], v9', 'store.4 frame [frame0 + 4], 0'],
  ],
])('%j', (before, after) => {
  expect(widened(...before)).toEqual(after)
})

test.each([
  ['not aligned', ['store.4 frame [frame0 + 4], 0', 'store.4 frame [frame0 + 8], 0']],
  ['not next to each other', ['store.4 frame [frame0 + 0], 0', 'store.4 frame [frame0 + 8], 0']],
  [
    'looked at in between',
    ['store.4 frame [frame0 + 0], 0', 'call helper#2 look(frame0)', 'store.4 frame [frame0 + 4], 0'],
  ],
  [
    'written twice',
    ['store.4 frame [frame0 + 0], 0', 'store.2 frame [frame0 + 0], 5', 'store.4 frame [frame0 + 4], 0'],
  ],
  ['not constant', ['store.4 frame [frame0 + 0], v9', 'store.4 frame [frame0 + 4], 0']],
])('stores stay that are %s', (_, code) => {
  expect(widened(...code)).toEqual(code)
})
