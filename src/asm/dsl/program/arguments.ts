import type { KernelField, Value } from '../../ir/graph.ts'
import { type HostName, type ScalarType, s32, u64 } from '../../layout/scalar.ts'
import type { Emitter } from '../core/emitter.ts'
import { Int } from '../core/values.ts'
import { type KernelAccess, type KernelRef, type KernelType, kernelRef } from '../kernel/kernel-type.ts'

/** A parameter of a kernel function or tracepoint: an integer, or a pointer to a kernel object. */
export type Parameter = ScalarType<HostName> | KernelType

/** Parameters by name, in their order. Those at the end that the program does not need can be left out. */
export type Parameters = Readonly<Record<string, Parameter>>

/** An argument in a program. */
export type ArgumentOf<T> =
  T extends ScalarType<infer N extends HostName> ? Int<N> : T extends KernelType ? KernelRef<T> : never

/** The arguments of a call in a program: each is read where it is used. */
export type ArgumentsOf<P> = { readonly [K in keyof P & string]: ArgumentOf<P[K]> }

/** How a program gets at its arguments: what is at `index`, 64 bits. */
export type ReadArgument = (index: number, type: 'i64' | 'ptr') => Value

/** Arguments that the context has one after the other, 64 bits each. */
export function inContext(emitter: Emitter, context: Value): ReadArgument {
  return (index, type) =>
    emitter.emit({ kind: 'load', size: 8, offset: index * 8, space: 'context' }, type, [context])
}

/** Arguments that are members of the context, at places that are known when the program is loaded. */
export function inMembers(
  emitter: Emitter,
  context: Value,
  fieldOf: (index: number) => KernelField,
): ReadArgument {
  return (index, type) =>
    emitter.emit({ kind: 'load', size: 8, offset: 0, space: 'context', field: fieldOf(index) }, type, [
      context,
    ])
}

/** Makes `b`'s view of the arguments. */
export function argumentsOf<P extends Parameters>(
  emitter: Emitter,
  parameters: P,
  access: KernelAccess,
  read: ReadArgument,
): ArgumentsOf<P> {
  const args = {}
  for (const [index, [name, type]] of Object.entries(parameters).entries())
    Object.defineProperty(args, name, {
      enumerable: true,
      get: () => argument(emitter, type, access, (register) => read(index, register)),
    })
  return args as ArgumentsOf<P>
}

/** One argument, or a result. */
export function argument<T extends Parameter>(
  emitter: Emitter,
  type: T,
  access: KernelAccess,
  read: (type: 'i64' | 'ptr') => Value,
): ArgumentOf<T> {
  if (type.kind === 'kernel-type')
    return kernelRef(
      emitter,
      type,
      read(access === 'load' ? 'ptr' : 'i64'),
      undefined,
      access,
    ) as ArgumentOf<T>
  // Only as many bits as the function's own type has: what is above them, callers need not clear.
  const whole = new Int(emitter, u64, read('i64'))
  return narrowed(emitter, whole, type) as ArgumentOf<T>
}

function narrowed(emitter: Emitter, whole: Int<'u64'>, type: ScalarType<HostName>): Int {
  if (type.size === 8) return new Int(emitter, type, whole.ir)
  if (type.size === 4) return new Int(emitter, type, whole.toU32().ir)
  if (!type.signed) return type.size === 2 ? whole.toU16() : whole.toU8()
  const bits = 32 - type.size * 8
  const extended = new Int(emitter, s32, whole.toU32().ir).shl(bits).shr(bits)
  return new Int(emitter, type, extended.ir)
}

/** A parameter in the notation of a kfunc: `'u32'`, `'file *'`. */
export function notation(type: Parameter): string {
  return type.kind === 'scalar' ? type.name : `${type.name} *`
}
