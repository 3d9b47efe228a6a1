import { s32 } from '../../layout/scalar.ts'
import type { ProgramBuilder } from '../builder.ts'
import type { Int } from '../core/values.ts'
import { type ArgumentsOf, argument, argumentsOf, inContext, notation, type Parameters } from './arguments.ts'
import { type BuiltProgram, program } from './program.ts'
import type { TracingOptions } from './tracing.ts'

/** A hook of the security modules, with the types that the program relies on. */
export interface SecurityHook<P extends Parameters = Parameters> {
  /** As in include/linux/lsm_hook_defs.h: `file_open`. */
  readonly hook: string
  /** All its parameters, in order; the loader compares them with the kernel's. */
  readonly parameters: P
}

/** The largest error number (MAX_ERRNO, include/linux/err.h). */
const largestError = 4095

/**
 * A security policy: a program that is asked, with all other security modules, whether something may be done. It returns
 * 0, or a negative errno to refuse.
 *
 * ```ts
 * const File = kernelType('file', { flags: member('f_flags', u32) })
 * lsm('readonly', { hook: 'file_open', parameters: { file: File } }, (b, { file }, previous) => {
 *   b.if(previous.ne(0), () => b.return(previous))
 *   b.if(file.flags.has(O_WRONLY), () => b.return(-EPERM))
 *   b.return(0)
 * })
 * ```
 *
 * @param write gets the arguments, and what the policy before this one has said
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function lsm<const P extends Parameters>(
  name: string,
  { hook, parameters }: SecurityHook<P>,
  write: (b: ProgramBuilder<'lsm'>, args: ArgumentsOf<P>, previous: Int<'s32'>) => void,
  { sleepable = false, ...options }: TracingOptions = {},
): BuiltProgram {
  const declared = Object.values(parameters)
  const target = { kind: 'lsm', name: hook, parameters: declared.map(notation) } as const
  const meaning = '0 allows it; -EPERM (-1) and other negative error numbers refuse it.'
  const kind = {
    type: 'lsm',
    sleepable,
    returns: { min: -largestError, max: 0, meaning },
    attach: { type: 'lsm_mac', target },
  } as const
  return program(kind, name, options, (emitter, b) => {
    const read = inContext(emitter, emitter.emit({ kind: 'param', index: 0 }, 'ptr'))
    const args = argumentsOf(emitter, parameters, 'load', read)
    write(
      b,
      args,
      argument(emitter, s32, 'load', (register) => read(declared.length, register)),
    )
  })
}
