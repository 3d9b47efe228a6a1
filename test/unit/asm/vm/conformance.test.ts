import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decode } from '../../../../src/asm/isa/decode.ts'
import { Machine } from '../../../../src/asm/vm/machine.ts'

/** One program of the public BPF conformance suite. */
interface Vector {
  readonly name: string
  /** Bytes in hex that r1 points at, r2 their length; empty: none. */
  readonly memory: readonly string[]
  readonly result: string
  readonly bytes: string
}

const file = new URL('../../../../../shared/conformance/bpf_conformance.json', import.meta.url)

describe.skipIf(!existsSync(file))('BPF conformance suite (skipped where its file is absent)', () => {
  const vectors = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Vector[]) : []

  test('has programs', () => {
    expect(vectors.length).toBeGreaterThan(200)
  })

  for (const vector of vectors)
    test(vector.name, () => {
      const instructions = decode(fromHex(vector.bytes))
      // The suite's runners have a helper 5 that ends a program early when it returns 0; one vector calls it.
      const machine = new Machine(instructions, { name: vector.name, helpers: { 5: () => 1 } })
      const memory = fromHex(vector.memory.join(''))
      const result = machine.run((space) =>
        memory.byteLength === 0 ? [0, 0] : [space.map('memory', memory), memory.byteLength],
      )
      expect(`0x${result.toString(16)}`).toBe(`0x${BigInt(vector.result).toString(16)}`)
    })
})

function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '')
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
