import { expect, test } from 'vitest'
import { runPass } from '../run-pass.ts'

/** The lines of the loop's block after the pass. */
function inLoop(...body: string[]): string[] {
  const result = runPass(
    ['hoist'],
    [
      'b0:',
      'v0 = param ptr 0',
      'v1 = call i32 helper#7 x()',
      'goto b1',
      'b1(b0, b1):',
      'v2 = phi i32 0, v3',
      ...body,
      'v3 = add i32 v2, 1',
      'if v3 lt 9 then b1 else b2',
      'b2(b1):',
      'return v3',
    ].join('\n'),
  )
  return result.slice(result.indexOf('b1(b0, b1):') + 2, result.indexOf('v3 = add i32 v2, 1'))
}

test('what a loop does not change goes in front of it', () => {
  expect(inLoop('v4 = mul i32 v1, 7', 'v5 = add i32 v4, v1', 'call helper#1 use(v5)')).toEqual([
    'call helper#1 use(v5)',
  ])
  expect(inLoop('v4 = load.4 i32 map [v0 + 4]', 'call helper#1 use(v4)')).toEqual(['call helper#1 use(v4)'])
})

test('what it changes stays', () => {
  const stays = (...body: string[]): void => expect(inLoop(...body)).toEqual(body)
  stays('v4 = mul i32 v2, 7', 'call helper#1 use(v4)')
  stays('v4 = load.4 i32 map [v0 + 4]', 'store.4 map [v0 + 8], v4')
  stays('v4 = load.4 i32 map [v0 + 4]', 'call helper#1 use(v4) writes map')
  stays('v4 = call i32 helper#7 x()', 'call helper#1 use(v4)')
})
