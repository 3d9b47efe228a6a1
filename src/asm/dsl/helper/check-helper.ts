import type { HelperName } from '../../text/helper-names.ts'
import { callerPosition } from '../core/caller.ts'
import type { Emitter } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { helperTable } from './table/helper-table.ts'

/** @throws {BuildError} when programs of the type that is being written may not call the helper */
export function checkHelper(emitter: Emitter, name: HelperName): void {
  const type = emitter.programType
  const programs: readonly string[] = helperTable[name].programs
  if (type === undefined || programs.includes(type)) return
  throw new BuildError('HELPER', `bpf_${name} is not for programs of type ${type}`, callerPosition(), {
    hint: `It is for ${programs.join(', ')}.`,
  })
}
