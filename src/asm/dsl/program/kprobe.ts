import type { KernelField } from '../../ir/graph.ts'
import { type RegisterRole, registersStruct } from '../../pt-regs.ts'
import type { ProgramBuilder } from '../builder.ts'
import { callerPosition } from '../core/caller.ts'
import { BuildError } from '../core/errors.ts'
import {
  type ArgumentOf,
  type ArgumentsOf,
  argument,
  argumentsOf,
  inMembers,
  type Parameter,
  type Parameters,
} from './arguments.ts'
import { type BuiltProgram, type ProgramOptions, program } from './program.ts'

/** A place in a kernel function, with the arguments that the program reads. */
export interface ProbedFunction<P extends Parameters = Parameters> {
  /** As /proc/kallsyms has it: `do_unlinkat`. */
  readonly function: string
  /** Bytes from its start, where an instruction begins; 0 when absent. There, arguments may be overwritten already. */
  readonly offset?: number
  /** Its first parameters, at most six, in order; those at the end can be left out. Nobody checks them. */
  readonly parameters: P
}

/** Arguments that are passed in registers on every architecture that is known here. */
const inRegisters = 6

/**
 * A program that runs where a kernel function starts, or at any instruction of it. Arguments come from the registers of
 * the machine that the program is loaded on; kernel objects are read with `bpf_probe_read_kernel`. Where the function is
 * in BTF, {@link fentry} is faster and checked.
 *
 * ```ts
 * kprobe('unlinks', { function: 'do_unlinkat', parameters: { directory: s32 } }, (b, { directory }) => …)
 * ```
 *
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function kprobe<const P extends Parameters>(
  name: string,
  { function: probed, offset = 0, parameters }: ProbedFunction<P>,
  write: (b: ProgramBuilder<'kprobe'>, args: ArgumentsOf<P>) => void,
  options: ProgramOptions = {},
): BuiltProgram {
  const count = Object.keys(parameters).length
  if (count > inRegisters)
    throw new BuildError(
      'PARAMETERS',
      `${name} reads ${count} arguments; only the first ${inRegisters} are in registers`,
      callerPosition(),
      { hint: 'Leave out those at the end.' },
    )
  const target = { kind: 'kprobe', name: probed, offset, returning: false } as const
  return program({ type: 'kprobe', attach: { target } }, name, options, (emitter, b) => {
    const context = emitter.emit({ kind: 'param', index: 0 }, 'ptr')
    const read = inMembers(emitter, context, (index) => register(`argument${index + 1}` as RegisterRole))
    write(b, argumentsOf(emitter, parameters, 'probe', read))
  })
}

/**
 * A program that runs where a kernel function returns, with its result.
 *
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function kretprobe<R extends Parameter>(
  name: string,
  { function: probed, returns }: { readonly function: string; readonly returns: R },
  write: (b: ProgramBuilder<'kprobe'>, result: ArgumentOf<R>) => void,
  options: ProgramOptions = {},
): BuiltProgram {
  const target = { kind: 'kprobe', name: probed, offset: 0, returning: true } as const
  return program({ type: 'kprobe', attach: { target } }, name, options, (emitter, b) => {
    const context = emitter.emit({ kind: 'param', index: 0 }, 'ptr')
    const read = inMembers(emitter, context, () => register('result'))
    write(
      b,
      argument(emitter, returns, 'probe', (type) => read(0, type)),
    )
  })
}

function register(role: RegisterRole): KernelField {
  return { struct: registersStruct, path: role }
}
