import type { MemorySpace } from '../../ir/graph.ts'
import { type HostName, type ScalarType, u32 } from '../../layout/scalar.ts'
import type { StructType } from '../../layout/struct.ts'
import type { KfuncSpec } from '../../program.ts'
import type { Int } from '../core/values.ts'
import type { Located } from '../memory/location.ts'
import type { ContextHandle } from '../program/context-ref.ts'
import type { KernelRef, KernelType } from './kernel-type.ts'

/** A parameter of a kernel function. */
export type KfuncParameter =
  /** The program's context. */
  | { readonly kind: 'context'; readonly name: string }
  /** Memory of the program, as the kernel's struct `name`. */
  | { readonly kind: 'memory'; readonly name: string }
  /** Memory of the program and, as the next parameter, its size (`__sz` in the kernel's source). */
  | { readonly kind: 'sized'; readonly name: string; readonly size: ScalarType<HostName> }
  /** A kernel object; `consumed`: the call takes it over, nobody has to release it afterwards. */
  | { readonly kind: 'object'; readonly type: KernelType; readonly consumed: boolean }
  /** A number that the kernel declares as `enum name`. */
  | { readonly kind: 'enum'; readonly name: string; readonly type: ScalarType<HostName> }
  | ScalarType<HostName>

/** What a kernel function returns: nothing, an integer, or an object (or null), which must be released if `acquired`. */
export type KfuncResult =
  | 'void'
  | ScalarType<HostName>
  | { readonly kind: 'acquired'; readonly type: KernelType }
  | { readonly kind: 'found'; readonly type: KernelType }

/** A kernel function (kfunc), declared with the types the program relies on. */
export interface Kfunc<
  P extends readonly KfuncParameter[] = readonly KfuncParameter[],
  R extends KfuncResult = KfuncResult,
> {
  readonly name: string
  readonly parameters: P
  readonly result: R
  readonly spec: KfuncSpec
  readonly writes: readonly MemorySpace[]
}

/** What a call must pass for a parameter. */
export type KfuncArgument<P> = P extends { readonly kind: 'context' }
  ? ContextHandle
  : P extends { readonly kind: 'memory' }
    ? Located
    : P extends { readonly kind: 'sized' }
      ? Located | { readonly memory: Located; readonly length: number | Int }
      : P extends { readonly kind: 'object'; readonly type: infer T extends KernelType }
        ? KernelRef<T>
        : P extends ScalarType<HostName> | { readonly kind: 'enum' }
          ? number | Int
          : never

/** The arguments of a call. */
export type KfuncArguments<P extends readonly KfuncParameter[]> = {
  readonly [I in keyof P]: KfuncArgument<P[I]>
}

/** The program's context as a parameter; `name` is the kernel's struct, such as `__sk_buff`. */
export function contextParameter<const N extends string>(
  name: N,
): { readonly kind: 'context'; readonly name: N } {
  return { kind: 'context', name }
}

/** An enum of the kernel as a parameter, 32 bits wide; loaders compare kinds of types, so it is not just a `u32`. */
export function enumeration<const N extends string>(
  name: N,
): { readonly kind: 'enum'; readonly name: N; readonly type: typeof u32 } {
  return { kind: 'enum', name, type: u32 }
}

/** A pointer to memory that the program owns: to a struct of the kernel, or by name, such as `union nf_inet_addr`. */
export function memory(layout: StructType | string): { readonly kind: 'memory'; readonly name: string } {
  return { kind: 'memory', name: typeof layout === 'string' ? layout : layout.name }
}

/**
 * A pointer to memory that the program owns, and its size as the kernel function's next parameter: the call passes the
 * struct or array, or `{ memory, length }` for a part of it.
 *
 * @param size type of the parameter that has the size
 */
export function sized(
  layout: StructType | string,
  size: ScalarType<HostName> = u32,
): { readonly kind: 'sized'; readonly name: string; readonly size: ScalarType<HostName> } {
  return { kind: 'sized', name: typeof layout === 'string' ? layout : layout.name, size }
}

/** A kernel object that stays the caller's. */
export function borrowed<T extends KernelType>(
  type: T,
): { readonly kind: 'object'; readonly type: T; readonly consumed: false } {
  return { kind: 'object', type, consumed: false }
}

/** A kernel object that the call takes over. */
export function consumed<T extends KernelType>(
  type: T,
): { readonly kind: 'object'; readonly type: T; readonly consumed: true } {
  return { kind: 'object', type, consumed: true }
}

/** An object that the caller must release, or null. */
export function acquired<T extends KernelType>(type: T): { readonly kind: 'acquired'; readonly type: T } {
  return { kind: 'acquired', type }
}

/** An object that belongs to somebody else, or null: nobody has to release it (`KF_RET_NULL` without `KF_ACQUIRE`). */
export function found<T extends KernelType>(type: T): { readonly kind: 'found'; readonly type: T } {
  return { kind: 'found', type }
}

/** Declares a kernel function. `since` is the first release that has it. */
export function kfunc<const P extends readonly KfuncParameter[], const R extends KfuncResult>(
  name: string,
  parameters: P,
  result: R,
  since: string,
): Kfunc<P, R> {
  const spec: KfuncSpec = {
    name,
    since,
    parameters: parameters.flatMap((parameter) =>
      parameter.kind === 'sized' ? [typeName(parameter), parameter.size.name] : [typeName(parameter)],
    ),
    returns: result === 'void' ? 'void' : typeName(result),
  }
  return { name, parameters, result, spec, writes: ['frame', 'kernel'] }
}

function typeName(type: KfuncParameter | Exclude<KfuncResult, 'void'>): string {
  if (type.kind === 'scalar') return type.name
  if (type.kind === 'enum') return `enum ${type.name}`
  return 'name' in type ? `${type.name} *` : `${type.type.name} *`
}
