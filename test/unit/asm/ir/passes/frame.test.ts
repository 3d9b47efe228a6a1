import { describe, expect, test } from 'vitest'
import { shareFrame } from '../../../../../src/asm/ir/passes/share-frame.ts'
import { parseGraph } from '../../../../../src/asm/ir/text/parse.ts'
import { runPass } from '../run-pass.ts'

const objects = ['frame0 "a" size 8 align 8', 'frame1 "b" size 8 align 8', 'frame2 "c" size 16 align 8']

describe('stores that nothing reads', () => {
  const stores = (...code: string[]): string[] =>
    runPass(['stores'], [...objects, 'b0:', ...code].join('\n')).filter((line) => line.startsWith('store'))

  test('go: overwritten, or at the end of the function', () => {
    expect(
      stores(
        'store.8 frame [frame0 + 0], 0:i64',
        'store.4 frame [frame0 + 0], 1',
        'call helper#1 look(frame0)',
        'store.4 frame [frame0 + 4], 2',
        'return 0',
      ),
    ).toEqual(['store.8 frame [frame0 + 0], 0:i64', 'store.4 frame [frame0 + 0], 1'])
    expect(
      stores(
        'store.4 frame [frame0 + 0], 7',
        'store.8 frame [frame0 + 0], 0:i64',
        'v0 = load.1 i32 frame [frame0 + 3]',
        'return v0',
      ),
    ).toEqual(['store.8 frame [frame0 + 0], 0:i64'])
  })

  test('stay: read on one of the ways, by a call, through an address that goes elsewhere', () => {
    expect(
      stores(
        'store.4 frame [frame0 + 0], 7',
        'v0 = call i32 helper#7 x()',
        'if v0 eq 0 then b1 else b2',
        'b1(b0):',
        'v1 = load.4 i32 frame [frame0 + 0]',
        'return v1',
        'b2(b0):',
        'return 0',
      ),
    ).toHaveLength(1)
    expect(
      stores(
        'store.4 frame [frame2 + 0], 7',
        'v0 = add ptr frame2, 8:i64',
        'call helper#1 look(v0)',
        'return 0',
      ),
    ).toHaveLength(1)
    expect(
      stores(
        'v0 = call i64 helper#7 x()',
        'v1 = add ptr frame0, v0',
        'store.4 frame [frame0 + 0], 7',
        'v2 = load.4 i32 frame [v1 + 0]',
        'return v2',
      ),
    ).toHaveLength(1)
  })

  test('of a loop are read in its next turn', () => {
    expect(
      stores(
        'store.4 frame [frame0 + 0], 0',
        'goto b1',
        'b1(b0, b1):',
        'v0 = load.4 i32 frame [frame0 + 0]',
        'v1 = add i32 v0, 1',
        'store.4 frame [frame0 + 0], v1',
        'if v1 lt 9 then b1 else b2',
        'b2(b1):',
        'return 0',
      ),
    ).toHaveLength(2)
  })
})

describe('stack objects become one', () => {
  /** The objects that are left. */
  function left(...code: string[]): string[] {
    const graph = parseGraph(['function f', ...objects, 'b0:', ...code].join('\n'))
    shareFrame(graph)
    return graph.frameObjects.map((object) => object.name)
  }
  const use = (object: number, size = 8): string[] => [
    ...Array.from({ length: size / 8 }, (_, i) => `store.8 frame [frame${object} + ${i * 8}], 0:i64`),
    `call helper#1 use(frame${object})`,
  ]

  test('where one is done with before the other begins, and they are of one size', () => {
    expect(left(...use(0), ...use(1), ...use(2, 16), 'return 0')).toEqual(['a', 'c'])
  })

  test('not where both are needed', () => {
    const [storeA = '', useA = ''] = use(0)
    expect(left(storeA, ...use(1), useA, 'return 0')).toEqual(['a', 'b', 'c'])
    expect(left('call helper#1 use(frame0, frame1)', 'return 0')).toEqual(['a', 'b', 'c'])
  })

  test('not where a byte of one is never written', () => {
    const partly = 'store.4 frame [frame1 + 0], 0'
    expect(left(partly, ...use(0), 'call helper#1 use(frame1)', 'return 0')).toEqual(['a', 'b', 'c'])
  })

  test('not where a loop brings the contents back', () => {
    expect(
      left(
        'store.8 frame [frame0 + 0], 0:i64',
        'goto b1',
        'b1(b0, b1):',
        'v0 = call i32 helper#1 use(frame0)',
        ...use(1),
        'if v0 eq 0 then b1 else b2',
        'b2(b1):',
        'return 0',
      ),
    ).toEqual(['a', 'b', 'c'])
  })
})
