import type { ScalarType } from '../../layout/scalar.ts'
import { type Fields, type StructType, sizeOf } from '../../layout/struct.ts'
import { Functions } from '../control/functions.ts'
import { callerPosition } from '../core/caller.ts'
import type { Condition } from '../core/condition.ts'
import { BuildError } from '../core/errors.ts'
import { Int } from '../core/values.ts'
import { type KernelRef, type KernelType, type KernelValues, storeMembers } from '../kernel/kernel-type.ts'
import type { ContextHandle, ContextType, ContextValues } from '../program/context-ref.ts'
import { type AtomicName, atomicAdd, type NotAtomic } from './atomic.ts'
import { copyBytes, equalBytes, storeBytes, zeroBytes } from './blocks.ts'
import { elementOf, type Index, type IndexOptions } from './element.ts'
import {
  checkUsable,
  checkWritable,
  derive,
  type Located,
  type Location,
  location,
  type Space,
} from './location.ts'
import { type ArrayRef, type Assignable, type Ref, structRef, type Values } from './reference.ts'
import { zeroFrame } from './stack.ts'
import { storeField, storeFields } from './store.ts'

/** Statements about memory: objects on the stack, assignments, atomic counters. */
export class MemoryStatements extends Functions {
  /** A struct on the stack: the given fields are stored, everything else (padding too) is zero. */
  stack<F extends Fields>(type: StructType<F>, values: Values<F> = {}): Ref<F, 'frame'> {
    const { emitter } = this
    const object = emitter.frameObject(type.name, type.size, 8)
    const pointer = emitter.emit({ kind: 'frame', object }, 'ptr')
    const ref = structRef(emitter, type, pointer, 'frame', type.name)
    zeroFrame(emitter, pointer, type as unknown as StructType, values)
    storeFields(ref[location], type as unknown as StructType, 0, values, type.name)
    return ref
  }

  /**
   * Stores fields of a struct in memory, members of a kernel object, or members of the context that may be written.
   * What is itself in memory (`{ inner: other.inner }`) is copied.
   */
  assign<F extends Fields>(target: Ref<F>, values: Values<F>): void
  assign<T extends KernelType>(target: KernelRef<T>, values: KernelValues<T>): void
  assign<C extends ContextType>(target: ContextHandle<C>, values: ContextValues<C>): void
  /** Stores an element of an array; for computed indices see {@link ArrayRef.at}. */
  assign<E>(target: ArrayRef<E>, index: number | Index, value: Assignable<E>, options?: IndexOptions): void
  assign(target: object, values: object | number, value?: unknown, options?: IndexOptions): void {
    if (!(location in target)) {
      storeMembers(target as KernelRef, values as object)
      return
    }
    const at = (target as Located)[location]
    checkUsable(at)
    if (at.type.kind === 'array') {
      checkWritable(at)
      const element = elementOf(at, values as number | Index, options)
      storeField(element.at, element.type, element.at.offset, value, element.at.what)
      return
    }
    checkWritable(at, values as object)
    storeFields(at, at.type, at.offset, values as object, at.what)
  }

  /** Adds to fields without a race against other CPUs (each its own atomic instruction). */
  atomicAdd<T extends Located<Space>>(
    target: T & NotAtomic<T>,
    amounts: { readonly [K in keyof T & string]?: number | bigint | Int },
  ): void
  /** Adds to an element of an array without a race against other CPUs. */
  atomicAdd<T extends ArrayRef<ScalarType<AtomicName>, Space>>(
    target: T & NotAtomic<T>,
    index: number | Index,
    amount: number | bigint | Int,
    options?: IndexOptions,
  ): void
  atomicAdd(
    target: Located<Space>,
    which: object | number,
    amount?: number | bigint | Int,
    options?: IndexOptions,
  ): void {
    const at = target[location]
    checkUsable(at)
    if (at.type.kind === 'array') {
      const element = elementOf(at, which as number | Index, options)
      atomicAdd(element.at, element.type, amount as number, false)
      return
    }
    for (const [name, given] of Object.entries(which)) atomicAdd(...fieldOf(at, name), given, false)
  }

