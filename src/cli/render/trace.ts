import type { Instruction } from '../../asm/isa/instruction.ts'
import { pseudoC } from '../../asm/text/pseudo-c.ts'

/** Receives an interpreter's trace. */
export interface TraceWriter {
  readonly instruction: (event: {
    readonly index: number
    readonly instruction: Instruction
    readonly registers: readonly bigint[]
  }) => void
  /** After the last instruction. */
  readonly end: (r0: bigint) => void
}

/** Writes a line for each instruction, with the registers it has changed: what they hold is known one event later. */
export function traceWriter(write: (line: string) => void): TraceWriter {
  let before: readonly bigint[] | undefined
  let pending: string | undefined
  const finish = (after: readonly bigint[]): void => {
    if (pending === undefined) return
    const changed = after.flatMap((value, i) =>
      value === before?.[i] ? [] : [`r${i}=0x${value.toString(16)}`],
    )
    write(changed.length === 0 ? pending.trimEnd() : `${pending}  ${changed.join(' ')}`)
  }
  return {
    instruction: ({ index, instruction, registers }) => {
      finish(registers)
      before = [...registers]
      pending = `${String(index).padStart(4)}: ${pseudoC(instruction).padEnd(36)}`
    },
    end: (r0) => {
      if (before !== undefined) finish([r0, ...before.slice(1)])
    },
  }
}
