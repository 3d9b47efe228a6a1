import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { VerifierError } from '../../../../src/loader/verifier/error.ts'
import { excerpt } from '../../../../src/loader/verifier/excerpt.ts'

const text = ['const a = 1', 'const b = 2', '\tuse(a, b)', 'return b', 'end()']
const line = (_: string, number: number) => text[number - 1]

describe('an excerpt', () => {
  it('shows the lines around and a caret', () => {
    expect(excerpt({ file: '/p/lb.ts', line: 2, column: 7 }, line, 'why', '/p')).toBe(
      [
        'lb.ts:2:7',
        '  1 | const a = 1',
        '> 2 | const b = 2',
        '    |       ^ why',
        '  3 | \tuse(a, b)',
        '  4 | return b',
      ].join('\n'),
    )
  })

  it('keeps the caret in place behind tabs', () => {
    expect(excerpt({ file: 'lb.ts', line: 3, column: 6 }, line)).toContain('    | \t    ^')
  })

  it('aligns line numbers of different length', () => {
    const long = (_: string, number: number) => `line ${number}`
    expect(excerpt({ file: 'lb.ts', line: 9, column: 1 }, long)).toContain(
      '>  9 | line 9\n     | ^\n  10 | line 10',
    )
  })

  it('names the place where the text cannot be had', () => {
    const none = () => undefined
    expect(excerpt({ file: '/q/lb.ts', line: 2, column: 7 }, none, 'why', '/p')).toBe('/q/lb.ts:2:7\n  why')
    expect(excerpt({ file: 'lb.ts', line: 2, column: 7 }, none)).toBe('lb.ts:2:7')
  })
})

describe('a verifier error', () => {
  const plain = { opcode: 0xb7, dst: 0, src: 0, offset: 0, imm: 0 }
  const wide = { ...plain, opcode: 0x18, imm64: 0n }
  const at = (number: number) => ({ source: { file: '/p/lb.ts', line: number, column: 1 } })
  const program = (instructions: readonly Instruction[]) => ({
    name: 'p',
    instructions,
    line,
    directory: '/p',
  })
  const rejected = (slot: number) =>
    `0: R1=ctx()\n${slot}: (bf) r0 = r4\nR4 !read_ok\nprocessed 1 insns (limit 1)\n`

  it('counts slots, not instructions', () => {
    const instructions = [
      { ...wide, ...at(1) },
      { ...wide, ...at(2) },
      { ...plain, ...at(4) },
    ]
    for (const [slot, index, number] of [
      [0, 0, 1],
      [2, 1, 2],
      [3, 1, 2],
      [4, 2, 4],
    ] as const) {
      const error = new VerifierError(program(instructions), rejected(slot), 13)
      expect(error).toMatchObject({ instruction: index, position: { line: number }, errno: 13 })
    }
  })

  it('takes an instruction without a position for part of the statement before', () => {
    const error = new VerifierError(program([{ ...plain, ...at(2) }, plain]), rejected(1), 13)
    expect(error.details).toContain('> 2 | const b = 2\n    | ^ r4 has no value')
  })

  it('falls back on the remarks of the log', () => {
    const log = '; x() @ lb.ts:7\n0: (bf) r0 = r4\nR4 !read_ok\n'
    const error = new VerifierError(program([plain]), log, 13)
    expect(error.position).toBeUndefined()
    expect(error.details).toBe('lb.ts:7\n> x()\n  ^ R4 !read_ok')
    expect(error.log).toBe(log)
  })

  it('shows further lines of the reason and where a reference came from', () => {
    const log = readFileSync(new URL('logs/leaked-reference.golden', import.meta.url), 'utf8')
    const instructions = Array.from({ length: 13 }, (_, index) => ({ ...plain, ...at(index < 11 ? 2 : 4) }))
    const error = new VerifierError(program(instructions), log, 22)
    expect(error.message).toBe('program "p" was rejected: Unreleased reference id=2 alloc_insn=10')
    expect(error.code).toBe('VERIFIER')
    expect(error.hint).toMatch(/released on every path/)
    expect(error.details).toMatch(/^lb\.ts:4:1\n/)
    expect(error.details).toMatch(/\nlb\.ts:2:1\n[\s\S]*\^ the reference was acquired here/)
    expect(error.details).toMatch(/BPF_EXIT instruction in main prog would lead to reference leak$/)
  })

  it('tells all in its stack, which is what is printed where nobody catches it', () => {
    const error = new VerifierError(program([{ ...plain, ...at(2) }]), rejected(0), 13)
    expect(error.stack).toMatch(
      /^VerifierError: program "p" was rejected: R4 !read_ok\n\nlb\.ts:2:1\n[\s\S]*\n\nHint: The register is read [^\n]*\n\n {4}at /,
    )
    expect(Object.keys(error)).not.toContain('log')
  })

  it('says so when the log gives no reason', () => {
    const error = new VerifierError(program([plain]), 'processed 0 insns (limit 1)\n', 22)
    expect(error.message).toBe('program "p" was rejected: the verifier gives no reason')
    expect(error.details).toBe('')
  })
})
