import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assemble } from '../../../../src/asm/assemble/assembler.ts'
import { branch, label, plain } from '../../../../src/asm/assemble/items.ts'
import { add64, mov64 } from '../../../../src/asm/isa/alu.ts'
import { callKfunc, callLocal } from '../../../../src/asm/isa/call.ts'
import { decode } from '../../../../src/asm/isa/decode.ts'
import { annotate } from '../../../../src/asm/isa/fields.ts'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { exit, ja, jeq64, jne32 } from '../../../../src/asm/isa/jump.ts'
import { loadMap } from '../../../../src/asm/isa/load-imm64.ts'
import { load } from '../../../../src/asm/isa/memory.ts'
import { r0, r1, r2 } from '../../../../src/asm/isa/registers.ts'
import { asmListing, hexListing, jsonListing } from '../../../../src/asm/text/listing.ts'
import { arbitraryInstruction } from '../isa/arbitrary-instruction.ts'

const at = (line: number, instruction: Instruction): Instruction =>
  annotate(instruction, { source: { file: '/src/lb.ts', line, column: 5 } })

const program = assemble([
  plain(at(10, loadMap(r1, 'services'))),
  plain(
    at(
      10,
      annotate(load(4, r2, r1, 0), {
        symbol: { kind: 'field', struct: 'nf_conn', path: 'mark', size: 4 },
        comment: 'which backend',
      }),
    ),
  ),
  branch(at(11, jne32(r2, 6)), 'out'),
  branch(callLocal(), 'sub'),
  plain(at(11, callKfunc('bpf_ct_release'))),
  branch(at(10, jeq64(r0, 0)), 'top'),
  label('top'),
  plain(at(12, mov64(r0, 1))),
  label('out'),
  plain(exit()),
  label('sub'),
  plain(exit()),
])

const source: Record<number, string> = { 10: '  const service = b.lookup(services, key)', 11: 'b.if(tcp)' }

describe('asmListing', () => {
  it('shows slots, labels, source lines and remarks', () => {
    const text = asmListing(program.instructions, {
      functions: [{ name: 'lb_ingress', start: 0 }],
      sourceLine: (file, line) => (file === '/src/lb.ts' ? source[line] : undefined),
    })
    expect(text).toBe(`lb_ingress:
; lb.ts:10  const service = b.lookup(services, key)
   0: r1 = map[services] ll
   2: r2 = *(u32 *)(r1 + 0)  ; nf_conn::mark, which backend
; lb.ts:11  b.if(tcp)
   3: if w2 != 6 goto L2
   4: call F1
   5: call bpf_ct_release
; lb.ts:10  const service = b.lookup(services, key)
   6: if r0 == 0 goto L1
L1:
; lb.ts:12
   7: r0 = 1
L2:
   8: exit
F1:
   9: exit
`)
  })

  it("takes the assembler's labels, and shows bytes", () => {
    const withoutSource = program.instructions.map(({ source: _, ...rest }): Instruction => rest)
    const text = asmListing(withoutSource, { labels: program.labels, bytes: true })
    expect(text).toBe(`   0: 18 11 00 00 00 00 00 00  r1 = map[services] ll
   1: 00 00 00 00 00 00 00 00
   2: 61 12 00 00 00 00 00 00  r2 = *(u32 *)(r1 + 0)  ; nf_conn::mark, which backend
   3: 56 02 04 00 06 00 00 00  if w2 != 6 goto out
   4: 85 10 00 00 04 00 00 00  call sub
   5: 85 20 00 00 00 00 00 00  call bpf_ct_release
   6: 15 00 00 00 00 00 00 00  if r0 == 0 goto top
top:
   7: b7 00 00 00 01 00 00 00  r0 = 1
out:
   8: 95 00 00 00 00 00 00 00  exit
sub:
   9: 95 00 00 00 00 00 00 00  exit
`)
  })

  it('shows the distance where there is no instruction to name', () => {
    expect(asmListing([ja(5), loadMap(r1, 'm'), ja(-2)])).toBe(
      `   0: goto +5\n   1: r1 = map[m] ll\n   3: goto -2\n`,
    )
    expect(asmListing([])).toBe('')
  })

  it('makes up no name that is taken', () => {
    const text = asmListing([ja(0), add64(r0, 1), exit()], { labels: new Map([['L1', 2]]) })
    expect(text).toBe('   0: goto L2\nL2:\n   1: r0 += 1\nL1:\n   2: exit\n')
  })

  it('has a line for each instruction, whatever the program', () => {
    fc.assert(
      fc.property(fc.array(arbitraryInstruction, { maxLength: 20 }), (instructions) => {
        const lines = asmListing(instructions).split('\n')
        expect(lines.filter((line) => /^ *\d+: \S/.test(line))).toHaveLength(instructions.length)
      }),
    )
  })
})

describe('hexListing', () => {
  it('is the encoding, an instruction a line', () => {
    expect(hexListing([loadMap(r1, 'm'), exit()])).toBe(
      '18110000000000000000000000000000\n9500000000000000\n',
    )
    expect(hexListing([load(4, r2, r1, 256)], 'big')).toBe('6121010000000000\n')
    fc.assert(
      fc.property(fc.array(arbitraryInstruction, { maxLength: 20 }), (instructions) => {
        const bytes = Buffer.from(hexListing(instructions).replaceAll('\n', ''), 'hex')
        expect(decode(bytes)).toEqual(instructions)
      }),
    )
  })
})

describe('jsonListing', () => {
  it('gives plain objects that survive JSON', () => {
    const listed = jsonListing(program.instructions)
    expect(JSON.parse(JSON.stringify(listed))).toEqual(listed)
    expect(listed[0]).toEqual({
      slot: 0,
      opcode: 0x18,
      dst: 1,
      src: 1,
      offset: 0,
      imm: 0,
      imm64: '0x0',
      text: 'r1 = map[services] ll',
      source: { file: '/src/lb.ts', line: 10, column: 5 },
      symbol: { kind: 'map', name: 'services' },
    })
    expect(listed[2]).toMatchObject({ slot: 3, target: 8, text: 'if w2 != 6 goto +4' })
    expect(listed.map((each) => each.slot)).toEqual([0, 2, 3, 4, 5, 6, 7, 8, 9])
  })
})
