import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { assemble } from '../../../../src/asm/assemble/assembler.ts'
import { decode } from '../../../../src/asm/isa/decode.ts'
import { encode } from '../../../../src/asm/isa/encode.ts'
import { parse } from '../../../../src/asm/text/parse/parse.ts'
import { programText } from '../../../../src/asm/text/program-text.ts'
import { syntaxes } from '../../../../src/asm/text/syntax.ts'

/** One program of the public BPF conformance suite. */
interface Vector {
  readonly name: string
  readonly asm: readonly string[]
  readonly bytes: string
}

const file = new URL('../../../../../shared/conformance/bpf_conformance.json', import.meta.url)

describe.skipIf(!existsSync(file))('BPF conformance suite (skipped where its file is absent)', () => {
  const vectors = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Vector[]) : []

  test('has programs', () => {
    expect(vectors.length).toBeGreaterThan(200)
  })

  test.each(vectors.map(({ name, asm, bytes }) => [name, asm, bytes] as const))('%s', (name, asm, bytes) => {
    const { items, syntax } = parse(asm.join('\n'), { file: name })
    if (asm.some((line) => line !== 'exit')) expect(syntax).toBe('mnemonic')
    const { instructions } = assemble(items, { cpu: 4, unreachable: 'report' })
    expect(hex(encode(instructions))).toBe(bytes)
    for (const each of syntaxes) {
      const text = programText(decode(encode(instructions)), { syntax: each })
      expect(text).not.toContain('<opcode')
      const again = assemble(parse(text).items, { cpu: 4, unreachable: 'report' })
      expect(hex(encode(again.instructions))).toBe(bytes)
    }
  })
})

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
