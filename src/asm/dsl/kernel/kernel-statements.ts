import type { Callee, Type, Value } from '../../ir/graph.ts'
import type { HostName, ScalarType } from '../../layout/scalar.ts'
import { sizeOf } from '../../layout/struct.ts'
import { callerPosition } from '../core/caller.ts'
import type { Held } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { Int, literal, registerType, widenTo } from '../core/values.ts'
import { CallbackStatements } from '../map/callback-statements.ts'
import { addressOf, type Located, location } from '../memory/location.ts'
import type { Ref } from '../memory/reference.ts'
import { type ContextHandle, type ContextType, contextParts } from '../program/context-ref.ts'
import { type KernelRef, type KernelType, kernelPointer, kernelRef } from './kernel-type.ts'
import type { Kfunc, KfuncArguments, KfuncParameter, KfuncResult } from './kfunc.ts'

/** Calls of kernel functions, and the objects that these acquire. */
export class KernelStatements extends CallbackStatements {
  /**
   * Calls a kernel function that acquires an object. `some` runs with it and must release it (or hand it over) on
   * every way; `none` runs where there was none.
   */
  acquire<P extends readonly KfuncParameter[], T extends KernelType>(
    fn: Kfunc<P, { readonly kind: 'acquired'; readonly type: T }>,
    args: KfuncArguments<P>,
    cases: { readonly some: (object: KernelRef<T>) => void; readonly none?: () => void },
  ): void {
    this.#object(fn, args, cases, { type: fn.result.type.name, position: callerPosition() })
  }

  /**
   * Calls a kernel function that finds an object without acquiring it: `some` runs with it, `none` where there is none.
   */
  find<P extends readonly KfuncParameter[], T extends KernelType>(
    fn: Kfunc<P, { readonly kind: 'found'; readonly type: T }>,
    args: KfuncArguments<P>,
    cases: { readonly some: (object: KernelRef<T>) => void; readonly none?: () => void },
  ): void {
    this.#object(fn, args, cases, undefined)
  }

  /**
   * Runs `then` where there is such an object, `otherwise` (if given) where the pointer is null. Some members that point
   * to objects the verifier lets nobody follow without asking, such as `sk_buff.sk`.
   */
  ifPresent<T extends KernelType>(
    object: KernelRef<T>,
    then: (object: KernelRef<T>) => void,
    otherwise?: () => void,
  ): void {
    const { value } = kernelPointer(object)
    const none = this.emitter.constant(0n, value.type)
    this.ifElse('ne', value, none, () => then(object), otherwise ?? (() => {}))
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
    if (result.kind !== 'scalar') throw new Error(`${fn.name} gives an object: use b.acquire or b.find`)
    const value = this.#callKfunc(fn, args, registerType(result))
    return new Int(this.emitter, result, value) as unknown as Returned
  }

  #object<T extends KernelType>(
    fn: Kfunc<readonly KfuncParameter[], { readonly kind: 'acquired' | 'found'; readonly type: T }>,
    args: readonly unknown[],
    cases: { readonly some: (object: KernelRef<T>) => void; readonly none?: () => void },
    held: Held | undefined,
  ): void {
    const { emitter } = this
    const pointer = this.#callKfunc(fn, args, 'ptr')
    const some = (): void => {
      if (held !== undefined) emitter.held.add(held)
      cases.some(kernelRef(emitter, fn.result.type, pointer, held))
    }
    this.ifElse('ne', pointer, emitter.constant(0n, 'ptr'), some, cases.none ?? (() => {}))
  }

  #callKfunc(fn: Kfunc, args: readonly unknown[], type: Type): Value {
    const { emitter } = this
    const values = fn.parameters.flatMap((parameter, i) =>
      parameter.kind === 'sized'
        ? this.#sized(fn, parameter.size, args[i])
        : [this.#argument(fn, parameter, args[i])],
    )
    const consumedObjects = fn.parameters.flatMap((parameter, i) =>
      parameter.kind === 'object' && parameter.consumed ? [heldBy(args[i] as KernelRef, fn.name)] : [],
    )
    emitter.kfuncs.set(fn.name, fn.spec)
    // Besides what every kfunc may write: the memory that it was given, wherever that is.
    const given = fn.parameters.flatMap((parameter, i) =>
      parameter.kind === 'memory' || parameter.kind === 'sized' ? [memoryOf(args[i])[location].space] : [],
    )
    const writes = [...new Set([...fn.writes, ...given])]
    const callee: Callee = { kind: 'kfunc', name: fn.name, number: 0, writes, removable: false }
    const result = this.emitter.call(callee, type, values)
    for (const held of consumedObjects) emitter.held.delete(held)
    return result
  }

  /** Memory and its size. */
  #sized(fn: Kfunc, type: ScalarType<HostName>, arg: unknown): Value[] {
    const memory = memoryOf(arg)
    const { type: layout, what } = memory[location]
    const size = sizeOf(layout)
    const length = 'length' in (arg as object) && 'memory' in (arg as object) ? (arg as Part).length : size
    if (typeof length !== 'number') return [addressOf(memory), widenTo(this.emitter, length, type)]
    if (length > size)
      throw new BuildError(
        'ARGUMENT',
        `${fn.name} is given ${length} bytes of ${what}, which has ${size}`,
        callerPosition(),
      )
    return [addressOf(memory), literal(this.emitter, length, type)]
  }

  #argument(fn: Kfunc, parameter: Exclude<KfuncParameter, { kind: 'sized' }>, arg: unknown): Value {
    switch (parameter.kind) {
      case 'context': {
        const { type, pointer } = contextParts(arg as ContextHandle<ContextType>)
        if (type.layout.name === parameter.name) return pointer
        throw new BuildError(
          'ARGUMENT',
          `${fn.name} takes a ${parameter.name}, the context of this program is a ${type.layout.name}`,
          callerPosition(),
        )
      }
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

/** A part of some memory. */
interface Part {
  readonly memory: Located
  readonly length: number | Int
}

/** The memory that an argument is, or is a part of. */
function memoryOf(arg: unknown): Located {
  return location in (arg as object) ? (arg as Located) : (arg as Part).memory
}

/** What a call takes over. @throws {BuildError} for an object that the program was only given */
function heldBy(object: KernelRef, fn: string): Held {
  const { held, type } = kernelPointer(object)
  if (held !== undefined) return held
  throw new BuildError(
    'NOT_ACQUIRED',
    `${fn} takes over a ${type.name}, and the program has not acquired this one`,
    callerPosition(),
  )
}