  /** Adds to a field atomically and gives the value it had before. */
  fetchAdd<T extends Located<Space>, K extends keyof T & string>(
    target: T & NotAtomic<T>,
    field: K,
    amount: number | bigint | Int,
  ): T[K]
  /** Adds to an element of an array atomically and gives the value it had before. */
  fetchAdd<T extends ArrayRef<ScalarType<AtomicName>, Space>>(
    target: T & NotAtomic<T>,
    index: number | Index,
    amount: number | bigint | Int,
    options?: IndexOptions,
  ): ReturnType<T['at']>
  fetchAdd(
    target: Located<Space>,
    which: string | number | Index,
    amount: number | bigint | Int,
    options?: IndexOptions,
  ): unknown {
    const at = target[location]
    checkUsable(at)
    const found = typeof which === 'string' ? fieldOf(at, which) : elementOf(at, which, options)
    const [place, field] = Array.isArray(found) ? found : [found.at, found.type]
    const { value, type } = atomicAdd(place, field, amount, true)
    return new Int(this.emitter, type, value)
  }

  /**
   * Copies memory of the same size, in the widest steps.
   *
   * @throws {BuildError} `SIZE` for different sizes, or one too large to be copied by instructions one after the other
   */
  copy(to: Located, from: Located<Space>): void {
    const [target, source] = [usable(to), usable(from)]
    checkWritable(target)
    copyBytes(whole(target), whole(source), commonSize(target, source, sizeOf(source.type)))
  }

  /**
   * Whether two pieces of memory of the same size, or a piece of memory and known bytes, are equal.
   *
   * @throws {BuildError} `SIZE` for different sizes, or one too large to be compared by instructions one after the other
   */
  equal(a: Located<Space>, b: Located<Space> | Uint8Array): Condition {
    const left = usable(a)
    if (b instanceof Uint8Array) return equalBytes(whole(left), b, commonSize(left, undefined, b.byteLength))
    const right = usable(b)
    return equalBytes(whole(left), whole(right), commonSize(left, right, sizeOf(right.type)))
  }

  /** Fills memory with zeroes, padding included. @throws {BuildError} `SIZE` when that takes too many instructions */
  zero(target: Located): void {
    const at = usable(target)
    checkWritable(at)
    zeroBytes(whole(at), commonSize(at, undefined, sizeOf(at.type)))
  }

  /** Stores known bytes over memory of that size. @throws {BuildError} `SIZE` for another size */
  storeBytes(target: Located, bytes: Uint8Array): void {
    const at = usable(target)
    checkWritable(at)
    commonSize(at, undefined, bytes.byteLength)
    storeBytes(at, at.offset, bytes)
  }
}

function usable(ref: Located<Space>): Location {
  const at = ref[location]
  checkUsable(at)
  return at
}

function whole(at: Location): { readonly at: Location; readonly offset: number } {
  return { at, offset: at.offset }
}

function fieldOf(at: Location, name: string): [Location, StructType['fields'][string]['type'] | undefined] {
  const fields: StructType['fields'] = at.type.kind === 'array' ? {} : at.type.fields
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined
  return [derive(at, { offset: at.offset + (field?.offset ?? 0), what: `${at.what}.${name}` }), field?.type]
}

/** Bytes that are handled by instructions one after the other; more would be a very long program. */
const longest = 1024

function commonSize(at: Location, other: Location | undefined, size: number): number {
  if (sizeOf(at.type) !== size)
    throw new BuildError(
      'SIZE',
      `${at.what} has ${sizeOf(at.type)} bytes, ${other?.what ?? 'what it meets'} has ${size}`,
      callerPosition(),
    )
  if (size > longest)
    throw new BuildError(
      'SIZE',
      `${at.what} has ${size} bytes; at most ${longest} are handled by instructions one after the other`,
      callerPosition(),
      { hint: 'Handle its elements in a loop.' },
    )
  return size
}
