import type { SourcePosition } from '../../diagnostics/source-position.ts'
import type { Callee, Comparison, Operation, Type, Value } from '../../ir/graph.ts'
import { SsaBuilder } from '../../ir/ssa-builder.ts'
import type { KfuncSpec, MapSpec, ProgramType } from '../../program.ts'
import type { Returns } from '../program/returns.ts'
import { callerPosition } from './caller.ts'
import { BuildError } from './errors.ts'

/** A region of the program text; a value lives until the region it was made in is left. */
export interface Scope {
  readonly name: string
  open: boolean
}

/** What to do when something is not there: return this verdict, or run this code, which must not fall through. */
export type Otherwise = number | (() => void)

/** An acquired kernel object that somebody must release. */
export interface Held {
  readonly type: string
  readonly position: SourcePosition | undefined
}

/** What all parts of the DSL share while one function is written. Not for authors: see `ProgramBuilder`. */
export class Emitter {
  readonly name: string
  /** What the program may return; anything when undefined. */
  readonly returns: Returns | undefined
  /** The type of the program, which decides what helpers it may call; any when undefined. */
  readonly programType: ProgramType | undefined
  readonly ssa: SsaBuilder
  readonly maps = new Map<string, MapSpec>()
  readonly kfuncs = new Map<string, KfuncSpec>()
  /** Changes whenever the packet may have moved in memory: references into it from before are no longer valid. */
  packetGeneration = 0
  #packetMoves = 0
  /** Objects acquired and not yet released on the path being written. */
  held = new Set<Held>()
  /**
   * Goes on where a comparison holds; elsewhere runs `otherwise`, which must not fall through. Set by the statements
   * about control flow, which build on this class.
   */
  orElse: (comparison: Comparison, left: Value, right: Value, otherwise: Otherwise) => void = () => {
    throw new Error('no control flow yet')
  }
  readonly #scopes: Scope[] = []

  constructor(name: string, returns?: Returns, programType?: ProgramType) {
    this.name = name
    this.returns = returns
    this.programType = programType
    this.ssa = new SsaBuilder(name)
    this.#scopes.push({ name: 'program', open: true })
  }

  /** Whether control can come to the place being written. */
  get reachable(): boolean {
    return this.ssa.current !== undefined
  }

  get scope(): Scope {
    const scope = this.#scopes[this.#scopes.length - 1]
    if (scope === undefined) throw new Error('no scope is open')
    return scope
  }

  /** Runs `body` in a scope of its own. */
  inScope(name: string, body: () => void): void {
    const scope = { name, open: true }
    this.#scopes.push(scope)
    try {
      body()
    } finally {
      scope.open = false
      this.#scopes.pop()
    }
  }

  /** Appends an operation at the current place. @throws {BuildError} where control cannot come */
  emit(op: Operation, type: Type, args: Value[] = [], position = callerPosition()): Value {
    this.checkReachable('statement', position)
    return this.ssa.emit(op, type, args, position)
  }

  /** Appends a call. */
  call(callee: Callee, type: Type, args: Value[]): Value {
    return this.emit({ kind: 'call', callee }, type, args)
  }

  /** @throws {BuildError} where control cannot come; `what` names what is written there */
  checkReachable(what: string, position?: SourcePosition): void {
    if (this.reachable) return
    throw new BuildError(
      'UNREACHABLE',
      `this ${what} can never run: every way to it has returned`,
      position ?? callerPosition(),
    )
  }

  constant(value: bigint, type: Type): Value {
    // Without a position, which takes longer to find than all the rest: a constant is nobody's line.
    this.checkReachable('statement')
    return this.ssa.constant(value, type)
  }

  /** Notes a map that the program uses; two different maps of one name are a mistake. */
  useMap(spec: MapSpec): void {
    const known = this.maps.get(spec.name)
    if (known !== undefined && known !== spec)
      throw new BuildError('MAP_NAME', `two different maps are called "${spec.name}"`, callerPosition())
    this.maps.set(spec.name, spec)
  }

  /** Notes that the statement being written may move the packet. */
  movePacket(): void {
    this.packetGeneration = ++this.#packetMoves
  }

  /** @throws {BuildError} when `scope` was left already */
  checkScope(scope: Scope, what: string): void {
    if (scope.open) return
    throw new BuildError(
      'OUT_OF_SCOPE',
      `${what} is used after the ${scope.name} it was made in has ended`,
      callerPosition(),
      { hint: 'Use it inside that block, or carry it out in a variable made before with b.variable(…).' },
    )
  }
}
