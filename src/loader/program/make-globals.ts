import { TsbpfError } from '../../asm/diagnostics/error.ts'
import type { GivenConstants } from '../../asm/dsl/map/global.ts'
import type { ProgramSpec } from '../../asm/program.ts'
import { createGlobalMap, givenFor } from '../bpf/global.ts'
import type { BpfMap } from '../bpf/map.ts'
import type { BpfSyscall } from '../bpf/syscall.ts'

/**
 * Makes the global data of a program that the caller has not made, with the constants it gives.
 *
 * @throws {TsbpfError} `PROGRAM_CONSTANTS` for constants that the program does not have, or that are made already
 */
export function makeGlobals(
  spec: ProgramSpec,
  given: ReadonlyMap<string, unknown>,
  constants: readonly GivenConstants[],
  bpf: BpfSyscall,
): BpfMap[] {
  for (const { spec: constant } of constants)
    if (given.has(constant.name) || !spec.maps.some(({ name }) => name === constant.name))
      throw new TsbpfError(
        'PROGRAM_CONSTANTS',
        given.has(constant.name)
          ? `constant data "${constant.name}" was given to program "${spec.name}" twice: as a map and as values`
          : `program "${spec.name}" has no constant data "${constant.name}"`,
        { hint: 'Leave it out of `constants`.' },
      )
  const made: BpfMap[] = []
  try {
    for (const wanted of spec.maps)
      if (wanted.global !== undefined && !given.has(wanted.name))
        made.push(createGlobalMap(wanted, givenFor(wanted, constants), bpf))
    return made
  } catch (error) {
    for (const map of made) map.close()
    throw error
  }
}
