import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AssembleOptions, assemble } from '../../../../src/asm/assemble/assembler.ts'
import { AssembleError, UnreachableCodeError } from '../../../../src/asm/assemble/errors.ts'
import { branch, type Item, label, plain } from '../../../../src/asm/assemble/items.ts'
import { add64, mov64 } from '../../../../src/asm/isa/alu.ts'
import { callLocal } from '../../../../src/asm/isa/call.ts'
import { annotate } from '../../../../src/asm/isa/fields.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { exit, gotol, ja, jeq64, jset32, jsgt32, mayGoto } from '../../../../src/asm/isa/jump.ts'
import { loadFunction, loadImm64 } from '../../../../src/asm/isa/load-imm64.ts'
import { r0, r1, r2 } from '../../../../src/asm/isa/registers.ts'
import { pseudoC } from '../../../../src/asm/text/pseudo-c.ts'

const nop = plain(add64(r0, 1))
const end = plain(exit())
const at = (line: number, instruction: Instruction): Instruction =>
  annotate(instruction, { source: { file: 'lb.ts', line, column: 1 } })

function texts(items: readonly Item[], options?: AssembleOptions): string[] {
  return assemble(items, options).instructions.map((instruction) => pseudoC(instruction))
}

function padding(count: number): Item[] {
  return Array.from({ length: count }, () => nop)
}

describe('assemble', () => {
  it('fills in distances forwards and backwards, counting ld_imm64 as two slots', () => {
    const items = [
      label('top'),
      plain(loadImm64(r1, 1n)),
      branch(jeq64(r0, r1), 'done'),
      plain(loadImm64(r1, 2n)),
      branch(ja(), 'top'),
      label('done'),
      end,
    ]
    expect(texts(items)).toEqual(['r1 = 0x1 ll', 'if r0 == r1 goto +3', 'r1 = 0x2 ll', 'goto -6', 'exit'])
  })

  it('fills in calls and addresses of functions, and says where functions and labels are', () => {
    const items = [
      branch(loadFunction(r2), 'callback'),
      branch(callLocal(), 'sub'),
      end,
      label('sub'),
      end,
      label('callback'),
      label('alias'),
      plain(mov64(r0, 0)),
      end,
      label('end'),
    ]
    const { instructions, labels, functions, unreachable } = assemble(items)
    expect(instructions.map((each) => pseudoC(each)).slice(0, 2)).toEqual([
      'r2 = subprog[+4] ll',
      'call pc+1',
    ])
    expect(functions).toEqual([0, 3, 4])
    expect([...labels]).toEqual([
      ['sub', 3],
      ['callback', 4],
      ['alias', 4],
      ['end', 6],
    ])
    expect(unreachable).toEqual([])
  })

  it('keeps everything else an instruction carries', () => {
    const jump = annotate(at(7, ja()), { comment: 'skip' })
    const { instructions } = assemble([branch(jump, 'out'), label('out'), end])
    expect(instructions[0]).toEqual({ ...jump, offset: 0 })
    expect(Object.isFrozen(instructions[0])).toBe(true)
  })

  it('reaches exactly 32767 slots with a 16-bit offset', () => {
    const program = (count: number): Item[] => [
      branch(jeq64(r0, 0), 'far'),
      ...padding(count),
      label('far'),
      end,
    ]
    expect(texts(program(32767))[0]).toBe('if r0 == 0 goto +32767')
    expect(texts(program(32768))[0]).toMatch(/goto \+28673$/)
    expect(texts(program(32768), { cpu: 4 })[0]).toBe('if r0 != 0 goto +1')
    const backwards = (count: number): Item[] => [
      label('top'),
      ...padding(count),
      branch(jeq64(r0, 0), 'top'),
      end,
    ]
    expect(texts(backwards(32767)).at(-2)).toBe('if r0 == 0 goto -32768')
    expect(texts(backwards(32768)).at(-2)).toMatch(/goto -286\d\d$/)
  })

  it('lengthens jumps with gotol on cpu 4, inverting the condition where it can', () => {
    const items = [
      branch(at(1, jsgt32(r0, 3)), 'far'),
      branch(at(2, jset32(r0, 4)), 'far'),
      branch(mayGoto(), 'far'),
      branch(jeq64(r0, 9), 'goes'),
      end,
      label('goes'),
      branch(ja(), 'far'),
      label('loop'),
      ...padding(40_000),
      label('far'),
      branch(jeq64(r0, 1), 'loop'),
      end,
    ]
    const { instructions, labels, unreachable } = assemble(items, { cpu: 4, unreachable: 'report' })
    expect(instructions.slice(0, 11).map((each) => pseudoC(each))).toEqual([
      'if w0 s<= 3 goto +1',
      'gotol +40009',
      'if w0 & 4 goto +1',
      'goto +1',
      'gotol +40006',
      'may_goto +1',
      'goto +1',
      'gotol +40003',
      'if r0 == 9 goto +1',
      'exit',
      'gotol +40000',
    ])
    expect(instructions.slice(-3).map((each) => pseudoC(each))).toEqual([
      'if r0 != 1 goto +1',
      'gotol -40002',
      'exit',
    ])
    expect(instructions.slice(0, 5).map((each) => each.source?.line)).toEqual([1, 1, 2, 2, 2])
    expect([...labels]).toEqual([
      ['goes', 10],
      ['loop', 11],
      ['far', 40_011],
    ])
    expect(unreachable).toEqual([])
  })

  it('lengthens a jump that only another lengthening pushed out of reach', () => {
    const items = [
      branch(jeq64(r0, 0), 'near'),
      branch(jeq64(r0, 1), 'far'),
      ...padding(32_766),
      label('near'),
      nop,
      nop,
      label('far'),
      end,
    ]
    expect(texts(items, { cpu: 4 }).slice(0, 4)).toEqual([
      'if r0 != 0 goto +1',
      'gotol +32768',
      'if r0 != 1 goto +1',
      'gotol +32768',
    ])
  })

  it('lets numeric distances mean the same instruction after lengthening', () => {
    const items = [plain(jeq64(r0, 0, 1)), branch(jeq64(r0, 1), 'far'), ...padding(40_000), label('far'), end]
    expect(texts(items, { cpu: 4 })[0]).toBe('if r0 == 0 goto +2')
  })

  it('sends every jump of a random program where its label is', () => {
    const step = fc.oneof(
      fc.constant(undefined),
      fc.record({ to: fc.nat(30), wide: fc.boolean(), conditional: fc.boolean() }),
    )
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        const items: Item[] = []
        steps.forEach((each, index) => {
          items.push(label(`l${index}`))
          if (each?.wide !== false) items.push(plain(loadImm64(r1, BigInt(index))))
          if (each === undefined) return
          items.push(branch(each.conditional ? jeq64(r0, index) : gotol(), `l${each.to % steps.length}`))
        })
        items.push(end)
        const { instructions, labels } = assemble(items, { unreachable: 'report' })
        const starts: number[] = []
        let slot = 0
        for (const each of instructions) {
          starts.push(slot)
          slot += each.opcode === 0x18 ? 2 : 1
        }
        const targets = instructions.flatMap((each, index) =>
          (each.opcode & 7) < 5 || each.opcode === 0x95
            ? []
            : [(starts[index] ?? 0) + 1 + (each.opcode === 0x06 ? each.imm : each.offset)],
        )
        const wanted = steps.flatMap((each) =>
          each === undefined ? [] : [starts[labels.get(`l${each.to % steps.length}`) ?? -1]],
        )
        expect(targets).toEqual(wanted)
      }),
    )
  })
})

