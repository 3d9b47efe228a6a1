import { branchKind, hasOffsetDistance } from '../isa/branch.ts'
import { annotate } from '../isa/fields.ts'
import type { Instruction } from '../isa/instruction.ts'

/** A program with all distances filled in. */
export interface Layout {
  readonly instructions: readonly Instruction[]
  /** Index of the first instruction of each entry. */
  readonly starts: readonly number[]
  /** How many instructions stand for each entry; any after them, before the next entry's, serve other jumps. */
  readonly counts: readonly number[]
}

/** @returns whether a branch's encoding holds a distance in slots. */
export function reaches(instruction: Instruction, distance: number): boolean {
  const kind = branchKind(instruction)
  return kind === undefined || !hasOffsetDistance(kind) || (distance >= -0x8000 && distance <= 0x7fff)
}

/** @returns an instruction made for another one, with the source position and comment of that one. */
export function alike({ source, comment }: Instruction, made: Instruction): Instruction {
  return annotate(made, {
    ...(source === undefined ? undefined : { source }),
    ...(comment === undefined ? undefined : { comment }),
  })
}
