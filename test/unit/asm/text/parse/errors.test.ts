import { describe, expect, it } from 'vitest'
import { assemble } from '../../../../../src/asm/assemble/assembler.ts'
import { ParseError } from '../../../../../src/asm/text/parse/errors.ts'
import { parse } from '../../../../../src/asm/text/parse/parse.ts'

function failure(text: string): ParseError {
  try {
    parse(text, { file: 'lb.s' })
  } catch (error) {
    if (error instanceof ParseError) return error
    throw error
  }
  throw new Error(`no error in ${text}`)
}

describe('parse errors', () => {
  it.each([
    ['r0 = r11', '1:6: expected a register r0 to r10, got "r11"', '^^^'],
    ['r0 = nothing', '1:13: expected "ll", got the end of the line', '^'],
    ['r11 = 0', '1:1: expected an instruction, got "r11"', '^^^'],
    ['r0 = 0 0', '1:8: expected the end of the line, got "0"', '^'],
    ['r0 = 2147483648', '1:6: imm must be -2147483648 to 2147483647, got 2147483648: a 64-bit', '^^^^^^^^^^'],
    ['w0 = 4294967296', '1:6: imm must be -2147483648 to 4294967295', '^^^^^^^^^^'],
    ['w0 += r1', '1:7: expected a register w0 to w10, as wide as w0, got "r1"', '^^'],
    ['r0 = *(u32 *)(r1 + 40000)', '1:18: offset must be -32768 to 32767, got 40000', '^^^^^^^'],
    ['r0 = *(u24 *)(r1 + 4)', '1:8: expected a type: u8, u16, u32, u64, s8, s16 or s32, got "u24"', '^^^'],
    ['w0 = *(u64 *)(r1 + 4)', '1:1: w0 cannot hold it', '^^^^^^^^^^'],
    ['*(u8 *)(r1 + 0) = 256', '1:19: a stored u8 must be -128 to 255, got 256', '^^^'],
    ['if r1 = 3 goto +1', '1:7: expected a comparison', '^'],
    ['if r1 == 3 goto 4', '1:17: expected a label, or a distance such as +2, got "4"', '^'],
    ['goto +40000\nexit', '1:6: distance must be -32768 to 32767', '^^^^^^'],
    ['r1 = -r2', '1:7: expected the register that is assigned to, r1, got "r2"', '^^'],
    ['r1 = 0x10000000000000000 ll', '1:6: the value must be -2^63 to 2^64-1', '^^^'],
    ['r1 = atomic_fetch_add((u16 *)(r2 + 0), r1)', '1:23: expected (u32 *) or (u64 *)', '^'],
    ['r1 = xchg_64(r2 + 0, r3)', '1:22: expected the register that is assigned to (r1), got "r3"', '^^'],
    ['r1 @ 2', '1:4: expected "=" or an operator such as "+=", got "@"', '^'],
    ['goto nowhere\nhere:\nexit', '1:6: there is no label "nowhere": there are here', '^^^^^^^'],
    ['a: r0 = 0\na: exit', '2:1: label "a" is already on line 1', '^'],
    ['r5: exit', '1:1: a label cannot be called "r5"', '^^'],
    ['  mov %r0, 4294967296', '1:12: imm must be -2147483648 to 4294967295', '^^^^^^^^^^'],
    ['ldxw %r0, %r1', '1:11: expected "[", got "%r1"', '^^^'],
    ['ldxw %r0, [%r1+4', '1:17: expected "]", got the end of the line', '^'],
    ['lock mul [%r1], %r2', '1:6: expected add, or, and, xor, xchg, cmpxchg or fetch, got "mul"', '^^^'],
    ['call helper bpf_nothing', '1:13: expected a helper’s number or name', '^^^'],
    ['add %r0, 1\nfrob %r0', '2:1: expected an instruction, got "frob"', '^^^^'],
    ['<opcode 256>', '1:9: opcode must be 0 to 255, got 256', '^^^'],
  ])('%s', (text, message, carets) => {
    const error = failure(text)
    expect(error.message.slice('lb.s:'.length)).toMatch(new RegExp(`^${escaped(message)}`))
    expect(error.details).toContain(carets)
    expect(error.code).toBe('PARSE')
  })

  it('shows the line with carets under what is wrong', () => {
    const error = failure('  r0 = 0\n\tr1 = *(u32 *)(r1 + 99999)   ; too far\n  exit')
    expect(error.source).toEqual({ file: 'lb.s', line: 2, column: 19 })
    expect(error.details).toBe(
      [' 2 | \tr1 = *(u32 *)(r1 + 99999)   ; too far', `   | \t${' '.repeat(17)}^^^^^^^`].join('\n'),
    )
  })

  it('shows only a part of a very long line', () => {
    const error = failure(`r0 = 0 ; ${'x'.repeat(500)}\n${' '.repeat(200)}r0 = ${'9'.repeat(300)}`)
    expect(error.source.column).toBe(206)
    const [line = '', carets = ''] = error.details.split('\n')
    expect(line).toHaveLength(' 2 | '.length + 122)
    expect(line.slice(carets.indexOf('^'))).toMatch(/^9+…$/)
    expect(line[carets.indexOf('^') - 1]).toBe(' ')
    expect(failure('q'.repeat(100_000)).message.length).toBeLessThan(150)
    expect(failure('q'.repeat(100_000)).details.length).toBeLessThan(300)
  })

  it('reports every line at fault, in order', () => {
    const error = failure('goto gone\nr1 == 2\nr0 = 0\nw1 = r1\nexit')
    expect(error.problems.map(({ source }) => source.line)).toEqual([1, 2, 4])
    expect(error.message).toMatch(/\(and 2 more\)$/)
    expect(error.details).toMatch(/lb\.s:4:6: expected/)
  })
})

