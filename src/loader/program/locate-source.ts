import { annotate } from '../../asm/isa/fields.ts'
import type { ProgramSpec } from '../../asm/program.ts'
import type { SourceText } from '../source-text.ts'

/** Follows every statement's position to the TypeScript it was compiled from. */
export function locateSource(spec: ProgramSpec, source: SourceText): ProgramSpec {
  const instructions = spec.instructions.map((instruction) =>
    instruction.source === undefined
      ? instruction
      : annotate(instruction, { source: source.locate(instruction.source) }),
  )
  return { ...spec, instructions }
}
