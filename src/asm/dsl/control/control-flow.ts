import { formatPosition, type SourcePosition } from '../../diagnostics/source-position.ts'
import type { Block, Comparison, Value } from '../../ir/graph.ts'
import type { Variable as SsaVariable } from '../../ir/ssa-builder.ts'
import type { ScalarName, ScalarType } from '../../layout/scalar.ts'
import { callerPosition } from '../core/caller.ts'
import type { Condition, ConditionNode } from '../core/condition.ts'
import type { Emitter, Held, Loop, Otherwise, Result } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { type Expression, expression, type Int, literal, type Net, registerType } from '../core/values.ts'
import { leaveFunction } from './function-end.ts'
import { checkNothingHeld, checkSameHeld } from './held.ts'
import { dispatch, type SwitchCases, type SwitchList, switchTargets } from './switch.ts'

/** A mutable local; reading it gives its value at that place. */
export interface LocalVariable<N extends ScalarName> {
  get(): Expression<N>
  set(value: Expression<N> | number | bigint): void
}

/** One way through a statement. */
interface Way {
  readonly block: Block
  readonly body: () => void
}

/** Branches, returns and variables: the part of the builder that decides what runs. */
export class ControlFlow {
  /** Not for authors: what the parts of the DSL share. */
  readonly emitter: Emitter

  constructor(emitter: Emitter) {
    this.emitter = emitter
    emitter.orElse = (...args) => this.orElse(...args)
  }

  /** Runs `then` where the condition holds, `otherwise` (if given) where it does not. */
  if(condition: Condition, then: () => void, otherwise?: () => void): void {
    const { ssa } = this.emitter
    const yes = ssa.createBlock()
    const no = ssa.createBlock()
    this.branchOn(condition, yes, no)
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

  /**
   * Runs the case of this value; no case goes on into the next one. Literals are those of the value's type, of
   * network-order values as they are read on the wire. Few cases are tried one after the other, more by halves.
   *
   * ```ts
   * b.switch(ip.protocol, { 6: () => tcp(), 17: () => udp(), default: () => b.return(TC_ACT_OK) })
   * b.switch(port, [[[80, 443], () => web()], [53, () => dns()]], () => other())
   * ```
   *
   * @param cases by literal, with `default` among them; or a list, where several literals can share a case
   * @throws {BuildError} for a literal that does not fit, or that two cases have
   */
  switch(value: Int | Net, cases: SwitchCases): void
  switch(value: Int | Net, cases: SwitchList, otherwise?: () => void): void
  switch(value: Int | Net, cases: SwitchCases | SwitchList, otherwise?: () => void): void {
    const { emitter } = this
    emitter.checkReachable('switch', callerPosition())
    const { targets, ways } = switchTargets(emitter, value, cases, otherwise)
    dispatch(emitter, value, targets, ways[0]?.block)
    this.#alternatives(ways)
  }

  /** Ends the function with this value: of a program its verdict, of a `void` function nothing. */
  return(value?: Result): void {
    const position = callerPosition()
    const where = position === undefined ? '' : `The program returns with it at ${formatPosition(position)}.`
    checkNothingHeld(this.emitter, where, 'return')
    this.emitter.checkReachable('return', position)
    leaveFunction(this.emitter, this.emitter.end.result(value), position)
  }

  /** A mutable local variable. Literals of network-order variables are as they are read on the wire. */
  variable<N extends ScalarName>(
    type: ScalarType<N>,
    initial: Expression<N> | number | bigint,
  ): LocalVariable<N> {
    const { emitter } = this
    const variable: SsaVariable = { name: type.name, type: registerType(type) }
    const { scope } = emitter
    const check = (what: string): void => {
      emitter.checkScope(scope, `a variable of type ${type.name}`)
      emitter.checkReachable(what)
    }
    const set = (value: Expression<N> | number | bigint): void => {
      const isLiteral = typeof value === 'number' || typeof value === 'bigint'
      const assigned = isLiteral ? literal(emitter, value, type) : value.ir
      check('assignment')
      emitter.ssa.write(variable, assigned)
    }
    const get = (): Expression<N> => {
      check('statement')
      return expression(emitter, type, emitter.ssa.read(variable)) as Expression<N>
    }
    set(initial)
    return { set, get }
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
    this.#alternatives([
      { block: whenTrue, body: yes },
      { block: whenFalse, body: no },
    ])
  }

  /** Not for authors: goes to one of two blocks. */
  branchOn(condition: Condition, yes: Block, no: Block): void {
    this.#branchOn(condition.node, yes, no)
  }

  #branchOn(node: ConditionNode, yes: Block, no: Block): void {
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
  #alternatives(ways: readonly Way[]): void {
    const { emitter } = this
    const { ssa } = emitter
    const after = ssa.createBlock()
    const before = emitter.held
    const generation = emitter.packetGeneration
    const generations: number[] = []
    let joined: Set<Held> | undefined
    for (const { block, body } of ways) {
      ssa.seal(block)
      ssa.enter(block)
      emitter.held = new Set(before)
      emitter.packetGeneration = generation
      emitter.inScope('block', body)
      if (!emitter.reachable) continue
      generations.push(emitter.packetGeneration)
      if (joined !== undefined) checkSameHeld(emitter, joined, 'where the ways through this statement meet')
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

  #loop(word: string): Loop {
    const { loops } = this.emitter
    const loop = loops[loops.length - 1]
    if (loop === undefined) throw new BuildError('NO_LOOP', `b.${word}() outside of a loop`, callerPosition())
    return loop
  }
}
