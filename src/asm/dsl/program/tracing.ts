import type { AttachType } from '../../attach.ts'
import type { Value } from '../../ir/graph.ts'
import type { HostName, ScalarType } from '../../layout/scalar.ts'
import type { ProgramBuilder } from '../builder.ts'
import {
  type ArgumentOf,
  type ArgumentsOf,
  argument,
  argumentsOf,
  inContext,
  notation,
  type Parameter,
  type Parameters,
} from './arguments.ts'
import { type BuiltProgram, type ProgramOptions, program } from './program.ts'
import type { Returns } from './returns.ts'

/** A kernel function to be traced, with the types that the program relies on. */
export interface TracedFunction<P extends Parameters = Parameters> {
  /** As the kernel's BTF has it: `tcp_connect`. */
  readonly function: string
  /** All its parameters, in order; the loader compares them with the kernel's. */
  readonly parameters: P
}

/** As {@link TracedFunction}, with what it returns. */
export interface ReturningFunction<P extends Parameters = Parameters, R extends Parameter = Parameter>
  extends TracedFunction<P> {
  readonly returns: R
}

/** Options of programs that run in the place of a kernel function's instructions. */
export interface TracingOptions extends ProgramOptions {
  /** The program may sleep, which the function must allow: it then has helpers such as `copy_from_user`. */
  readonly sleepable?: boolean
}

const nothing: Returns = { min: 0, max: 0, meaning: 'Nobody looks at what such a program returns.' }

/**
 * A program that runs where a kernel function starts, with the function's arguments.
 *
 * ```ts
 * const Sock = kernelType('sock', { port: member('__sk_common.skc_dport', be16) })
 * fentry('connects', { function: 'tcp_connect', parameters: { sk: Sock } }, (b, { sk }) => {
 *   b.if(sk.port.eq(443), () => …)
 *   b.return(0)
 * })
 * ```
 *
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function fentry<const P extends Parameters>(
  name: string,
  target: TracedFunction<P>,
  write: (b: ProgramBuilder<'tracing'>, args: ArgumentsOf<P>) => void,
  options: TracingOptions = {},
): BuiltProgram {
  return tracing('trace_fentry', nothing, name, target, options, (b, args) => write(b, args))
}

/**
 * A program that runs where a kernel function returns, with the function's arguments and its result.
 *
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function fexit<const P extends Parameters, R extends Parameter>(
  name: string,
  target: ReturningFunction<P, R>,
  write: (b: ProgramBuilder<'tracing'>, args: ArgumentsOf<P>, result: ArgumentOf<R>) => void,
  options: TracingOptions = {},
): BuiltProgram {
  return tracing('trace_fexit', nothing, name, target, options, (b, args, read) => {
    write(b, args, argument(b.emitter, target.returns, 'load', read))
  })
}

/**
 * A program that runs before a kernel function and may replace it: what it returns, if not 0, the function returns
 * without having run. For functions that the kernel marks as fit for this (error injection) and security hooks.
 *
 * @param write gets the arguments, and what an earlier such program has returned
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function fmodRet<const P extends Parameters, R extends ScalarType<HostName>>(
  name: string,
  target: ReturningFunction<P, R>,
  write: (b: ProgramBuilder<'tracing'>, args: ArgumentsOf<P>, result: ArgumentOf<R>) => void,
  options: TracingOptions = {},
): BuiltProgram {
  return tracing('modify_return', undefined, name, target, options, (b, args, read) => {
    write(b, args, argument<R>(b.emitter, target.returns, 'load', read))
  })
}

type Read = (type: 'i64' | 'ptr') => Value

function tracing<P extends Parameters>(
  type: AttachType,
  returns: Returns | undefined,
  name: string,
  { function: traced, parameters, returns: result }: TracedFunction<P> & { readonly returns?: Parameter },
  { sleepable = false, ...options }: TracingOptions,
  write: (b: ProgramBuilder<'tracing'>, args: ArgumentsOf<P>, result: Read) => void,
): BuiltProgram {
  const declared = Object.values(parameters)
  const target = {
    kind: 'function',
    name: traced,
    parameters: declared.map(notation),
    ...(result !== undefined && { returns: notation(result) }),
  } as const
  const kind = { type: 'tracing', sleepable, attach: { type, target }, ...(returns && { returns }) } as const
  return program(kind, name, options, (emitter, b) => {
    const read = inContext(emitter, emitter.emit({ kind: 'param', index: 0 }, 'ptr'))
    const args = argumentsOf(emitter, parameters, 'load', read)
    write(b, args, (register) => read(declared.length, register))
  })
}
