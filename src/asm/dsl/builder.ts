import type { Callee, Type, Value } from '../ir/graph.ts'
import { type HostName, type ScalarType, u32, u64 } from '../layout/scalar.ts'
import type { Fields, StructType } from '../layout/struct.ts'
import { callerPosition } from './caller.ts'
import type { SkbContext } from './context.ts'
import { ControlFlow, type Otherwise } from './control-flow.ts'
import type { Held } from './emitter.ts'
import { BuildError } from './errors.ts'
import { helpers } from './helpers.ts'
import {
  type KernelRef,
  type KernelType,
  type KernelValues,
  kernelPointer,
  kernelRef,
  storeMembers,
} from './kernel-type.ts'
import type { Kfunc, KfuncArguments, KfuncParameter, KfuncResult } from './kfunc.ts'
import type { MapDefinition, MapOfMapsDefinition } from './map.ts'
import { type MapHandle, type MapKey, mapElement, mapInside, mapPointer, mapValue } from './map-access.ts'
import { Packet } from './packet.ts'
import {
  addressOf,
  checkUsable,
  type Located,
  location,
  type Ref,
  storeFields,
  structRef,
  type Values,
} from './reference.ts'
import { zeroFrame } from './stack.ts'
import { Int, literal, registerType, widenTo } from './values.ts'

/**
 * Writes a program, statement by statement: each method emits its instructions where it is called. Control flow is
 * written as callbacks, which run once, at once.
 */
export class ProgramBuilder extends ControlFlow {
  /** A struct on the stack: the given fields are stored, everything else (padding too) is zero. */
  stack<F extends Fields>(type: StructType<F>, values: Values<F> = {}): Ref<F> {
    const { emitter } = this
    const object = emitter.ssa.frameObject(type.name, type.size, 8)
    const pointer = emitter.emit({ kind: 'frame', object }, 'ptr')
    const ref = structRef(emitter, type, pointer, 'frame', type.name)
    zeroFrame(emitter, pointer, type as unknown as StructType, values)
    storeFields(ref[location], type as unknown as StructType, 0, values, type.name)
    return ref
  }

  /** Stores fields of a struct in memory, or members of a kernel object. */
  assign<F extends Fields>(target: Ref<F>, values: Values<F>): void
  assign<T extends KernelType>(target: KernelRef<T>, values: KernelValues<T>): void
  assign(target: object, values: object): void {
    if (!(location in target)) {
      storeMembers(target as KernelRef, values)
      return
    }
    const at = (target as Ref)[location]
    checkUsable(at)
    storeFields(at, at.type as StructType, at.offset, values, at.what)
  }

  /** Adds to fields without a race against other CPUs (each its own atomic instruction). */
  atomicAdd<F extends Fields>(
    target: Ref<F>,
    amounts: { readonly [K in keyof F]?: number | bigint | Int },
  ): void {
    for (const [name, amount] of Object.entries(amounts))
      this.#atomicAdd(target, name, amount as number | Int, false)
  }

  /** Adds to a field atomically and gives the value it had before. */
  fetchAdd<F extends Fields, K extends keyof F & string>(
    target: Ref<F>,
    field: K,
    amount: number | Int,
  ): Ref<F>[K] {
    const { value, type } = this.#atomicAdd(target, field, amount, true)
    return new Int(this.emitter, type, value) as unknown as Ref<F>[K]
  }

  /** The packet of a TC program, for direct access. */
  packet(skb: SkbContext): Packet {
    return new Packet(this, skb)
  }

  /** Looks a key up in a map; where there is no such element, `otherwise` runs instead of what follows. */
  lookup<K extends Fields, V extends Fields>(
    map: MapDefinition<K, V> | MapHandle<K, V>,
    key: MapKey<K>,
    options: { readonly otherwise: Otherwise },
  ): Ref<V>
  /** Looks a key up in a map: `hit` runs with the element, `miss` (if given) where there is none. */
  lookup<K extends Fields, V extends Fields>(
    map: MapDefinition<K, V> | MapHandle<K, V>,
    key: MapKey<K>,
    cases: { readonly hit: (element: Ref<V>) => void; readonly miss?: () => void },
  ): void
  /** Looks up the map at this key of a map of maps. */
  lookup<K extends Fields, IK extends Fields, IV extends Fields>(
    map: MapOfMapsDefinition<K, IK, IV>,
    key: MapKey<K>,
    options: { readonly otherwise: Otherwise },
  ): MapHandle<IK, IV>
  lookup(
    target: unknown,
    key: unknown,
    cases:
      | { readonly otherwise: Otherwise }
      | { readonly hit: (element: never) => void; readonly miss?: () => void },
  ): unknown {
    const { emitter } = this
    const map = target as MapDefinition | MapOfMapsDefinition | MapHandle
    const args = [mapPointer(this, map), mapElement(this, map, key as MapKey<Fields>)]
    const pointer = this.call(helpers.map_lookup_elem, 'ptr', args)
    const null_ = emitter.constant(0n, 'ptr')
    const found = (): Ref | MapHandle =>
      'kind' in map && map.kind === 'map-of-maps'
        ? mapInside(emitter, map, pointer)
        : mapValue(emitter, map, pointer)
    if ('hit' in cases) {
      this.ifElse('ne', pointer, null_, () => cases.hit(found() as never), cases.miss ?? (() => {}))
      return undefined
    }
    this.orElse('ne', pointer, null_, cases.otherwise)
    return found()
  }

