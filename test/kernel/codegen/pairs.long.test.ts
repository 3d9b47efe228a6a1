import { expect } from 'vitest'
import type { BuiltProgram } from '../../../src/asm/dsl/program/program.ts'
import { TC_ACT_OK, TC_ACT_SHOT, tc } from '../../../src/asm/index.ts'
import type { ProgramSpec } from '../../../src/asm/program.ts'
import { test } from '../support/kernel-test.ts'

/** A program of the benchmark: see bench/codegen/harness/suite.js. */
interface Pair {
  readonly spec: BuiltProgram
  readonly inputs: readonly Uint8Array[]
}
interface Clang {
  readonly version: string
}
interface Outcome {
  readonly tried: number
  readonly difference: string | undefined
}

/** The benchmark is plain JavaScript, like all of bench/. */
const harness = async (file: string): Promise<unknown> =>
  import(new URL(`../../../bench/codegen/harness/${file}.js`, import.meta.url).href)

const { names, loadPair } = (await harness('suite')) as {
  names: readonly string[]
  loadPair: (name: string) => Promise<Pair>
}
const { findClang, halfInC } = (await harness('clang')) as {
  findClang: () => Clang | undefined
  halfInC: (clang: Clang, name: string, ours: ProgramSpec) => ProgramSpec
}
const { findDifference } = (await harness('compare')) as {
  findDifference: (pair: Pick<Pair, 'inputs'>, ours: ProgramSpec, theirs: ProgramSpec) => Outcome
}

const clang = findClang()
if (clang === undefined) console.warn('comparisons with C are skipped: there is no clang that makes BPF')

for (const name of names) {
  test(`${name}: the same with the optimiser as without it`, async () => {
    const pair = await loadPair(name)
    const { tried, difference } = findDifference(pair, pair.spec, pair.spec.rebuild({ passes: [] }))
    expect(difference).toBeUndefined()
    expect(tried).toBeGreaterThan(40)
  })

  const withClang = clang === undefined ? test.skip : test
  withClang(`${name}: the same in the DSL as in C`, async () => {
    const pair = await loadPair(name)
    if (clang === undefined) return
    const { tried, difference } = findDifference(pair, pair.spec, halfInC(clang, name, pair.spec))
    expect(difference).toBeUndefined()
    expect(tried).toBeGreaterThan(40)
  })
}

test('a pair that differs is told apart', () => {
  const answer = (verdict: number): ProgramSpec => tc('answer', (b) => b.return(verdict))
  const { difference } = findDifference(
    { inputs: [new Uint8Array(16)] },
    answer(TC_ACT_OK),
    answer(TC_ACT_SHOT),
  )
  expect(difference).toBe(
    `packet ${'00'.repeat(15)}\n  DSL: returns 0, packet ${'00'.repeat(15)}\n  C:   returns 2, packet ${'00'.repeat(15)}`,
  )
})
