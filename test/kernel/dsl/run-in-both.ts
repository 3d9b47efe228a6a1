import { expect } from 'vitest'
import type { ProgramOptions } from '../../../src/asm/dsl/program/program.ts'
import { BpfMap } from '../../../src/loader/bpf/map.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import type { Write } from '../../unit/asm/dsl/build-failure.ts'
import { type InputValues, inputBytes, program } from '../../unit/asm/dsl/compile-and-run.ts'

/** A program in the interpreter and in the kernel. */
export interface InBoth {
  /** Names of its functions, the entry first. */
  readonly functions: readonly string[]
  /** Runs it in both. @returns the low 32 bits of r0, which must be the same */
  run(values?: InputValues, packet?: Uint8Array): number
}

/** Builds a small program, loads it, and hands it to `use`; with and without the optimisations. */
export function inBoth(write: Write, use: (both: InBoth) => void, options: ProgramOptions = {}): void {
  for (const passes of ['all', 'none'] as const) {
    const { spec, run } = program(write, { ...options, passes })
    const maps = spec.maps.map((map) => BpfMap.create(map))
    try {
      using loaded = loadProgram(spec, { maps })
      use({
        functions: spec.functions.map(({ name }) => name),
        run: (values = {}, packet = new Uint8Array(64)) => {
          const input = maps.find((map) => map.spec.name === 'input')
          input?.set(new Uint8Array(4), inputBytes(values))
          const { retval } = loaded.testRun(packet)
          const interpreted = Number(BigInt.asUintN(32, run(values, {}, packet)))
          expect(retval, `kernel and interpreter, passes: ${passes}`).toBe(interpreted)
          return retval
        },
      })
    } finally {
      for (const map of maps) map.close()
    }
  }
}
