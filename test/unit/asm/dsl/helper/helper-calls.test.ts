import { describe, expect, test } from 'vitest'
import type { ProgramBuilder } from '../../../../../src/asm/dsl/builder.ts'
import { helpers } from '../../../../../src/asm/dsl/helper/helpers.ts'
import { array } from '../../../../../src/asm/dsl/map/definition.ts'
import type { SkbContext } from '../../../../../src/asm/dsl/program/context.ts'
import { tc } from '../../../../../src/asm/dsl/program/program.ts'
import { u8, u32 } from '../../../../../src/asm/layout/scalar.ts'
import { array as arrayOf, struct } from '../../../../../src/asm/layout/struct.ts'
import { helperNumber } from '../../../../../src/asm/text/helper-names.ts'
import { runTc } from '../../../../../src/asm/vm/run-tc.ts'
import { here, report } from '../build-failure.ts'

const Six = struct('six', { bytes: arrayOf(u8, 6) })
const Two = struct('two', { low: u8, high: u8 })
const list = array('list', struct('number', { n: u32 }), { maxEntries: 1 })

/** Writes calls as a TC program does, whatever their types say. */
type Loose = Readonly<Record<string, (args?: object) => unknown>>
const loose = (b: ProgramBuilder): Loose => b.helpers as unknown as Loose

describe('calls by name', () => {
  test('memory goes with its size, flags are 0 where they are left out', () => {
    const program = tc('swap', (b, skb) => {
      const mac = b.stack(Six)
      b.if(b.helpers.skb_load_bytes({ skb, offset: 6, to: mac }).ne(0), () => b.return(2))
      b.helpers.skb_store_bytes({ skb, offset: 0, from: mac })
      b.helpers.skb_store_bytes({ skb, offset: 12, from: { memory: mac, length: 2 }, flags: 1 })
      b.return(0)
    })
    const packet = Uint8Array.from({ length: 20 }, (_, i) => i)
    const result = runTc(program, packet)
    expect(result.verdict).toBe(0)
    expect([...result.packet.subarray(0, 14)]).toEqual([6, 7, 8, 9, 10, 11, 6, 7, 8, 9, 10, 11, 6, 7])
    expect(runTc(program, packet.subarray(0, 9)).verdict).toBe(2)
  })

  test('what a helper has written is read again, what it has not is not', () => {
    const program = tc('reread', (b, skb) => {
      const two = b.stack(Two, { low: 1 })
      const before = two.low
      b.helpers.skb_load_bytes({ skb, offset: 3, to: two })
      b.return(before.toU32().shl(8).add(two.low))
    })
    expect(
      runTc(
        program,
        Uint8Array.from({ length: 20 }, (_, i) => i),
      ).verdict,
    ).toBe(0x103)
  })

  test('texts are constant data of the program', () => {
    const program = tc('compare', (b, skb) => {
      const two = b.stack(Two)
      b.helpers.skb_load_bytes({ skb, offset: 0, to: two })
      b.return(b.helpers.strncmp({ memory: two, with: 'ok then' }).toS32())
    })
    const verdict = (text: string): number =>
      runTc(program, new TextEncoder().encode(text.padEnd(20))).verdict
    expect([verdict('ok'), verdict('no'), verdict('oz')].map(Math.sign)).toEqual([0, -1, 1])
  })

  test('calls without a use of their result go, unless they do something', () => {
    const program = tc('clock', (b) => {
      b.helpers.ktime_get_ns()
      b.helpers.jiffies64()
      b.return(b.helpers.redirect({ ifindex: 3 }).toU32())
    })
    const called = program.instructions.flatMap(({ symbol }) =>
      symbol?.kind === 'helper' ? [symbol.name] : [],
    )
    expect(called).toEqual(['bpf_redirect'])
    expect(runTc(program, new Uint8Array(20)).redirect).toEqual({ how: 'redirect', ifindex: 3, flags: 0n })
  })
})

