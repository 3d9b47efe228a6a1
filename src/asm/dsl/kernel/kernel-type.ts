import type { Value } from '../../ir/graph.ts'
import type { BytesType, CharsType } from '../../layout/bytes.ts'
import { type ScalarName, type ScalarType, u64 } from '../../layout/scalar.ts'
import { callerPosition } from '../core/caller.ts'
import type { Emitter, Held, Scope } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { type Expression, Int, literal, type Net } from '../core/values.ts'
import { loadScalar } from '../memory/reference.ts'
import { memberAddress, probeScalar } from './probe-read.ts'

/** A member that is called differently from its path in the kernel's struct. */
export interface MemberPath<N extends ScalarName = ScalarName> {
  readonly path: string
  readonly type: ScalarType<N>
}

/** A member that points to another kernel object. */
export interface PointerMember<T = unknown> {
  readonly kind: 'pointer'
  readonly to: () => T
  /** Where it is, if it is called differently in the kernel. */
  readonly path?: string
}

type Member = ScalarType | MemberPath | PointerMember | BytesType | CharsType
type Members = Readonly<Record<string, Member>>
type ScalarOf<M> = M extends ScalarType<infer N> ? N : M extends MemberPath<infer N> ? N : never

/** A part of a kernel object that is no number: its address, for `b.helpers.probe_read_kernel` and its like. */
export interface KernelMemory {
  readonly address: Int<'u64'>
  /** Bytes. */
  readonly size: number
}

/** What reading a member gives. */
type MemberAccess<M> = M extends { readonly kind: 'pointer'; readonly to: () => infer T extends KernelType }
  ? KernelRef<T>
  : M extends { readonly kind: 'pointer' }
    ? KernelHandle
    : M extends { readonly kind: 'bytes' | 'chars' }
      ? KernelMemory
      : Expression<ScalarOf<M>>

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
 * A member that points to another kernel object; `task.parent.pid` follows it. A member that is called differently has
 * its `path`.
 */
export function pointer<T extends KernelType>(to: () => T, path?: string): PointerMember<T> {
  return { kind: 'pointer', to, ...(path !== undefined && { path }) }
}

/**
 * Declares the members of a kernel struct that a program reads or writes: scalars, pointers to other kernel objects, and
 * bytes or text (`chars(16)`), of which a program gets the address.
 *
 * @param layout the struct that has the members, where that is another one (`nf_conn___init` begins with `nf_conn`)
 */
export function kernelType<const M extends Members>(name: string, members: M, layout = name): KernelType<M> {
  return { kind: 'kernel-type', name, layout, members }
}

const pointerOf: unique symbol = Symbol('pointer')

/** A kernel object in a program: every read of a member is a load at that place. */
export type KernelRef<T extends KernelType = KernelType> = {
  readonly [K in keyof T['members'] & string]: MemberAccess<T['members'][K]>
} & KernelHandle

/** Any kernel object. */
export type KernelHandle = { readonly [pointerOf]: KernelPointer }

/**
 * How members are read. `load`: by a load, which the verifier allows of pointers whose type it knows. `probe`: by
 * `bpf_probe_read_kernel`, from any address; what cannot be read is 0.
 */
export type KernelAccess = 'load' | 'probe'

interface KernelPointer {
  readonly emitter: Emitter
  readonly value: Value
  readonly type: KernelType
  readonly scope: Scope
  /** What must be released; undefined for objects that the program was given. */
  readonly held: Held | undefined
  readonly access: KernelAccess
  /** The object in which it was found, without which it must not be used. */
  readonly from?: KernelPointer | undefined
}

/** Values for some members. */
export type KernelValues<T extends KernelType> = {
  readonly [K in keyof T['members'] & string]?: Expression<ScalarOf<T['members'][K]>> | number | bigint
}

/** Makes the reference to a kernel object; `held` if it was just acquired. */
export function kernelRef<T extends KernelType>(
  emitter: Emitter,
  type: T,
  value: Value,
  held?: Held,
  access: KernelAccess = 'load',
  from?: KernelPointer,
): KernelRef<T> {
  const state: KernelPointer = { emitter, value, type, scope: emitter.scope, held, access, from }
  const ref = { [pointerOf]: state }
  for (const [name, declared] of Object.entries(type.members))
    Object.defineProperty(ref, name, { enumerable: true, get: () => readMember(state, name, declared) })
  return ref as unknown as KernelRef<T>
}

function readMember(state: KernelPointer, name: string, declared: Member): unknown {
  checkAlive(state)
  const { emitter, type, value, access } = state
  if ('kind' in declared && (declared.kind === 'bytes' || declared.kind === 'chars')) {
    const { size } = declared
    const address = memberAddress(emitter, value, { struct: type.layout, path: name }, size)
    return { address: new Int(emitter, u64, address), size }
  }
  const { path, scalar, to } = resolve(name, declared)
  const field = { struct: type.layout, path }
  const probe = () => probeScalar(emitter, memberAddress(emitter, value, field, scalar.size), scalar)
  if (to === undefined)
    return access === 'load' ? loadScalar(emitter, value, 'kernel', scalar, 0, field) : probe()
  const load = () =>
    emitter.emit({ kind: 'load', size: 8, offset: 0, space: 'kernel', field }, 'ptr', [value])
  const target = access === 'load' ? load() : probe().ir
  return kernelRef(emitter, to() as KernelType, target, undefined, access, state)
}

/** The pointer of a kernel object, for passing it to a call. @throws {BuildError} after its release */
export function kernelPointer(ref: KernelHandle): {
  readonly value: Value
  readonly type: KernelType
  readonly held: Held | undefined
} {
  const state = ref[pointerOf]
  checkAlive(state)
  return state
}

/** Whether an argument is a kernel object. */
export function isKernelRef(arg: unknown): arg is KernelRef {
  return typeof arg === 'object' && arg !== null && pointerOf in arg
}

/** Writes members of a kernel object; the verifier allows it for few (`nf_conn.mark`). */
export function storeMembers(ref: KernelRef, values: object): void {
  const state = ref[pointerOf]
  checkAlive(state)
  for (const [name, value] of Object.entries(values) as [string, Int | Net | number | bigint][]) {
    const declared = state.type.members[name]
    if (declared === undefined)
      throw new BuildError('NO_FIELD', `${state.type.name} declares no member "${name}"`, callerPosition())
    if ('kind' in declared && declared.kind !== 'scalar')
      throw new BuildError('VALUE', `${state.type.name}.${name} is no number`, callerPosition())
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

function resolve(
  name: string,
  declared: ScalarType | MemberPath | PointerMember,
): { readonly path: string; readonly scalar: ScalarType; readonly to?: () => unknown } {
  if ('to' in declared) return { path: declared.path ?? name, scalar: u64, to: declared.to }
  return 'path' in declared
    ? { path: declared.path, scalar: declared.type }
    : { path: name, scalar: declared }
}

function checkAlive(state: KernelPointer): void {
  if (state.from !== undefined) checkAlive(state.from)
  state.emitter.checkScope(state.scope, `the ${state.type.name}`)
  if (state.held !== undefined && !state.emitter.held.has(state.held))
    throw new BuildError(
      'USE_AFTER_RELEASE',
      `the ${state.type.name} is used after it was released`,
      callerPosition(),
    )
}
