import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assemble } from '../../../../src/asm/assemble/assembler.ts'
import { type Item, plain } from '../../../../src/asm/assemble/items.ts'
import { branchKind, withBranchDistance } from '../../../../src/asm/isa/branch.ts'
import { callHelper, callKfunc } from '../../../../src/asm/isa/call.ts'
import { decode } from '../../../../src/asm/isa/decode.ts'
import { encode } from '../../../../src/asm/isa/encode.ts'
import { rawInstruction } from '../../../../src/asm/isa/fields.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { exit, ja } from '../../../../src/asm/isa/jump.ts'
import { loadMap, loadMapValue } from '../../../../src/asm/isa/load-imm64.ts'
import { loadImm64Opcode } from '../../../../src/asm/isa/opcodes.ts'
import { r1 } from '../../../../src/asm/isa/registers.ts'
import { mnemonic } from '../../../../src/asm/text/mnemonic.ts'
import { parse } from '../../../../src/asm/text/parse/parse.ts'
import { programText } from '../../../../src/asm/text/program-text.ts'
import { pseudoC } from '../../../../src/asm/text/pseudo-c.ts'
import { syntaxes } from '../../../../src/asm/text/syntax.ts'
import { arbitraryInstruction } from '../isa/arbitrary-instruction.ts'

function instructionsOf(items: readonly Item[]): Instruction[] {
  return items.flatMap((item) => (item.kind === 'label' ? [] : [item.instruction]))
}

/** Instructions of names as well, that a loader turns into numbers. */
const withSymbols = fc.oneof(
  { weight: 9, arbitrary: arbitraryInstruction },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      loadMap(r1, 'services'),
      loadMap(r1, '2nd.map'),
      loadMap(r1, '42'),
      loadMap(r1, 'r1'),
      loadMap(r1, 'fd'),
      loadMapValue(r1, 'idx', 0x7fff_ffff),
      callKfunc('bpf_skb_ct_lookup'),
      callKfunc('L1'),
      callKfunc('bpf_redirect'),
      callHelper(1, 'my_lookup'),
    ),
  },
)

/** Any bits that decode. */
const anyFields: fc.Arbitrary<Instruction> = fc
  .record({
    opcode: fc.integer({ min: 0, max: 255 }),
    dst: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 10 })),
    src: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 10 })),
    offset: fc.oneof(fc.constantFrom(0, 1, 8, 16, 32), fc.integer({ min: -0x8000, max: 0x7fff })),
    imm: fc.oneof(
      fc.constantFrom(0, 1, 16, 32, 64, 0xf1, 0x110, 300, -300),
      fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
    ),
    high: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff_ffff })),
  })
  .map(({ imm, high, ...fields }) =>
    fields.opcode === loadImm64Opcode
      ? rawInstruction({ ...fields, imm64: (BigInt(high) << 32n) | BigInt.asUintN(32, BigInt(imm)) })
      : rawInstruction({ ...fields, imm }),
  )

describe.each(syntaxes)('%s', (syntax) => {
  const print = syntax === 'mnemonic' ? mnemonic : pseudoC

  it('reads what it prints, instruction by instruction', () => {
    fc.assert(
      fc.property(arbitraryInstruction, (instruction) => {
        const [read] = instructionsOf(parse(print(instruction), { syntax }).items)
        const { source: _, ...bare } = read ?? instruction
        expect(bare).toEqual(instruction)
      }),
      { numRuns: 5000 },
    )
  })

  it('reads whole programs it prints, byte for byte, through labels', () => {
    fc.assert(
      fc.property(fc.array(withSymbols, { maxLength: 40 }), fc.nat(), (body, seed) => {
        const program = aimBranches([...body, exit()], seed)
        const text = programText(program, { syntax })
        const { items, syntax: detected } = parse(text, text.includes('r') ? {} : { syntax })
        if (body.length > 10) expect(detected).toBe(syntax)
        expect(encode(link(items))).toEqual(encode(program))
        expect(symbolsOf(instructionsOf(items))).toEqual(symbolsOf(program))
      }),
      { numRuns: 500 },
    )
  })

  it('reads any bits it prints', () => {
    fc.assert(
      fc.property(anyFields, (instruction) => {
        const text = programText([instruction], { syntax })
        expect(encode(link(parse(text, { syntax }).items))).toEqual(encode([instruction]))
      }),
      { numRuns: 5000 },
    )
  })

  it('prints one text for one program', () => {
    fc.assert(
      fc.property(fc.array(arbitraryInstruction, { maxLength: 20 }), fc.nat(), (body, seed) => {
        const text = programText(aimBranches([...body, exit()], seed), { syntax })
        expect(programText(link(parse(text, { syntax }).items), { syntax })).toBe(text)
      }),
      { numRuns: 200 },
    )
  })

  it('finds its way round names that mean something else', () => {
    const program = decode(encode([...Array.from({ length: 7 }, () => ja(0)), exit()]))
    const labels = new Map(
      ['r1', 'a b', 'exit', 'goto', 'L2', 'ok', '9'].map((name, index) => [name, index + 1]),
    )
    const text = programText(program, { syntax, labels })
    expect(text.match(/^\S+(?=:)/gm)).toEqual(['L1', 'L3', 'L4', 'L5', 'L2', 'ok', 'L6'])
    expect(encode(link(parse(text, { syntax }).items))).toEqual(encode(program))
  })
})

/** Points every branch somewhere into the program, mostly. */
function aimBranches(program: readonly Instruction[], seed: number): Instruction[] {
  const slots: number[] = []
  let slot = 0
  for (const each of program) {
    slots.push(slot)
    slot += each.opcode === loadImm64Opcode ? 2 : 1
  }
  return program.map((each, index) => {
    if (branchKind(each) === undefined || (seed + index) % 7 === 0) return each
    const to = slots[(seed + index * 31) % program.length] ?? 0
    return withBranchDistance(each, to - (slots[index] ?? 0) - 1)
  })
}

/** Fills in labels only: random programs have not the shape that `assemble` asks for. */
function link(items: readonly Item[]): Instruction[] {
  const places = new Map<string, number>()
  const slots: number[] = []
  let slot = 0
  for (const item of items) {
    slots.push(slot)
    if (item.kind === 'label') places.set(item.name, slot)
    else slot += item.instruction.opcode === loadImm64Opcode ? 2 : 1
  }
  return items.flatMap((item, index) => {
    if (item.kind === 'label') return []
    if (item.kind === 'instruction') return [item.instruction]
    const to = places.get(item.target)
    if (to === undefined) throw new Error(`no label ${item.target}`)
    return [withBranchDistance(item.instruction, to - (slots[index] ?? 0) - 1)]
  })
}

/** Names that only a loader can turn into numbers. */
function symbolsOf(instructions: readonly Instruction[]): (Instruction['symbol'] | undefined)[] {
  return instructions.map(({ symbol }) => (symbol?.kind === 'helper' ? undefined : symbol))
}

it('what is printed also assembles', () => {
  const { instructions } = assemble([plain(ja(0)), plain(exit())])
  for (const syntax of syntaxes) {
    const again = assemble(parse(programText(instructions, { syntax })).items, { cpu: 4 })
    expect(encode(again.instructions)).toEqual(encode(instructions))
  }
})