describe('parse', () => {
  it('takes labels, comments and slot numbers as they come', () => {
    const text = `
      # pseudo-C, as people and disassemblers write it
      entry: r6 = r1           // the context
        0:   r1 = map[services] ll   ; by name
        2:   call bpf_map_lookup_elem
      .Lnull: again: if r0 == 0 goto .Lout
             call f
             call bpf_skb_ct_lookup
             call unknown#9999#a helper of the future
    `
    const { items, syntax } = parse(`${text}\n .Lout: exit\nf: w0 = w1\nexit`)
    expect(syntax).toBe('pseudo-c')
    const { instructions, labels, functions } = assemble(items)
    expect(instructions.map(({ symbol }) => symbol)).toEqual([
      undefined,
      { kind: 'map', name: 'services' },
      undefined,
      undefined,
      undefined,
      { kind: 'kfunc', name: 'bpf_skb_ct_lookup' },
      ...[undefined, undefined, undefined, undefined],
    ])
    expect(instructions[2]).toMatchObject({ imm: 1, src: 0 })
    expect(instructions[4]).toMatchObject({ imm: 3, src: 1 })
    expect(functions).toEqual([0, 8])
    expect(labels.get('.Lout')).toBe(7)
    expect(labels.get('again')).toBe(3)
  })

  it('gives each instruction its line and column', () => {
    const { items } = parse('a: b:\n  mov %r0, 1 ; one\n\n c: exit', { file: 'p.s' })
    const places = items.map((item) => (item.kind === 'label' ? item.source : item.instruction.source))
    expect(places.map((place) => [place?.file, place?.line, place?.column])).toEqual([
      ['p.s', 1, 1],
      ['p.s', 1, 4],
      ['p.s', 2, 3],
      ['p.s', 4, 2],
      ['p.s', 4, 5],
    ])
  })

  it.each([
    ['exit', 'pseudo-c'],
    ['; nothing\nexit\nmov %r0, 1', 'mnemonic'],
    ['exit\nr0 = 1', 'pseudo-c'],
    ['call helper 5', 'mnemonic'],
    ['call local f\nf: exit', 'mnemonic'],
    ['lock xor [%r1], %r2', 'mnemonic'],
    ['lock *(u32 *)(r1 + 0) += w2', 'pseudo-c'],
    ['if r0 == 0 goto +1', 'pseudo-c'],
    ['L: neg %r0', 'mnemonic'],
  ])('finds out the syntax of %j', (text, syntax) => {
    expect(parse(text).syntax).toBe(syntax)
  })

  it('reads what llvm-objdump and gas write', () => {
    const pairs = [
      ['r1 = *(u8 *)(r10 - 0x8)', 'r1 = *(u8 *)(r10 + -8)'],
      ['w2 = *(u32 *)(r1 + 0x4)', 'r2 = *(u32 *)(r1 + 4)'],
      ['*(u16 *)(r1 + 0x4) = w3', '*(u16 *)(r1 + 4) = r3'],
      ['call 0x5', 'call bpf_ktime_get_ns'],
      ['r1 = 0xffff ll', 'r1 = 65535 ll'],
    ]
    for (const [a = '', b = ''] of pairs) {
      const [one, other] = [a, b].map((text) => {
        const [item] = parse(text).items
        return item?.kind === 'instruction' ? { ...item.instruction, source: undefined } : undefined
      })
      expect(one).toEqual(other)
    }
  })

  it('takes 32-bit patterns for immediates in mnemonics only', () => {
    expect(parse('mov %r0, 0xffffffff').items[0]).toMatchObject({ instruction: { imm: -1 } })
    expect(() => parse('r0 = 0xffffffff')).toThrow(/load the constant with/)
  })

  it('lets exit be a target in mnemonics', () => {
    const { items } = parse('jeq %r1, 0, exit\nmov %r0, 1\nexit\nmov %r0, 2\nja exit')
    const { instructions } = assemble(items, { unreachable: 'report' })
    expect(instructions.map(({ offset }) => offset)).toEqual([1, 0, 0, 0, -3])
  })
})

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