  /**
   * Calls a kernel function that acquires an object. `some` runs with it and must release it (or hand it over) on
   * every way; `none` runs where there was none.
   */
  acquire<P extends readonly KfuncParameter[], T extends KernelType>(
    fn: Kfunc<P, { readonly kind: 'acquired'; readonly type: T }>,
    args: KfuncArguments<P>,
    cases: { readonly some: (object: KernelRef<T>) => void; readonly none?: () => void },
  ): void {
    const { emitter } = this
    const held: Held = { type: fn.result.type.name, position: callerPosition() }
    const pointer = this.#callKfunc(fn, args, 'ptr')
    const some = (): void => {
      emitter.held.add(held)
      cases.some(kernelRef(emitter, fn.result.type, pointer, held))
    }
    this.ifElse('ne', pointer, emitter.constant(0n, 'ptr'), some, cases.none ?? (() => {}))
  }

  /** Calls a kernel function that acquires nothing; its integer result, if it has one, is returned. */
  kfunc<P extends readonly KfuncParameter[], R extends 'void' | ScalarType<HostName>>(
    fn: Kfunc<P, R>,
    args: KfuncArguments<P>,
  ): R extends ScalarType<infer N extends HostName> ? Int<N> : undefined {
    const result: KfuncResult = fn.result
    type Returned = R extends ScalarType<infer N extends HostName> ? Int<N> : undefined
    if (result === 'void') {
      this.#callKfunc(fn, args, 'none')
      return undefined as Returned
    }
    if (result.kind !== 'scalar') throw new Error(`${fn.name} acquires an object: use b.acquire`)
    const value = this.#callKfunc(fn, args, registerType(result))
    return new Int(this.emitter, result, value) as unknown as Returned
  }

  /** A pseudo-random number, `bpf_get_prandom_u32`. */
  random(): Int<'u32'> {
    return new Int(this.emitter, u32, this.call(helpers.get_prandom_u32, 'i32', []))
  }

  /** The kernel's clock tick counter, `bpf_jiffies64`. */
  jiffies(): Int<'u64'> {
    return new Int(this.emitter, u64, this.call(helpers.jiffies64, 'i64', []))
  }

  /** Nanoseconds since boot without suspends, `bpf_ktime_get_ns`. */
  ktime(): Int<'u64'> {
    return new Int(this.emitter, u64, this.call(helpers.ktime_get_ns, 'i64', []))
  }

  /** Not for authors: emits a call. */
  call(callee: Callee, type: Type, args: Value[]): Value {
    return this.emitter.emit({ kind: 'call', callee }, type, args)
  }

  #atomicAdd(
    target: Located,
    field: string,
    amount: number | bigint | Int,
    fetch: boolean,
  ): { value: Value; type: ScalarType<HostName> } {
    const at = target[location]
    checkUsable(at)
    const place = (at.type as StructType).fields[field]
    if (
      place === undefined ||
      place.type.kind !== 'scalar' ||
      place.type.order !== 'host' ||
      place.type.size < 4
    )
      throw new BuildError(
        'ATOMIC',
        `${at.what}.${field} is not a 32- or 64-bit host-order field`,
        callerPosition(),
      )
    const type = place.type as ScalarType<HostName>
    const addend =
      amount instanceof Int ? widenTo(this.emitter, amount, type) : literal(this.emitter, amount, type)
    const value = this.emitter.emit(
      {
        kind: 'atomic',
        operator: 'add',
        fetch,
        size: type.size as 4 | 8,
        offset: at.offset + place.offset,
        space: at.space,
      },
      fetch ? registerType(type) : 'none',
      [at.pointer, addend],
    )
    return { value, type }
  }

  #callKfunc(fn: Kfunc, args: readonly unknown[], type: Type): Value {
    const { emitter } = this
    const values = fn.parameters.map((parameter, i) => this.#argument(fn, parameter, args[i]))
    const consumedObjects = fn.parameters.flatMap((parameter, i) =>
      parameter.kind === 'object' && parameter.consumed ? [kernelPointer(args[i] as KernelRef).held] : [],
    )
    emitter.kfuncs.set(fn.name, fn.spec)
    // Besides what every kfunc may write: the memory that it was given, wherever that is.
    const given = fn.parameters.flatMap((parameter, i) =>
      parameter.kind === 'memory' ? [(args[i] as Located)[location].space] : [],
    )
    const writes = [...new Set([...fn.writes, ...given])]
    const callee: Callee = { kind: 'kfunc', name: fn.name, number: 0, writes, removable: false }
    const result = this.call(callee, type, values)
    for (const held of consumedObjects) emitter.held.delete(held)
    return result
  }

  #argument(fn: Kfunc, parameter: KfuncParameter, arg: unknown): Value {
    switch (parameter.kind) {
      case 'context':
      case 'memory':
        return addressOf(arg as Ref)
      case 'object': {
        const { value, type } = kernelPointer(arg as KernelRef)
        if (type.name === parameter.type.name) return value
        throw new BuildError(
          'ARGUMENT',
          `${fn.name} takes a ${parameter.type.name}, got a ${type.name}`,
          callerPosition(),
        )
      }
      case 'enum':
      case 'scalar': {
        const type = parameter.kind === 'enum' ? parameter.type : parameter
        return typeof arg === 'number'
          ? literal(this.emitter, arg, type)
          : widenTo(this.emitter, arg as Int, type)
      }
    }
  }
}
