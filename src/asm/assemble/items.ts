import type { SourcePosition } from '../diagnostics/source-position.ts'
import type { Instruction } from '../isa/instruction.ts'

/** One line of a program before its branches are resolved. */
export type Item = InstructionItem | LabelItem | BranchItem

/** An instruction as it is. If it is a branch, its distance counts slots of the program as written. */
export interface InstructionItem {
  readonly kind: 'instruction'
  readonly instruction: Instruction
}

/** Names the place of the next instruction. */
export interface LabelItem {
  readonly kind: 'label'
  readonly name: string
  /** Where it is written. */
  readonly source?: SourcePosition
}

/**
 * A jump, a call of this program's function or a load of its address; the assembler fills in the distance
 * to the label `target`.
 */
export interface BranchItem {
  readonly kind: 'branch'
  readonly instruction: Instruction
  readonly target: string
}

/** @returns an {@link InstructionItem}. */
export function plain(instruction: Instruction): InstructionItem {
  return { kind: 'instruction', instruction }
}

/** @returns a {@link LabelItem}. */
export function label(name: string, source?: SourcePosition): LabelItem {
  return source === undefined ? { kind: 'label', name } : { kind: 'label', name, source }
}

/** @returns a {@link BranchItem}. */
export function branch(instruction: Instruction, target: string): BranchItem {
  return { kind: 'branch', instruction, target }
}
