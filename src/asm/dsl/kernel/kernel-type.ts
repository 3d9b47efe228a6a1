import type { Value } from '../../ir/graph.ts'
import type { ScalarName, ScalarType } from '../../layout/scalar.ts'
import { callerPosition } from '../core/caller.ts'
import type { Emitter, Held, Scope } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { type Expression, type Int, literal, type Net } from '../core/values.ts'
import { loadScalar } from '../memory/reference.ts'

/** A member that is called differently from its path in the kernel's struct. */
export interface MemberPath<N extends ScalarName = ScalarName> {
  readonly path: string
  readonly type: ScalarType<N>
}

type Members = Readonly<Record<string, ScalarType | MemberPath>>
type MemberType<M> = M extends ScalarType<infer N> ? N : M extends MemberPath<infer N> ? N : never

/**
 * A struct of the kernel, by name: its members' offsets are those of the running kernel, found in its BTF when the
 * program is loaded.
 */
export interface KernelType<M extends Members = Members> {
  readonly kind: 'kernel-type'
  /** As the kernel calls it, without `struct`. */
  readonly name: string
  /** The struct whose layout the members are looked up in. */
  readonly layout: string
  readonly members: M
}

/** A member at a path such as `proto.tcp.state`. */
export function member<N extends ScalarName>(path: string, type: ScalarType<N>): MemberPath<N> {
  return { path, type }
}

/**
 * Declares the members of a kernel struct that a program reads or writes.
 *
 * @param layout the struct that has the members, where that is another one (`nf_conn___init` begins with `nf_conn`)
 */
export function kernelType<const M extends Members>(name: string, members: M, layout = name): KernelType<M> {
  return { kind: 'kernel-type', name, layout, members }
}

const pointer: unique symbol = Symbol('pointer')

/** A kernel object in a program: every read of a member is a load at that place. */
export type KernelRef<T extends KernelType = KernelType> = {
  readonly [K in keyof T['members'] & string]: Expression<MemberType<T['members'][K]>>
} & { readonly [pointer]: KernelPointer }

interface KernelPointer {
  readonly emitter: Emitter
  readonly value: Value
  readonly type: KernelType
  readonly scope: Scope
  readonly held: Held
}

/** Values for some members. */
export type KernelValues<T extends KernelType> = {
  readonly [K in keyof T['members'] & string]?: Expression<MemberType<T['members'][K]>> | number | bigint
}

/** Makes the reference to a kernel object that was just acquired. */
export function kernelRef<T extends KernelType>(
  emitter: Emitter,
  type: T,
  value: Value,
  held: Held,
): KernelRef<T> {
  const state: KernelPointer = { emitter, value, type, scope: emitter.scope, held }
  const ref = { [pointer]: state }
  for (const [name, declared] of Object.entries(type.members)) {
    const { path, scalar } = resolve(name, declared)
    Object.defineProperty(ref, name, {
      enumerable: true,
      get: () => {
        checkAlive(state)
        return loadScalar(emitter, value, 'kernel', scalar, 0, { struct: type.layout, path })
      },
    })
  }
  return ref as KernelRef<T>
}

/** The pointer of a kernel object, for passing it to a call. @throws {BuildError} after its release */
export function kernelPointer(ref: KernelRef): {
  readonly value: Value
  readonly type: KernelType
  readonly held: Held
} {
  const state = ref[pointer]
  checkAlive(state)
  return state
}

/** Writes members of a kernel object; the verifier allows it for few (`nf_conn.mark`). */
export function storeMembers(ref: KernelRef, values: object): void {
  const state = ref[pointer]
  checkAlive(state)
  for (const [name, value] of Object.entries(values) as [string, Int | Net | number | bigint][]) {
    const declared = state.type.members[name]
    if (declared === undefined)
      throw new BuildError('NO_FIELD', `${state.type.name} declares no member "${name}"`, callerPosition())
    const { path, scalar } = resolve(name, declared)
    const stored =
      typeof value === 'number' || typeof value === 'bigint'
        ? literal(state.emitter, value, scalar)
        : value.ir
    state.emitter.emit(
      {
        kind: 'store',
        size: scalar.size,
        offset: 0,
        space: 'kernel',
        field: { struct: state.type.layout, path },
      },
      'none',
      [state.value, stored],
    )
  }
}

function resolve(name: string, declared: ScalarType | MemberPath): { path: string; scalar: ScalarType } {
  return 'path' in declared
    ? { path: declared.path, scalar: declared.type }
    : { path: name, scalar: declared }
}

function checkAlive(state: KernelPointer): void {
  state.emitter.checkScope(state.scope, `the ${state.type.name}`)
  if (!state.emitter.held.has(state.held))
    throw new BuildError(
      'USE_AFTER_RELEASE',
      `the ${state.type.name} is used after it was released`,
      callerPosition(),
    )
}
