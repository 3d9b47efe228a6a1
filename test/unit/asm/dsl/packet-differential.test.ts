import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PassSelection } from '../../../../src/asm/ir/pipeline.ts'
import { passes } from '../../../../src/asm/ir/pipeline.ts'
import type { ProgramSpec } from '../../../../src/asm/program.ts'
import { runTc } from '../../../../src/asm/vm/run-tc.ts'
import { anyPacket, anyPacketProgram, buildPacketProgram, counts, results } from './random/packet-program.ts'

/** More with `RUNS=1000`. */
const runs = Number(process.env.RUNS ?? 60)

/** Everything that one can see of a run. */
function outcome(spec: ProgramSpec, packet: Uint8Array): unknown {
  const { verdict, packet: left, maps } = runTc(spec, packet)
  // A program that does not use a map does not have it.
  const has = (name: string): boolean => spec.maps.some((map) => map.name === name)
  return {
    verdict,
    left,
    result: has('results') ? maps.of(results).get({ index: 0 }) : undefined,
    counts: has('counts') ? [0, 1, 2, 3].map((index) => maps.of(counts).get({ index })) : undefined,
  }
}

const selections: readonly PassSelection[] = ['all', ...passes.map((pass) => [pass.name])]

describe('a random network program does the same with the passes', () => {
  for (const selection of selections)
    test(String(selection), () => {
      fc.assert(
        fc.property(
          anyPacketProgram,
          fc.array(anyPacket, { minLength: 3, maxLength: 3 }),
          (program, packets) => {
            const plain = buildPacketProgram(program, { passes: 'none' })
            const optimised = buildPacketProgram(program, { passes: selection })
            for (const packet of packets) expect(outcome(optimised, packet)).toEqual(outcome(plain, packet))
          },
        ),
        { numRuns: selection === 'all' ? runs : Math.ceil(runs / 4) },
      )
    }, 300_000)
})
