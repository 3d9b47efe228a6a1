import type { Value } from '../../ir/graph.ts'
import type { Fields, StructType } from '../../layout/struct.ts'
import type { Emitter } from '../core/emitter.ts'
import { type Located, location } from '../memory/location.ts'
import { type Assignable, type FieldAccess, structRef } from '../memory/reference.ts'

/**
 * How programs of one type see their context: the layout, and what each of its members is good for. The kernel
 * rewrites every access, and refuses those that the program type is not allowed (`is_valid_access` in
 * net/core/filter.c and kernel/trace/bpf_trace.c).
 */
export interface ContextType<
  F extends Fields = Fields,
  H extends string = string,
  W extends string = string,
  P extends PacketAccess | undefined = PacketAccess | undefined,
> {
  readonly layout: StructType<F>
  /** Members that are no integers (pointers to packets and sockets) or not there for this program type. */
  readonly hidden: readonly H[]
  /** Members that may be written; all others are read-only. */
  readonly writable: readonly W[]
  /** How the packet is reached from it, if at all; the layout then has `data` and `dataEnd`. */
  readonly packet: P
}

/** `direct`: as far as the first piece of memory goes; `pull`: and `bpf_skb_pull_data` makes that longer. */
export type PacketAccess = 'direct' | 'pull'

/** Declares a context. */
export function contextType<
  F extends Fields,
  const H extends keyof F & string = never,
  const W extends keyof F & string = never,
  const P extends PacketAccess | undefined = undefined,
>(
  layout: StructType<F>,
  rules: { readonly hidden?: readonly H[]; readonly writable?: readonly W[]; readonly packet?: P },
): ContextType<F, H, W, P> {
  return {
    layout,
    hidden: rules.hidden ?? [],
    writable: rules.writable ?? [],
    packet: rules.packet as P,
  }
}

const contextOf: unique symbol = Symbol('context')

/** A program's context: members that can be read are properties; `b.assign` writes those that may be written. */
export type ContextRef<C> =
  C extends ContextType<infer F, infer H, string>
    ? { readonly [K in Exclude<keyof F & string, H>]: FieldAccess<F[K]> } & ContextHandle<C>
    : never

/** Any context of which this is known. */
export interface ContextHandle<C = unknown> {
  readonly [contextOf]: C
}

/** Values for the members of a context that may be written. */
export type ContextValues<C> =
  C extends ContextType<infer F, string, infer W>
    ? [W] extends [never]
      ? Readonly<Record<string, never>>
      : { readonly [K in W]?: Assignable<F[K]> }
    : never

/** A context whose packet can be read and written directly. */
export type PacketContext = ContextHandle<{
  readonly layout: StructType
  readonly packet: PacketAccess
}>

/** Makes the reference to a program's context. */
export function contextRef<
  F extends Fields,
  H extends string,
  W extends string,
  P extends PacketAccess | undefined,
>(
  emitter: Emitter,
  type: ContextType<F, H, W, P>,
  pointer: Value,
  what: string,
): ContextRef<ContextType<F, H, W, P>> {
  const whole = structRef(emitter, type.layout, pointer, 'context', what)
  const ref = { [contextOf]: type, [location]: { ...whole[location], writable: type.writable } }
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(whole)))
    if (!(type.hidden as readonly string[]).includes(name)) Object.defineProperty(ref, name, property)
  return ref as unknown as ContextRef<ContextType<F, H, W, P>>
}

/** A context's type and pointer, for what reads it in its own way. */
export function contextParts<C>(context: ContextHandle<C>): { readonly type: C; readonly pointer: Value } {
  const { pointer } = (context as unknown as Located)[location]
  return { type: context[contextOf], pointer }
}
