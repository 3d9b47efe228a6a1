import { expect } from 'vitest'
import { programText } from '../../../src/asm/text/program-text.ts'
import { Machine } from '../../../src/asm/vm/machine.ts'
import { runInKernel } from '../../../src/loader/program/run-in-kernel.ts'
import { describe, test } from '../support/kernel-test.ts'
import { memorySize, numbers, randomProgram } from './random-program.ts'

/** Programs; each is verified, compiled and run by the kernel. TSBPF_PROGRAMS asks for another number. */
const count = Number(process.env.TSBPF_PROGRAMS ?? 10_000)
/** Every run tests other programs; a failure names the seed, and TSBPF_SEED repeats it. */
const firstSeed = Number(process.env.TSBPF_SEED ?? Date.now() % 1_000_000_000)

describe('interpreter and kernel', () => {
  test(`agree on r0 and memory of ${count} random programs`, { timeout: 600_000 }, () => {
    for (let seed = firstSeed; seed < firstSeed + count; seed++) {
      const program = randomProgram(seed)
      const pick = numbers(seed ^ 0x5eed)
      const memory = Uint8Array.from({ length: memorySize }, () => pick(256))
      const interpreted = memory.slice()
      const r0 = new Machine(program).run((space) => [space.map('memory', interpreted), memorySize])
      const kernel = runInKernel(program, memory)
      if (kernel.r0 === r0 && Buffer.compare(kernel.memory, interpreted) === 0) continue
      expect({ seed, r0: kernel.r0, memory: kernel.memory }, programText(program)).toEqual({
        seed,
        r0,
        memory: interpreted,
      })
    }
  })
})
