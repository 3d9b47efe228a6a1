import type { HostName, NetworkName, ScalarName, ScalarType } from '../../layout/scalar.ts'
import type { Fields, StructType } from '../../layout/struct.ts'
import type { ProgramType } from '../../program.ts'
import type { ProgramBuilder } from '../builder.ts'
import { callerPosition } from '../core/caller.ts'
import { BuildError } from '../core/errors.ts'
import type { Expression } from '../core/values.ts'
import type { Assignable, Ref } from '../memory/reference.ts'
import type { ContextRef, ContextType } from '../program/context-ref.ts'

/** The program's context as a parameter. */
export interface ContextParameter<C extends ContextType = ContextType> {
  readonly kind: 'context'
  readonly type: C
}

/** A struct on the caller's stack or in a map as a parameter. */
export interface PointerParameter<F extends Fields = Fields> {
  readonly kind: 'pointer'
  readonly type: StructType<F>
}

/** The program's context as a parameter of a function: `contextOf(TcContext)`. */
export function contextOf<C extends ContextType>(type: C): ContextParameter<C> {
  return { kind: 'context', type }
}

/** A struct as a parameter of a function, which can read and write it: one on the stack or an element of a map. */
export function pointerTo<F extends Fields>(type: StructType<F>): PointerParameter<F> {
  return { kind: 'pointer', type }
}

/** A parameter of a function of the program. */
export type Parameter = ScalarType<HostName> | ScalarType<NetworkName> | ContextParameter | PointerParameter

/** What a call passes for a parameter. */
export type Argument<P> = P extends ScalarType
  ? Assignable<P>
  : P extends ContextParameter<infer C>
    ? ContextRef<C>
    : P extends PointerParameter<infer F>
      ? Ref<F>
      : never

/** A parameter inside of the function. */
export type ParameterValue<P> =
  P extends ScalarType<infer N extends ScalarName>
    ? Expression<N>
    : P extends ContextParameter<infer C>
      ? ContextRef<C>
      : P extends PointerParameter<infer F>
        ? Ref<F, 'map'>
        : never

/** What a call gives. */
export type Returned<R> = R extends ScalarType<infer N extends ScalarName> ? Expression<N> : undefined

/** What `b.return` takes in a function. */
export type ReturnValue<R> = R extends ScalarType ? Assignable<R> : undefined

/** Writes a function. */
export type WriteFunction<P, R> = (
  b: ProgramBuilder<ProgramType, ReturnValue<R>>,
  args: { readonly [K in keyof P]: ParameterValue<P[K]> },
) => void

/** A function of programs, which is compiled once into each program that calls it. */
export interface Subprogram<
  P extends Readonly<Record<string, Parameter>> = Readonly<Record<string, Parameter>>,
  R extends ScalarType | 'void' = ScalarType | 'void',
> {
  readonly kind: 'subprogram'
  readonly name: string
  readonly parameters: P
  readonly returns: R
  readonly global: boolean
  readonly write: WriteFunction<P, R>
}

/** How a function is verified. */
export interface SubprogramOptions {
  /**
   * The kernel verifies a global function once and for itself: it knows nothing of the arguments but their types, so
   * large programs load faster. A static one, the default, is verified anew at each call with what is known there.
   */
  readonly global?: boolean
}

/** Arguments are passed in r1–r5. */
const maxParameters = 5

/**
 * A real function: code that exists once in a program and is called. (A plain TypeScript function that takes the
 * builder becomes part of its caller each time, which is mostly faster.)
 *
 * ```ts
 * const fold = subprogram('fold', { sum: u32 }, u16, (b, { sum }) => {
 *   b.return(sum.and(0xffff).add(sum.shr(16)).toU16())
 * })
 * const checksum = b.call(fold, { sum })
 * ```
 *
 * @param name a C identifier
 * @param parameters at most five: scalars, {@link pointerTo} a struct, {@link contextOf} the program
 * @param returns a scalar type, or `'void'`
 * @param write runs once in each program that calls the function; `b.return` in it returns to the caller
 * @throws {BuildError} for a name that is no identifier, or too many parameters
 */
export function subprogram<
  const P extends Readonly<Record<string, Parameter>>,
  const R extends ScalarType | 'void',
>(
  name: string,
  parameters: P,
  returns: R,
  write: WriteFunction<P, R>,
  options: SubprogramOptions = {},
): Subprogram<P, R> {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name))
    throw new BuildError(
      'FUNCTION_NAME',
      `function name "${name}" must be a C identifier of at most 63 characters`,
      callerPosition(),
    )
  const count = Object.keys(parameters).length
  if (count > maxParameters)
    throw new BuildError(
      'PARAMETERS',
      `${name} has ${count} parameters, BPF passes ${maxParameters}`,
      callerPosition(),
      { hint: 'Put some of them into a struct on the stack and pass that: pointerTo(Struct).' },
    )
  return { kind: 'subprogram', name, parameters, returns, global: options.global ?? false, write }
}
