import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Analysis, analyse } from '../../../../src/asm/analysis/analyse.ts'
import type { AnalysisInput } from '../../../../src/asm/analysis/input.ts'
import { describeValue } from '../../../../src/asm/analysis/register-value.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { assembleText } from '../../../../src/asm/text/assemble-text.ts'

function analyseText(text: string, more: Partial<AnalysisInput> = {}): Analysis {
  const { instructions } = assembleText(text, { unreachable: 'report' })
  return analyse({ instructions, type: 'sched_cls', ...more })
}

/** What a register holds before an instruction, in words. */
function holds(analysis: Analysis, index: number, register: number): string {
  const value = analysis.values[index]?.get(register)
  return value === undefined ? 'unreachable' : describeValue(value)
}

describe('control flow', () => {
  test('blocks, edges, loops', () => {
    const { blocks } = analyseText(`
      r0 = 10
    again:
      r0 += -1
      if r0 > 3 goto again
      if r0 == 2 goto out
      r0 = 7
    out:
      exit`)
    expect(
      blocks.map(({ start, end, successors }) => ({
        start,
        end,
        successors: successors.map((edge) => `${edge.kind} ${edge.block}${edge.back ? ' back' : ''}`),
      })),
    ).toEqual([
      { start: 0, end: 1, successors: ['fall 1'] },
      { start: 1, end: 3, successors: ['fall 2', 'taken 1 back'] },
      { start: 3, end: 4, successors: ['fall 3', 'taken 4'] },
      { start: 4, end: 5, successors: ['fall 4'] },
      { start: 5, end: 6, successors: [] },
    ])
    expect(blocks[1]?.predecessors.map(({ block, back }) => ({ block, back }))).toEqual([
      { block: 0, back: false },
      { block: 1, back: true },
    ])
  })

  test('functions that are called are found; a call leads nowhere else than on', () => {
    const { functions, blocks } = analyseText(`
      r1 = 1
      call f
      exit
    f:
      r0 = r1
      exit`)
    expect(functions).toEqual([
      { name: 'main', start: 0, end: 3 },
      { name: 'F3', start: 3, end: 5 },
    ])
    expect(blocks.map(({ successors }) => successors)).toEqual([[], []])
  })

  test('what no path reaches is marked', () => {
    const { blocks, values } = analyseText('r0 = 0\nexit\nr0 = 1\nexit')
    expect(blocks.map(({ reachable }) => reachable)).toEqual([true, false])
    expect(values[2]).toBeUndefined()
  })

  test('jumps to nowhere have no edge, and nothing fails', () => {
    const jump: Instruction = { opcode: 0x05, dst: 0, src: 0, offset: 100, imm: 0 }
    expect(analyse({ instructions: [jump] }).blocks[0]?.successors).toEqual([])
    expect(analyse({ instructions: [] })).toMatchObject({ blocks: [], functions: [] })
  })
})

