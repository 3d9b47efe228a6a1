import type { Callee, Comparison, Type, Value } from '../ir/graph.ts'
import type { Variable as SsaVariable } from '../ir/ssa-builder.ts'
import { type HostName, type ScalarType, u32, u64 } from '../layout/scalar.ts'
import type { Fields, StructType } from '../layout/struct.ts'
import { callerPosition } from './caller.ts'
import type { Condition, ConditionNode } from './condition.ts'
import type { SkbContext } from './context.ts'
import type { Emitter, Held } from './emitter.ts'
import { BuildError, formatPosition } from './errors.ts'
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
import { type Packet, type PacketOptions, readPacket } from './packet.ts'
import {
  addressOf,
  type Located,
  location,
  type Ref,
  storeFields,
  structRef,
  type Values,
} from './reference.ts'
import { zeroFrame } from './stack.ts'
import { Int, literal, registerType, widenTo } from './values.ts'

/** What to do when something is not there: return this verdict, or run this code, which must not fall through. */
export type Otherwise = number | (() => void)

/** A mutable local; reading it gives its value at that place. */
export interface LocalVariable<N extends HostName> {
  get(): Int<N>
  set(value: Int<N> | number | bigint): void
}

interface Loop {
  readonly proceed: () => void
  readonly leave: () => void
}

/**
 * Writes a program, statement by statement: each method emits its instructions where it is called. Control flow is
 * written as callbacks, which run once, at once.
 */
export class ProgramBuilder {
  /** Not for authors: what the parts of the DSL share. */
  readonly emitter: Emitter
  readonly #loops: Loop[] = []

  constructor(emitter: Emitter) {
    this.emitter = emitter
  }

