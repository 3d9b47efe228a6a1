import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { decode } from '../../../src/asm/isa/decode.ts'
import { runInKernel } from '../../../src/loader/program/run-in-kernel.ts'
import { VerifierError } from '../../../src/loader/verifier/error.ts'
import { describe, test } from '../support/kernel-test.ts'

interface Vector {
  readonly name: string
  readonly memory: readonly string[]
  readonly result: string
  readonly bytes: string
  /** `pass`, or how Linux 6.18 refused it. */
  readonly kernel: string
}

const file = new URL('../../../../shared/conformance/bpf_conformance.json', import.meta.url)
const vectors = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Vector[]) : []

describe('BPF conformance suite in the kernel', () => {
  const here = vectors.length > 0
  const title = `the kernel agrees on all that it takes, and refuses the others${here ? '' : ' (the suite is not beside the repository)'}`
  test(title, { skip: !here }, () => {
    const wrong: string[] = []
    for (const vector of vectors) {
      const outcome = outcomeOf(vector)
      const expected = vector.kernel === 'pass' ? BigInt(vector.result) & 0xffff_ffffn : 'refused'
      if (outcome !== expected)
        wrong.push(`${vector.name}: ${outcome}, expected ${expected} (${vector.kernel})`)
    }
    expect(wrong).toEqual([])
  })
})

/** The low half of r0: what a packet program can return, and what the suite's results are about. */
function outcomeOf({ bytes, memory }: Vector): bigint | string {
  try {
    const { r0 } = runInKernel(decode(fromHex(bytes)), fromHex(memory.join('')))
    return r0 & 0xffff_ffffn
  } catch (error) {
    if (error instanceof VerifierError) return 'refused'
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.replace(/\s+/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