describe('registers', () => {
  test('the packet: start, end, and how much is proven on which side of the check', () => {
    const analysis = analyseText(`
      r2 = *(u32 *)(r1 + 76)
      r3 = *(u32 *)(r1 + 80)
      r4 = r2
      r4 += 34
      if r4 > r3 goto short
      r0 = *(u8 *)(r2 + 14)
      exit
    short:
      r0 = 0
      exit`)
    expect(holds(analysis, 0, 1)).toBe('ctx')
    expect([2, 3, 4].map((register) => holds(analysis, 4, register))).toEqual([
      'packet',
      'packet end',
      'packet+34',
    ])
    expect(holds(analysis, 5, 2)).toBe('packet (34 proven)')
    expect(holds(analysis, 7, 2)).toBe('packet')
  })

  test('a value that was looked up is null or not on either side of the test, wherever a copy of it is', () => {
    const analysis = analyseText(
      `
      *(u32 *)(r10 - 4) = 0
      r2 = r10
      r2 += -4
      r1 = map[counts] ll
      call 1
      r6 = r0
      *(u64 *)(r10 - 16) = r0
      if r0 == 0 goto none
      r7 = *(u64 *)(r10 - 16)
      exit
    none:
      exit`,
      { maps: [{ name: 'counts', type: 'array', keySize: 4, valueSize: 8 }] },
    )
    expect(holds(analysis, 4, 1)).toBe('map counts')
    expect(holds(analysis, 4, 2)).toBe('stack-4')
    expect(holds(analysis, 5, 0)).toBe('value of counts or null')
    expect(holds(analysis, 5, 1)).toBe('unset')
    expect(holds(analysis, 8, 6)).toBe('value of counts')
    expect(holds(analysis, 9, 7)).toBe('value of counts')
    expect(holds(analysis, 10, 6)).toBe('0')
    expect(analysis.stacks[0]).toEqual({
      depth: 16,
      objects: [
        { offset: -4, size: 4, kind: 'object', name: 'key of counts', uses: [0, 4] },
        { offset: -16, size: 8, kind: 'spill', name: '', uses: [6, 8] },
      ],
    })
  })

  test('an inner map, an object of the kernel, a function’s argument', () => {
    const analysis = analyseText(
      `
      *(u32 *)(r10 - 4) = 0
      r2 = r10
      r2 += -4
      r1 = map[rings] ll
      call 1
      if r0 == 0 goto out
      r1 = r0
      call bpf_ct_find
      call other
    out:
      r0 = 0
      exit
    other:
      r0 = 0
      exit`.replace('call bpf_ct_find', 'r1 = 5\n r2 = r10\n r0 = r1'),
      { maps: [{ name: 'rings', type: 'array_of_maps', keySize: 4, valueSize: 4 }] },
    )
    expect(holds(analysis, 5, 0)).toBe('map rings[…] or null')
    expect(holds(analysis, 6, 0)).toBe('map rings[…]')
    const callee = analysis.functions[1]?.start ?? 0
    expect(holds(analysis, callee, 1)).toBe('5')
  })

  test('a packet pointer is stale behind a call that may move the packet', () => {
    const analysis = analyseText(`
      r6 = *(u32 *)(r1 + 76)
      r2 = 0
      call 39
      exit`)
    expect(holds(analysis, 2, 6)).toBe('packet')
    expect(holds(analysis, 3, 6)).toBe('stale packet pointer')
  })

  test('a number’s width is followed', () => {
    const analysis = analyseText(`
      r2 = *(u8 *)(r10 - 1)
      w2 &= 15
      w2 <<= 2
      w3 = w2
      w3 += 14
      r4 = 300
      r4 *= 300
      exit`)
    expect([1, 2, 3, 5].map((index) => holds(analysis, index, 2))).toEqual(['u8', 'u4', 'u6', 'u6'])
    expect(holds(analysis, 5, 3)).toBe('u7')
    expect(holds(analysis, 7, 4)).toBe('0x15f90')
  })
})

describe('liveness', () => {
  const live = (analysis: Analysis, index: number): number[] =>
    Array.from({ length: 11 }, (_, register) => register).filter(
      (register) => ((analysis.liveness.before[index] ?? 0) & (1 << register)) !== 0,
    )

  test('a call reads the arguments that its callee takes', () => {
    const analysis = analyseText('r2 = 1\nr3 = 2\nr1 = r10\ncall 1\nexit')
    // bpf_map_lookup_elem has two parameters.
    expect(live(analysis, 3)).toEqual([1, 2])
    const local = analyseText('r2 = 1\nr3 = 2\ncall f\nexit\nf:\nr0 = r3\nexit')
    expect(live(local, 2)).toEqual([3])
    expect(live(local, 0)).toEqual([])
  })

  test('round a loop', () => {
    const analysis = analyseText('r6 = 3\nr7 = 0\nl:\nr7 += r6\nif r7 < 9 goto l\nr0 = r7\nexit')
    expect(live(analysis, 3)).toEqual([6, 7])
    expect(live(analysis, 4)).toEqual([7])
  })
})

/** Bytes out of a damaged object decode to programs without sense; they are analysed all the same. */
test('no instructions make the analysis fail', () => {
  const instruction = fc.record({
    opcode: fc.nat(255),
    dst: fc.nat(10),
    src: fc.nat(10),
    offset: fc.integer({ min: -6, max: 6 }),
    imm: fc.oneof(fc.integer({ min: -8, max: 250 }), fc.integer()),
  })
  fc.assert(
    fc.property(fc.array(instruction, { maxLength: 40 }), (instructions) => {
      expect(analyse({ instructions }).values).toHaveLength(instructions.length)
    }),
    { numRuns: 500 },
  )
})
