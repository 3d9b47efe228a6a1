import fc from 'fast-check'
import { test } from 'vitest'
import { analyse } from '../../../../src/asm/analysis/analyse.ts'
import { effectsOf } from '../../../../src/asm/analysis/effects.ts'
import { describeValue, type RegisterValue } from '../../../../src/asm/analysis/register-value.ts'
import { Machine, type TraceEvent } from '../../../../src/asm/vm/machine.ts'
import { memorySize, randomProgram } from '../../../kernel/vm/random-program.ts'

/** Whether a register's contents in a run are among those that the analysis allows. */
function allows(value: RegisterValue, actual: bigint, frame: bigint): boolean {
  switch (value.kind) {
    case 'scalar':
      return value.constant === undefined ? actual >> BigInt(value.bits) === 0n : actual === value.constant
    case 'stack':
      return value.offset === undefined || actual === BigInt.asUintN(64, frame + BigInt(value.offset))
    default:
      return true
  }
}

/** Runs a random program; the analysis must have foreseen what happens. */
function foreseen(seed: number): void {
  const instructions = randomProgram(seed)
  const analysis = analyse({ instructions, type: 'syscall' })
  const events: TraceEvent[] = []
  const machine = new Machine(instructions, { trace: (event) => events.push(event) })
  machine.run((memory) => [memory.map('memory', new Uint8Array(memorySize)), memorySize])
  const needed = new Set<string>()
  for (const [step, { index, registers }] of events.entries()) {
    const state = analysis.values[index]
    for (const [register, actual] of registers.entries()) {
      const value = state?.get(register)
      if (value !== undefined && !allows(value, actual, registers[10] ?? 0n))
        throw new Error(
          `r${register} is 0x${actual.toString(16)} at ${index}, ${describeValue(value)} was foreseen`,
        )
    }
    // Every read, back to where the register was written: it was live all the way.
    const { reads } = effectsOf(instructions[index] as never, analysis.liveness.passed[index] ?? 0)
    for (let register = 0; register < 10; register++) {
      if ((reads & (1 << register)) === 0) continue
      for (let back = step; back >= 0; back--) {
        const at = events[back]?.index ?? 0
        const { writes } = effectsOf(instructions[at] as never, 0)
        if (back !== step && (writes & (1 << register)) !== 0) break
        if (needed.has(`${back} ${register}`)) break
        needed.add(`${back} ${register}`)
        if (((analysis.liveness.before[at] ?? 0) & (1 << register)) === 0)
          throw new Error(`r${register} is read at ${index} and not live at ${at}`)
      }
    }
  }
}

test('random programs do nothing that their analysis rules out', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => foreseen(seed)),
    { numRuns: 300 },
  )
})
