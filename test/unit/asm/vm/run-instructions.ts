import type { Instruction } from '../../../../src/asm/isa/instruction.ts'
import { pseudoC } from '../../../../src/asm/text/pseudo-c.ts'
import { VmError } from '../../../../src/asm/vm/errors.ts'
import { Machine, type MachineOptions } from '../../../../src/asm/vm/machine.ts'

/** Runs instructions with r1 pointing at `bytes`. */
export function run(
  body: readonly Instruction[],
  bytes = new Uint8Array(16),
  options: MachineOptions = {},
): bigint {
  return new Machine(body, options).run((memory) => [memory.map('the input', bytes), bytes.byteLength])
}

/** How errors begin that are about the instruction at `index`. */
export function at(body: readonly Instruction[], index: number, name = 'program'): string {
  const instruction = body[index]
  if (instruction === undefined) throw new Error(`there is no instruction ${index}`)
  return `${name}, instruction ${index} (${pseudoC(instruction)})`
}

export function failure(act: () => unknown): VmError {
  try {
    act()
  } catch (error) {
    if (error instanceof VmError) return error
    throw error
  }
  throw new Error('it went well')
}
