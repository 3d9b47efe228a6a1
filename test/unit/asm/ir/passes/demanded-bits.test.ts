import { expect, test } from 'vitest'
import { runPass } from '../run-pass.ts'

/** What is left of a computation of v2 from v1 that `use` looks at. */
function left(computation: readonly string[], use: string): string[] {
  return runPass(
    ['demand'],
    ['b0:', 'v0 = param ptr 0', 'v1 = load.4 i32 map [v0 + 0]', ...computation, use, 'return 0'].join('\n'),
  ).slice(3, -1)
}

test.each([
  [
    'a mask of what is stored',
    ['v2 = and i32 v1, 65535'],
    'store.2 map [v0 + 4], v2',
    ['store.2 map [v0 + 4], v1'],
  ],
  [
    'a mask that cuts off less',
    ['v2 = and i32 v1, 0xffffff'],
    'store.2 map [v0 + 4], v2',
    ['store.2 map [v0 + 4], v1'],
  ],
  [
    'a sum of which the low half is kept',
    ['v2 = and i32 v1, 65535', 'v3 = add i32 v2, v1'],
    'store.2 map [v0 + 4], v3',
    ['v3 = add i32 v1, v1', 'store.2 map [v0 + 4], v3'],
  ],
  [
    'bits that a mask throws away',
    ['v2 = or i32 v1, 256', 'v3 = and i32 v2, 255'],
    'store.4 map [v0 + 4], v3',
    ['v3 = and i32 v1, 255', 'store.4 map [v0 + 4], v3'],
  ],
  [
    'bits that a shift throws away',
    ['v2 = xor i32 v1, 3', 'v3 = rsh i32 v2, 2'],
    'store.4 map [v0 + 4], v3',
    ['v3 = rsh i32 v1, 2', 'store.4 map [v0 + 4], v3'],
  ],
])('%s goes', (_, computation, use, expected) => {
  expect(left(computation, use)).toEqual(expected)
})

test.each([
  ['a mask of less than what is stored', ['v2 = and i32 v1, 255'], 'store.2 map [v0 + 4], v2'],
  ['a mask in front of a call', ['v2 = and i32 v1, 65535'], 'call helper#1 use(v2)'],
  ['a carry out of the low bits', ['v2 = add i32 v1, 128'], 'store.1 map [v0 + 4], v2'],
  [
    'a mask in front of a division',
    ['v2 = and i32 v1, 65535', 'v3 = div i32 v2, 3'],
    'store.1 map [v0 + 4], v3',
  ],
  [
    'a mask in front of a shift to the right',
    ['v2 = and i32 v1, 65535', 'v3 = rsh i32 v2, 8'],
    'store.2 map [v0 + 4], v3',
  ],
  [
    'a sign',
    ['v2 = xor i32 v1, 0x80000000', 'v3 = sext i64 v2', 'v4 = rsh i64 v3, 60'],
    'store.1 map [v0 + 4], v4',
  ],
])('%s stays', (_, computation, use) => {
  expect(left(computation, use)).toEqual([...computation, use])
})