  /** Runs `then` where the condition holds, `otherwise` (if given) where it does not. */
  if(condition: Condition, then: () => void, otherwise?: () => void): void {
    const { ssa } = this.emitter
    const yes = ssa.createBlock()
    const no = ssa.createBlock()
    this.#branchOn(condition.node, yes, no)
    ssa.seal(yes)
    ssa.seal(no)
    this.#alternatives([
      { block: yes, body: then },
      { block: no, body: otherwise ?? (() => {}) },
    ])
  }

  /** Ends the program with this value (a verdict, for programs that have one). */
  return(value: number | Int): void {
    const position = callerPosition()
    const [leaked] = this.emitter.held
    if (leaked !== undefined)
      throw new BuildError(
        'LEAKED_REFERENCE',
        `this ${leaked.type} is not released on every way`,
        leaked.position,
        {
          details:
            position === undefined ? '' : `The program returns with it at ${formatPosition(position)}.`,
          hint: 'Release it before that return, or pass it to a function that takes it over.',
        },
      )
    const result =
      typeof value === 'number'
        ? this.emitter.emit({ kind: 'const', value: BigInt(value >>> 0) }, 'i32')
        : value.ir
    this.#reachable('return')
    this.emitter.ssa.return(result, position)
  }

  /** A mutable local variable. */
  variable<N extends HostName>(type: ScalarType<N>, initial: Int<N> | number | bigint): LocalVariable<N> {
    const { emitter } = this
    const variable: SsaVariable = { name: type.name, type: registerType(type) }
    const set = (value: Int<N> | number | bigint): void =>
      emitter.ssa.write(variable, value instanceof Int ? value.ir : literal(emitter, value, type))
    set(initial)
    return { set, get: () => new Int(emitter, type, emitter.ssa.read(variable)) }
  }

  /**
   * Runs `body` `count` times, a bounded loop that the verifier walks through; `index` counts from 0. Inside,
   * {@link break} and {@link continue} work as in TypeScript.
   */
  for(count: number, body: (index: Int<'u32'>) => void): void {
    const { emitter } = this
    const { ssa } = emitter
    if (!Number.isInteger(count) || count < 1)
      throw new BuildError(
        'LOOP_COUNT',
        `a loop's count must be a positive integer, got ${count}`,
        callerPosition(),
      )
    const [head, inside, step, after] = [
      ssa.createBlock(),
      ssa.createBlock(),
      ssa.createBlock(),
      ssa.createBlock(),
    ]
    const index = this.variable(u32, 0)
    const held = new Set(emitter.held)
    const go = (target: typeof head, word: string) => (): void => {
      this.#reachable(word)
      this.#sameHeld(held, `at this ${word}`)
      ssa.jump(target)
    }
    ssa.jump(head)
    ssa.enter(head)
    const current = index.get()
    ssa.branch('lt', current.ir, emitter.constant(BigInt(count), 'i32'), inside, after, callerPosition())
    ssa.seal(inside)
    ssa.enter(inside)
    this.#loops.push({ proceed: go(step, 'continue'), leave: go(after, 'break') })
    emitter.inScope('loop', () => body(current))
    this.#loops.pop()
    if (emitter.reachable) {
      this.#sameHeld(held, 'at the end of the loop')
      ssa.jump(step)
    }
    ssa.seal(step)
    if (step.predecessors.length > 0) {
      ssa.enter(step)
      index.set(index.get().add(1))
      ssa.jump(head)
    }
    ssa.seal(head)
    ssa.seal(after)
    emitter.held = held
    ssa.enter(after)
  }

  /** Leaves the innermost loop. */
  break(): void {
    this.#loop('break').leave()
  }

  /** Goes on with the innermost loop's next turn. */
  continue(): void {
    this.#loop('continue').proceed()
  }

  /** A struct on the stack: the given fields are stored, everything else (padding too) is zero. */
  stack<F extends Fields>(type: StructType<F>, values: Values<F> = {}): Ref<F> {
    const { emitter } = this
    const object = emitter.ssa.frameObject(type.name, type.size, 8)
    const pointer = emitter.emit({ kind: 'frame', object }, 'ptr')
    const ref = structRef(emitter, type, pointer, 'frame', type.name)
    zeroFrame(emitter, pointer, type, Object.keys(values))
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
    this.emitter.checkScope(at.scope, at.what)
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
  packet(skb: SkbContext, options: PacketOptions = {}): Packet {
    return readPacket(this, skb, options)
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
    cases: {
      readonly otherwise?: Otherwise
      readonly hit?: (element: Ref) => void
      readonly miss?: () => void
    },
  ): unknown {
    const { emitter } = this
    const map = target as MapDefinition | MapOfMapsDefinition | MapHandle
    const args = [mapPointer(this, map), mapElement(this, map, key as MapKey<Fields>)]
    const pointer = this.call(helpers.map_lookup_elem, 'ptr', args)
    const null_ = emitter.constant(0n, 'ptr')
    const { hit, otherwise } = cases
    if (hit !== undefined && !('kind' in map && map.kind === 'map-of-maps')) {
      this.#ifElse('ne', pointer, null_, () => hit(mapValue(emitter, map, pointer)), cases.miss ?? (() => {}))
      return undefined
    }
    this.orElse('ne', pointer, null_, otherwise ?? 0)
    return 'kind' in map && map.kind === 'map-of-maps'
      ? mapInside(emitter, map, pointer)
      : mapValue(emitter, map, pointer)
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
    this.#ifElse('ne', pointer, emitter.constant(0n, 'ptr'), some, cases.none ?? (() => {}))
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

  /** Not for authors: goes on where the comparison holds; elsewhere runs `otherwise`, which must not fall through. */
  orElse(comparison: 'ne' | 'eq' | 'le', left: Value, right: Value, otherwise: Otherwise): void {
    const { ssa } = this.emitter
    const position = callerPosition()
    const [proceed, leave] = [ssa.createBlock(), ssa.createBlock()]
    ssa.branch(comparison, left, right, proceed, leave, position)
    ssa.seal(proceed)
    ssa.seal(leave)
    ssa.enter(leave)
    const held = this.emitter.held
    this.emitter.held = new Set(held)
    this.emitter.inScope('otherwise', () => {
      if (typeof otherwise === 'number') this.return(otherwise)
      else otherwise()
    })
    if (this.emitter.reachable)
      throw new BuildError(
        'OTHERWISE_FALLS_THROUGH',
        '`otherwise` must end with a return, break or continue',
        position,
      )
    this.emitter.held = held
    ssa.enter(proceed)
  }

  #atomicAdd(
    target: Located,
    field: string,
    amount: number | bigint | Int,
    fetch: boolean,
  ): { value: Value; type: ScalarType<HostName> } {
    const at = target[location]
    this.emitter.checkScope(at.scope, at.what)
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
    const callee: Callee = { kind: 'kfunc', name: fn.name, number: 0, writes: fn.writes, removable: false }
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
      case 'scalar':
        return typeof arg === 'number' ? literal(this.emitter, arg, parameter) : (arg as Int).ir
    }
  }

  #ifElse(comparison: Comparison, left: Value, right: Value, yes: () => void, no: () => void): void {
    const { ssa } = this.emitter
    const [whenTrue, whenFalse] = [ssa.createBlock(), ssa.createBlock()]
    ssa.branch(comparison, left, right, whenTrue, whenFalse, callerPosition())
    ssa.seal(whenTrue)
    ssa.seal(whenFalse)
    this.#alternatives([
      { block: whenTrue, body: yes },
      { block: whenFalse, body: no },
    ])
  }

  #branchOn(node: ConditionNode, yes: ReturnType<Emitter['ssa']['createBlock']>, no: typeof yes): void {
    const { ssa } = this.emitter
    if (node.kind === 'not') {
      this.#branchOn(node.inner, no, yes)
    } else if (node.kind === 'compare') {
      this.#reachable('condition')
      ssa.branch(node.comparison, node.left, node.right, yes, no, callerPosition())
    } else {
      const second = ssa.createBlock()
      if (node.kind === 'and') this.#branchOn(node.left, second, no)
      else this.#branchOn(node.left, yes, second)
      ssa.seal(second)
      ssa.enter(second)
      this.#branchOn(node.right, yes, no)
    }
  }

  /** Runs each body in its block and joins those that fall through. */
  #alternatives(cases: readonly { readonly block: Value['block']; readonly body: () => void }[]): void {
    const { emitter } = this
    const { ssa } = emitter
    const after = ssa.createBlock()
    const before = emitter.held
    let joined: Set<Held> | undefined
    for (const { block, body } of cases) {
      ssa.enter(block)
      emitter.held = new Set(before)
      emitter.inScope('block', body)
      if (!emitter.reachable) continue
      if (joined !== undefined) this.#sameHeld(joined, 'where the ways through this statement meet')
      joined ??= emitter.held
      ssa.jump(after)
    }
    ssa.seal(after)
    emitter.held = joined ?? before
    if (joined !== undefined) ssa.enter(after)
  }

  #sameHeld(expected: ReadonlySet<Held>, where: string): void {
    const { held } = this.emitter
    const odd = [...held].find((h) => !expected.has(h)) ?? [...expected].find((h) => !held.has(h))
    if (odd === undefined) return
    throw new BuildError('LEAKED_REFERENCE', `this ${odd.type} is not released on every way`, odd.position, {
      details: `It is released on one way and held on another ${where}.`,
      hint: 'Release it inside the block that acquired it, on every way out of it.',
    })
  }

  #loop(word: string): Loop {
    const loop = this.#loops[this.#loops.length - 1]
    if (loop === undefined) throw new BuildError('NO_LOOP', `b.${word}() outside of a loop`, callerPosition())
    return loop
  }

  #reachable(what: string): void {
    if (this.emitter.reachable) return
    throw new BuildError(
      'UNREACHABLE',
      `this ${what} can never run: every way to it has returned`,
      callerPosition(),
    )
  }
}
