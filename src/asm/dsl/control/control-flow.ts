import type { SourcePosition } from '../../diagnostics/source-position.ts'
import { formatPosition } from '../../diagnostics/source-position.ts'
import type { Comparison, Value } from '../../ir/graph.ts'
import type { Variable as SsaVariable } from '../../ir/ssa-builder.ts'
import { type HostName, type ScalarType, u32 } from '../../layout/scalar.ts'
import { callerPosition } from '../core/caller.ts'
import type { Condition, ConditionNode } from '../core/condition.ts'
import type { Emitter, Held, Otherwise } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { Int, literal, registerType } from '../core/values.ts'
import { checkReturned } from '../program/returns.ts'

/** A mutable local; reading it gives its value at that place. */
export interface LocalVariable<N extends HostName> {
  get(): Int<N>
  set(value: Int<N> | number | bigint): void
}

interface Loop {
  readonly proceed: () => void
  readonly leave: () => void
}

/** Branches, loops, returns and variables: the part of the builder that decides what runs. */
export class ControlFlow {
  /** Not for authors: what the parts of the DSL share. */
  readonly emitter: Emitter
  readonly #loops: Loop[] = []

  constructor(emitter: Emitter) {
    this.emitter = emitter
    emitter.orElse = (...args) => this.orElse(...args)
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

  /** Goes on where the condition holds; elsewhere runs `otherwise`, which must not fall through. */
  require(condition: Condition, options: { readonly otherwise: Otherwise }): void {
    const { ssa } = this.emitter
    const position = callerPosition()
    const [proceed, leave] = [ssa.createBlock(), ssa.createBlock()]
    this.#branchOn(condition.node, proceed, leave)
    this.#leave(proceed, leave, options.otherwise, position)
  }

  /** Ends the program with this value (a verdict, for programs that have one). */
  return(value: number | Int): void {
    const position = callerPosition()
    if (typeof value === 'number') checkReturned(this.emitter.name, this.emitter.returns, value, position)
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
    this.emitter.checkReachable('return')
    this.emitter.ssa.return(result, position)
  }

  /** A mutable local variable. */
  variable<N extends HostName>(type: ScalarType<N>, initial: Int<N> | number | bigint): LocalVariable<N> {
    const { emitter } = this
    const variable: SsaVariable = { name: type.name, type: registerType(type) }
    const { scope } = emitter
    const check = (what: string): void => {
      emitter.checkScope(scope, `a variable of type ${type.name}`)
      emitter.checkReachable(what)
    }
    const set = (value: Int<N> | number | bigint): void => {
      const assigned = value instanceof Int ? value.ir : literal(emitter, value, type)
      check('assignment')
      emitter.ssa.write(variable, assigned)
    }
    const get = (): Int<N> => {
      check('statement')
      return new Int(emitter, type, emitter.ssa.read(variable))
    }
    set(initial)
    return { set, get }
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
      emitter.checkReachable(word)
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

  /** Not for authors: goes on where the comparison holds; elsewhere runs `otherwise`, which must not fall through. */
  orElse(comparison: Comparison, left: Value, right: Value, otherwise: Otherwise): void {
    const { ssa } = this.emitter
    const position = callerPosition()
    const [proceed, leave] = [ssa.createBlock(), ssa.createBlock()]
    ssa.branch(comparison, left, right, proceed, leave, position)
    this.#leave(proceed, leave, otherwise, position)
  }

  #leave(
    proceed: Value['block'],
    leave: Value['block'],
    otherwise: Otherwise,
    position: SourcePosition | undefined,
  ): void {
    const { ssa } = this.emitter
    ssa.seal(proceed)
    ssa.seal(leave)
    ssa.enter(leave)
    const { held, packetGeneration } = this.emitter
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
    this.emitter.packetGeneration = packetGeneration
    ssa.enter(proceed)
  }

  /** Not for authors: both ways of a comparison. */
  ifElse(comparison: Comparison, left: Value, right: Value, yes: () => void, no: () => void): void {
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
      this.emitter.checkReachable('condition')
      this.emitter.checkScope(node.scope, 'a condition')
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
    const generation = emitter.packetGeneration
    const generations: number[] = []
    let joined: Set<Held> | undefined
    for (const { block, body } of cases) {
      ssa.enter(block)
      emitter.held = new Set(before)
      emitter.packetGeneration = generation
      emitter.inScope('block', body)
      if (!emitter.reachable) continue
      generations.push(emitter.packetGeneration)
      if (joined !== undefined) this.#sameHeld(joined, 'where the ways through this statement meet')
      joined ??= emitter.held
      ssa.jump(after)
    }
    ssa.seal(after)
    emitter.held = joined ?? before
    emitter.packetGeneration = generations[0] ?? generation
    // It has moved on some ways, or differently: no reference from before is good on all of them.
    if (generations.some((other) => other !== generations[0])) emitter.movePacket()
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
}