describe('assemble refuses', () => {
  const cases: [string, readonly Item[], string, string, string][] = [
    [
      'a label placed twice',
      [label('a'), nop, label('a'), end],
      'ASSEMBLE_DUPLICATE_LABEL',
      'label "a" is placed twice: before item 0 and before item 2',
      'give one of them another name',
    ],
    [
      'an unknown label',
      [label('a'), branch(at(42, ja()), 'b'), end],
      'ASSEMBLE_UNKNOWN_LABEL',
      'the branch at item 1 goes to label "b", which is placed nowhere (lb.ts:42)',
      'labels of the program: "a"',
    ],
    [
      'a branch that is none',
      [branch(add64(r0, 1), 'a'), label('a'), end],
      'ASSEMBLE_BAD_BRANCH',
      'item 0 goes to label "a", but its instruction (opcode 0x7) is no branch',
      'a branch is a jump, callLocal() or loadFunction()',
    ],
    [
      'a numeric jump out of the program',
      [plain(ja(5)), end],
      'ASSEMBLE_BAD_BRANCH',
      'the branch at item 0 (distance 5) goes to slot 6, outside the program (slots 0 to 1)',
      'branch to a label: the assembler counts the slots',
    ],
    [
      'a numeric jump into an ld_imm64',
      [plain(jeq64(r0, 0, 1)), plain(loadImm64(r0, 1n)), end],
      'ASSEMBLE_BAD_BRANCH',
      'the branch at item 0 (distance 1) goes to slot 2, the second half of an ld_imm64',
      'branch to a label: the assembler counts the slots',
    ],
    [
      'a jump into another function',
      [branch(callLocal(), 'f'), branch(jeq64(r0, 0), 'inside'), end, label('f'), nop, label('inside'), end],
      'ASSEMBLE_BAD_BRANCH',
      'the jump at item 1 goes to "inside", in another function',
      'a function is entered with callLocal() only',
    ],
    [
      'an empty program',
      [label('a')],
      'ASSEMBLE_FALLS_OFF_END',
      'the program has no instructions',
      'end every function with exit or a jump',
    ],
    [
      'a program without an end',
      [nop, plain(at(9, jeq64(r0, 0, -1)))],
      'ASSEMBLE_FALLS_OFF_END',
      'control runs from item 1 off the end of the program (lb.ts:9)',
      'end every function with exit or a jump',
    ],
    [
      'a function that runs into the next',
      [branch(callLocal(), 'f'), nop, label('f'), end],
      'ASSEMBLE_FALLS_OFF_END',
      'control runs from item 1 into the function that begins at item 3',
      'end every function with exit or a jump',
    ],
    [
      'a jump to a label at the end',
      [branch(jeq64(r0, 1), 'z'), end, label('z')],
      'ASSEMBLE_FALLS_OFF_END',
      'the branch at item 0 goes to label "z", which has no instruction after it',
      'end every function with exit or a jump',
    ],
    [
      'unreachable code',
      [end, plain(at(3, add64(r0, 1))), nop, branch(ja(), 'x'), label('x'), end, nop, end],
      'ASSEMBLE_UNREACHABLE',
      'no path reaches items 1 to 3, 5 to 7 (lb.ts:3)',
      'remove them, or the jump or exit before them',
    ],
  ]
  it.each(cases)('%s', (_, items, code, message, hint) => {
    expect(() => assemble(items)).toThrow(AssembleError)
    expect(() => assemble(items)).toThrow(expect.objectContaining({ code, message, hint }))
  })

  it('unreachable code only when not asked to report it', () => {
    const items = [plain(mov64(r0, 0)), end, nop, end]
    expect(() => assemble(items)).toThrow(UnreachableCodeError)
    expect(assemble(items, { unreachable: 'report' }).unreachable).toEqual([2, 3])
  })
})
