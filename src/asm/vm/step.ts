import type { Place } from './errors.ts'
import type { Memory } from './memory.ts'
import type { Word } from './word.ts'

/** One instruction, ready to run: does it, and says the index of the next one; negative when a run is over. */
export type Step = () => number

/** What the steps of a program work on. */
export interface Core {
  /** r0 to r10. */
  readonly registers: readonly Word[]
  readonly memory: Memory
}

/** An instruction on its way to becoming a step. */
export interface Source extends Place {
  readonly core: Core
  readonly dst: Word
  readonly src: Word
  /** `src`, or a word with the immediate: the second operand of arithmetic and comparisons. */
  readonly operand: Word
  /** Index of the following instruction. */
  readonly next: number
}
