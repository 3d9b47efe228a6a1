import type { Instruction } from '../../isa/instruction.ts'

/** Where a branch goes: a distance in slots, or a label with the column it is named at. */
export type Target =
  | { readonly distance: number; readonly label?: undefined }
  | { readonly label: string; readonly column: number; readonly distance?: undefined }

/** A statement that was read. */
export interface Parsed {
  readonly instruction: Instruction
  /** The label its branch goes to. */
  readonly target?: Target
  /**
   * The instruction to use where there is no label of that name: `call NAME` calls a function of the
   * program if there is one, else the helper or kfunc of that name.
   */
  readonly otherwise?: Instruction
}
