import { describe, expect, test } from 'vitest'
import { compile } from '../../../../src/asm/ir/compile.ts'
import { parsePasses, passes, UnknownPassError } from '../../../../src/asm/ir/pipeline.ts'
import { parseGraph } from '../../../../src/asm/ir/text/parse.ts'

const small = `function small
b0:
  v0 = call i32 helper#7 bpf_get_prandom_u32()
  v1 = add i32 v0, 0
  v2 = mul i32 v1, 8
  v3 = negate i32 v2
  return v2
`
const length = (selection?: Parameters<typeof compile>[1]): number =>
  compile([parseGraph(small)], selection).instructions.length

describe('which passes run', () => {
  test('is read from a list of names, all or none', () => {
    expect(parsePasses('all')).toBe('all')
    expect(parsePasses(' none ')).toBe('none')
    expect(parsePasses('dce, simplify')).toEqual(['dce', 'simplify'])
  })

  test('a name that no pass has is refused with those that there are', () => {
    for (const name of ['inline', 'constructor', '']) {
      expect(() => parsePasses(`dce,${name}`)).toThrow(UnknownPassError)
      expect(() => parsePasses(`dce,${name}`)).toThrow(`there is no pass "${name}"`)
    }
    try {
      compile([parseGraph(small)], { passes: ['inline'] })
      expect.unreachable()
    } catch (error) {
      const names = passes.map((pass) => pass.name).join(', ')
      expect(error).toMatchObject({
        code: 'UNKNOWN_PASS',
        hint: `Choose all, none, or some of ${names}, with commas between them.`,
      })
    }
  })

  test('decides what comes out', () => {
    expect(length({ passes: 'none' })).toBeGreaterThan(length({ passes: ['dce'] }))
    expect(length({ passes: ['dce'] })).toBeGreaterThan(length({ passes: ['simplify', 'dce'] }))
    expect(length()).toBe(length({ passes: 'all' }))
  })
})

test('a trace sees every form of the function', () => {
  const seen: [string, string][] = []
  compile([parseGraph(small)], { trace: (stage, text) => seen.push([stage, text()]) })
  expect(seen.map(([stage]) => stage)).toEqual([
    'front end',
    'simplify',
    'dce',
    'split critical edges',
    'select',
    'mark loops',
    'allocate',
    'spill cleanup',
    'remove copies',
    'lay out frame',
    'merge tails',
    'order blocks',
  ])
  expect(seen[0]?.[1]).toBe(small)
  expect(seen[2]?.[1]).toBe(`function small
b0:
  v0 = call i32 helper#7 bpf_get_prandom_u32()
  v7 = lsh i32 v0, 3
  return v7
`)
  expect(seen[4]?.[1]).toBe(`function small
b0:
  call bpf_get_prandom_u32
  r16 = r0
  r17 = r16
  w17 <<= 3
  r0 = r17
  exit
`)
  expect(seen.at(-1)?.[1]).toBe(`function small
b0:
  call bpf_get_prandom_u32
  w0 <<= 3
  exit
`)
})
