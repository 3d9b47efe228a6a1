import type { Value } from '../../ir/graph.ts'
import type { HostName, ScalarType } from '../../layout/scalar.ts'
import type { Fields, StructType } from '../../layout/struct.ts'
import { ControlFlow } from '../control/control-flow.ts'
import { callerPosition } from '../core/caller.ts'
import { BuildError } from '../core/errors.ts'
import { Int, literal, registerType, widenTo } from '../core/values.ts'
import { type KernelRef, type KernelType, type KernelValues, storeMembers } from '../kernel/kernel-type.ts'
import type { ContextHandle, ContextType, ContextValues } from '../program/context-ref.ts'
import {
  checkUsable,
  checkWritable,
  type Located,
  location,
  type Ref,
  structRef,
  type Values,
} from './reference.ts'
import { zeroFrame } from './stack.ts'
import { storeFields } from './store.ts'

/** Statements about memory: objects on the stack, assignments, atomic counters. */
export class MemoryStatements extends ControlFlow {
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

  /** Stores fields of a struct in memory, members of a kernel object, or members of the context that may be written. */
  assign<F extends Fields>(target: Ref<F>, values: Values<F>): void
  assign<T extends KernelType>(target: KernelRef<T>, values: KernelValues<T>): void
  assign<C extends ContextType>(target: ContextHandle<C>, values: ContextValues<C>): void
  assign(target: object, values: object): void {
    if (!(location in target)) {
      storeMembers(target as KernelRef, values)
      return
    }
    const at = (target as Ref)[location]
    checkUsable(at)
    checkWritable(at, values)
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
}
