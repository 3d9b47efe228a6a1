import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Assembled, assemble } from '../../../../src/asm/assemble/assembler.ts'
import { branch, type Item, label, plain } from '../../../../src/asm/assemble/items.ts'
import { add64, mov64 } from '../../../../src/asm/isa/alu.ts'
import { branchDistance } from '../../../../src/asm/isa/branch.ts'
import { slotCount } from '../../../../src/asm/isa/encode.ts'
import { annotate } from '../../../../src/asm/isa/fields.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { exit, gotol, ja, jeq64 } from '../../../../src/asm/isa/jump.ts'
import { loadImm64 } from '../../../../src/asm/isa/load-imm64.ts'
import { r0, r1 } from '../../../../src/asm/isa/registers.ts'
import { pseudoC } from '../../../../src/asm/text/pseudo-c.ts'

const nop = plain(add64(r0, 1))
const end = plain(exit())

function padding(count: number): Item[] {
  return Array.from({ length: count }, () => nop)
}

describe('trampolines', () => {
  it('stand after an exit where there is one', () => {
    const items = [
      branch(annotate(jeq64(r0, 7), { source: { file: 'a.s', line: 3, column: 1 } }), 'far'),
      branch(jeq64(r0, 8), 'near'),
      ...padding(20_000),
      end,
      label('near'),
      ...padding(20_000),
      label('far'),
      end,
    ]
    const { instructions, labels, unreachable } = assemble(items, { cpu: 3 })
    expect(pseudoC(at(instructions, 0))).toBe('if r0 == 7 goto +20002')
    expect(pseudoC(at(instructions, 20_002))).toBe('exit')
    expect(pseudoC(at(instructions, 20_003))).toBe('goto +20000')
    expect(at(instructions, 20_003).source?.line).toBe(3)
    expect(labels.get('near')).toBe(20_004)
    expect(instructions).toHaveLength(40_005)
    expect(unreachable).toEqual([])
  })

  it('are jumped around where control comes by', () => {
    const items = [branch(jeq64(r0, 7), 'far'), ...padding(40_000), label('far'), end]
    const { instructions } = assemble(items)
    expect(pseudoC(at(instructions, 0))).toBe('if r0 == 7 goto +28673')
    expect(pseudoC(at(instructions, 28_673))).toBe('goto +1')
    expect(pseudoC(at(instructions, 28_674))).toBe('goto +11328')
    expect(instructions).toHaveLength(40_004)
  })

  it('are shared by the jumps to one target', () => {
    const jumps = Array.from({ length: 50 }, (_, index) => branch(jeq64(r0, index), 'far'))
    const { instructions } = assemble([...jumps, ...padding(100_000), label('far'), end])
    expect(instructions.length - 100_051).toBe(2 * 3)
  })

  it('replace gotol on older CPUs', () => {
    const items = [
      branch(gotol(), 'far'),
      label('top'),
      ...padding(70_000),
      end,
      label('far'),
      nop,
      branch(gotol(), 'top'),
    ]
    const { instructions } = assemble(items, { cpu: 3 })
    expect(instructions.some(({ opcode }) => opcode === 0x06)).toBe(false)
    expect(destinations(instructions, [0, instructions.length - 1])).toEqual([instructions.length - 2, 1])
  })

  it('are refused when there is no room for them', () => {
    const jumps = Array.from({ length: 40_000 }, (_, index) => branch(jeq64(r0, index), `l${index}`))
    const targets = jumps.flatMap((_, index) => [label(`l${index}`), nop, end])
    expect(() => assemble([...jumps, end, ...targets])).toThrow(
      expect.objectContaining({
        code: 'ASSEMBLE_BRANCH_RANGE',
        message: expect.stringMatching(/no room for/),
      }),
    )
  })

  it('lead every jump of a random long program where its label is', () => {
    const block = fc.record({
      to: fc.nat(19),
      padding: fc.integer({ min: 0, max: 12_000 }),
      kind: fc.constantFrom('if', 'goto', 'exit', 'wide'),
    })
    fc.assert(
      fc.property(fc.array(block, { minLength: 2, maxLength: 20 }), (blocks) => {
        const items: Item[] = []
        blocks.forEach((each, index) => {
          items.push(label(`l${index}`), plain(mov64(r1, index)), ...padding(each.padding))
          if (each.kind === 'wide') items.push(plain(loadImm64(r1, 1n)))
          if (each.kind === 'exit') items.push(end)
          else
            items.push(branch(each.kind === 'goto' ? ja() : jeq64(r0, index), `l${each.to % blocks.length}`))
        })
        items.push(end)
        const { instructions, labels, unreachable } = assemble(items, { cpu: 3, unreachable: 'report' })
        const jumps: number[] = []
        const wanted: (number | undefined)[] = []
        blocks.forEach((each, index) => {
          if (each.kind === 'exit') return
          // The marker is followed by the padding, with trampolines inserted, and the jump with its number.
          const wide = each.kind === 'wide' ? 1 : 0
          jumps.push(jumpOfBlock(instructions, labels.get(`l${index}`) ?? -1, each.padding + wide))
          wanted.push(labels.get(`l${each.to % blocks.length}`))
        })
        expect(destinations(instructions, jumps)).toEqual(wanted)
        for (const index of unreachable) expect(instructions[index]).toBeDefined()
      }),
      { numRuns: 8 },
    )
  }, 60_000)
})

function at(instructions: Assembled['instructions'], index: number): Instruction {
  const found = instructions[index]
  if (found === undefined) throw new Error(`no instruction ${index}`)
  return found
}

/** Where control ends up when a jump is taken, trampolines followed. */
function destinations(instructions: readonly Instruction[], jumps: readonly number[]): number[] {
  const slots: number[] = []
  const indexOf = new Map<number, number>()
  let slot = 0
  instructions.forEach((each, index) => {
    slots.push(slot)
    indexOf.set(slot, index)
    slot += slotCount(each)
  })
  const follow = (index: number): number =>
    indexOf.get((slots[index] ?? 0) + 1 + (branchDistance(at(instructions, index)) ?? 0)) ?? -1
  return jumps.map((jump) => {
    let index = follow(jump)
    while (at(instructions, index).opcode === 0x05) index = follow(index)
    return index
  })
}

/** Index of the first jump after `count` instructions that are not jumps, those after the marker at `start`. */
function jumpOfBlock(instructions: readonly Instruction[], start: number, count: number): number {
  let left = count
  let index = start + 1
  for (; ; index++) {
    const { opcode } = at(instructions, index)
    if (opcode === 0x07 || opcode === 0x18) left--
    else if (left === 0) return index
  }
}
