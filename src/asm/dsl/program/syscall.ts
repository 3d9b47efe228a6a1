import type { Fields, StructType } from '../../layout/struct.ts'
import type { ProgramBuilder } from '../builder.ts'
import type { Ref } from '../memory/reference.ts'
import { structRef } from '../memory/reference.ts'
import { type BuiltProgram, type ProgramOptions, program } from './program.ts'

/**
 * A program that user space runs when it wants to (`BpfProgram.run`), and that may make system calls of BPF. Its argument
 * is memory of the caller, which it may also write: the result comes back in it.
 *
 * ```ts
 * const Sum = struct('sum', { a: u32, b: u32, result: u32 })
 * syscall('add', Sum, (b, sum) => {
 *   b.assign(sum, { result: sum.a.add(sum.b) })
 *   b.return(0)
 * })
 * ```
 *
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function syscall<F extends Fields>(
  name: string,
  argument: StructType<F>,
  write: (b: ProgramBuilder<'syscall'>, argument: Ref<F>) => void,
  options: ProgramOptions = {},
): BuiltProgram {
  return program({ type: 'syscall', sleepable: true }, name, options, (emitter, b) => {
    const context = emitter.emit({ kind: 'param', index: 0 }, 'ptr')
    write(b, structRef(emitter, argument, context, 'context', argument.name))
  })
}
