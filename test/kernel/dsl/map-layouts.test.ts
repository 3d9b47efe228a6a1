import { execFileSync } from 'node:child_process'
import { expect } from 'vitest'
import { array as arrayMap } from '../../../src/asm/dsl/map/definition.ts'
import { bits } from '../../../src/asm/layout/bits.ts'
import { bytes, chars } from '../../../src/asm/layout/bytes.ts'
import { be16, be32, u8, u16, u32 } from '../../../src/asm/layout/scalar.ts'
import { array, struct, union } from '../../../src/asm/layout/struct.ts'
import { be128 } from '../../../src/asm/layout/wide.ts'
import { createMap } from '../../../src/loader/bpf/create-map.ts'
import { failOnLeakedFds } from '../bpf/fixture.ts'
import { describe, test } from '../support/kernel-test.ts'
import { installed } from '../support/namespaces.ts'

failOnLeakedFds()

const All = struct('all_layouts', {
  first: bits(u8, { version: 4, words: 4 }),
  pad: array(u8, 3),
  inC: bits(u32, { low: 3, middle: 20, high: 9 }, { first: 'lowest' }),
  address: be128,
  choice: union('choice', { v4: be32, parts: struct('parts', { a: u16, b: u16 }) }),
  fragment: bits(be16, { flags: 3, offset: 13 }),
  name: chars(8),
  mac: bytes(6),
  cells: array(array(u8, 2), 2),
})
const value = {
  first: { version: 4, words: 5 },
  pad: [0, 0, 0],
  inC: { low: 5, middle: 0x12345, high: 0x155 },
  address: 1n,
  choice: { v4: 0x0a000001 },
  fragment: { flags: 2, offset: 1 },
  name: 'eth0',
  mac: Uint8Array.of(1, 2, 3, 4, 5, 6),
  cells: [
    [1, 2],
    [3, 4],
  ],
}

describe('a map of every kind of layout', () => {
  test('is made with its types, by which bpftool prints it', { skip: !installed('bpftool') }, () => {
    using map = createMap(arrayMap('layouts', All, { maxEntries: 1 }))
    map.set(0, value)
    expect(map.get(0)).toEqual({
      ...value,
      choice: { v4: 0x0a000001, parts: { a: 0x000a, b: 0x0100 } },
    })
    const output = execFileSync('bpftool', ['-j', 'map', 'dump', 'id', String(map.id)], { encoding: 'utf8' })
    const [element] = JSON.parse(output) as { formatted: { value: Record<string, unknown> } }[]
    expect(element?.formatted.value).toEqual({
      // Bit-fields are strings to it.
      first: { words: '0x5', version: '0x4' },
      pad: [0, 0, 0],
      inC: { low: '0x5', middle: '0x12345', high: '0x155' },
      address: [...new Array(15).fill(0), 1],
      choice: { v4: 0x0100000a, parts: { a: 0x000a, b: 0x0100 } },
      fragment: 0x0140,
      name: expect.anything(),
      mac: [1, 2, 3, 4, 5, 6],
      cells: [
        [1, 2],
        [3, 4],
      ],
    })
  })
})