describe('mistakes', () => {
  const cases: Readonly<Record<string, readonly [string[], (b: ProgramBuilder, skb: SkbContext) => void]>> = {
    'of another program type': [
      ['HELPER', 'bpf_xdp_adjust_head is not for programs of type sched_cls', 'It is for xdp.'],
      (b, skb) => loose(b).xdp_adjust_head?.({ xdp: skb, difference: 4 }),
    ],
    'an argument that is missing': [
      ['ARGUMENT', 'bpf_skb_load_bytes needs "to"'],
      (b, skb) => loose(b).skb_load_bytes?.({ skb, offset: 0 }),
    ],
    'an argument that there is not': [
      ['ARGUMENT', 'bpf_redirect takes no "index"', 'It takes ifindex, flags.'],
      (b) => loose(b).redirect?.({ ifindex: 0, index: 1 }),
    ],
    'something else for the context': [
      ['ARGUMENT', 'bpf_skb_vlan_pop takes the program\'s context as "skb"'],
      (b) => loose(b).skb_vlan_pop?.({ skb: b.stack(Six) }),
    ],
    'a number for memory': [
      ['ARGUMENT', 'bpf_skb_load_bytes takes memory as "to"'],
      (b, skb) => loose(b).skb_load_bytes?.({ skb, offset: 0, to: 4 }),
    ],
    'more memory than there is': [
      ['ARGUMENT', 'bpf_skb_load_bytes takes memory as "to", six has 6 bytes, not 7'],
      (b, skb) => loose(b).skb_load_bytes?.({ skb, offset: 0, to: { memory: b.stack(Six), length: 7 } }),
    ],
    'less memory than is needed': [
      ['ARGUMENT', 'bpf_check_mtu takes 4 bytes as "mtu", two has 2'],
      (b, skb) => loose(b).check_mtu?.({ ctx: skb, ifindex: 1, mtu: b.stack(Two), difference: 0 }),
    ],
    'another type of map': [
      ['ARGUMENT', 'bpf_skb_under_cgroup takes a map of type cgroup_array, "list" is a array'],
      (b, skb) => loose(b).skb_under_cgroup?.({ skb, map: list, index: 0 }),
    ],
    'a number that is too wide': [
      ['ARGUMENT', 'bpf_redirect takes a u32 as "ifindex"'],
      (b) => loose(b).redirect?.({ ifindex: b.ktime() }),
    ],
    'a literal that does not fit': [
      ['LITERAL', '4294967296 does not fit u32 (0..4294967295)'],
      (b) => loose(b).redirect?.({ ifindex: 2 ** 32 }),
    ],
    'a number for a text': [
      ['ARGUMENT', 'bpf_strncmp takes a text as "with"'],
      (b) => loose(b).strncmp?.({ memory: b.stack(Two), with: 3 }),
    ],
    'what has a statement of its own': [
      ['HELPER', 'bpf_map_lookup_elem is no plain call', 'There is a statement of its own for it.'],
      (b) => loose(b).map_lookup_elem?.({}),
    ],
  }
  for (const [name, [[code, message, hint], write]] of Object.entries(cases))
    test(name, () => {
      let at = ''
      const lines = report((b, _, skb) => {
        at = here(1)
        write(b, skb)
      })
      expect(lines.map((line) => line.replace(/ \(helper-calls\.test\.ts:\d+\)$/, ''))).toEqual(
        [code, message, hint].filter((line) => line !== undefined),
      )
      expect(at).not.toBe('')
      expect(lines[1]).toMatch(/\(helper-calls\.test\.ts:\d+\)$/)
    })
})

test('every helper is a callee with its number', () => {
  for (const [name, callee] of Object.entries(helpers))
    expect([callee.name, callee.number]).toEqual([`bpf_${name}`, helperNumber(name)])
  expect(Object.keys(helpers)).toHaveLength(211)
})
