import { formatPosition, type SourcePosition } from '../../diagnostics/source-position.ts'
import type {
  Callee,
  Comparison,
  FrameObject,
  FunctionGraph,
  Operation,
  Type,
  Value,
} from '../../ir/graph.ts'
import { type Outside, SsaBuilder } from '../../ir/ssa-builder.ts'
import type { FunctionPrototype, KfuncSpec, MapSpec, ProgramType } from '../../program.ts'
import type { Returns } from '../program/returns.ts'
import { callerPosition } from './caller.ts'
import { BuildError } from './errors.ts'
import type { Int, Net } from './values.ts'

/**
 * What the kernel can do that a program is built for, as far as it decides how statements are compiled. The loader
 * asks a kernel for it (`kernelFeatures`).
 */
export interface KernelFeatures {
  /** The helper `bpf_loop` (Linux 5.17); taken for granted when absent. */
  readonly bpfLoop?: boolean
  /** Open-coded iterators, `bpf_iter_num_new` and its like (Linux 6.4); used only where an author asks for them. */
  readonly openCodedIterators?: boolean
}

/** What is known of the program being written. */
export interface ProgramFacts {
  readonly type?: ProgramType
  readonly returns?: Returns | undefined
  readonly kernel?: KernelFeatures | undefined
}

/** A region of the program text; a value lives until the region it was made in is left. */
export interface Scope {
  readonly name: string
  readonly parent: Scope | undefined
  open: boolean
}

/** What to do when something is not there: return this verdict, or run this code, which must not fall through. */
export type Otherwise = number | (() => void)

/** Something acquired that must be given back: a kernel object, a record of a ring buffer, a lock. */
export interface Held {
  readonly type: string
  readonly position: SourcePosition | undefined
  /** What must happen to it, as a past participle; `released` when absent. */
  readonly ended?: string
}

/** A use of a reference into the packet. */
export interface PacketUse {
  readonly what: string
  /** {@link Emitter.packetGeneration} when the reference was made. */
  readonly generation: number
  /** Where the reference was made. */
  readonly scope: Scope
  readonly position: SourcePosition | undefined
}

/** What `b.return` does with its value, which depends on the function. */
export interface FunctionEnd {
  /** The value as this function returns it. @throws {BuildError} when it is not of its type */
  result(value: Result): Value | undefined
  /** Returns: to the caller, or out of the loop whose body is a function of its own. */
  finish(result: Value | undefined, position: SourcePosition | undefined): void
}

/** What can be returned. */
export type Result = number | bigint | Int | Net | undefined

/** A loop being written. */
export interface Loop {
  readonly proceed: () => void
  readonly leave: () => void
  /** What must be done before the function is left from inside. */
  readonly cleanUp?: () => void
  /** How often its body runs at most, as far as the verifier goes through every turn. */
  readonly turns: number
}

/** A function being written. */
interface Writing {
  readonly ssa: SsaBuilder
  readonly end: FunctionEnd
  readonly loops: Loop[]
  readonly scopes: Scope[]
}

/** A function besides the entry, written. */
export interface WrittenFunction {
  readonly graph: FunctionGraph
  readonly prototype?: FunctionPrototype
}

/** What all parts of the DSL share while one program is written. Not for authors: see `ProgramBuilder`. */
export class Emitter {
  readonly maps = new Map<string, MapSpec>()
  readonly kfuncs = new Map<string, KfuncSpec>()
  /** Every function of the program, the entry first. */
  readonly functions: WrittenFunction[] = []
  /** Changes whenever the packet may have moved in memory: references into it from before are no longer valid. */
  packetGeneration = 0
  #packetMoves = 0
  /** Each reads the pointers into a packet again where they are out of date, if that packet is still there. */
  readonly packetReaders: (() => void)[] = []
  /** For each loop around the place being written, the innermost last: what it uses of the packet. */
  packetUses: PacketUse[][] = []
  /** Objects acquired and not yet released on the path being written. */
  held = new Set<Held>()
  /** The spin lock that is taken at the place being written: the kernel allows no call until it is given back. */
  locked: Held | undefined
  /**
   * Goes on where a comparison holds; elsewhere runs `otherwise`, which must not fall through. Set by the statements
   * about control flow, which build on this class.
   */
  orElse: (comparison: Comparison, left: Value, right: Value, otherwise: Otherwise) => void = () => {
    throw new Error('no control flow yet')
  }
  readonly name: string
  /** What the program may return; anything when undefined. */
  readonly returns: Returns | undefined
  /** The type of the program, which decides what helpers it may call; any when undefined. */
  readonly programType: ProgramType | undefined
  /** What the kernel can do that will run the program. */
  readonly kernel: KernelFeatures
  #function: Writing
  readonly #names = new Set<string>()

  /** @param end makes the end of the entry function */
  constructor(name: string, end: (emitter: Emitter) => FunctionEnd, about: ProgramFacts = {}) {
    this.name = name
    this.returns = about.returns
    this.programType = about.type
    this.kernel = about.kernel ?? {}
    this.#names.add(name)
    const ssa = new SsaBuilder(name)
    const scopes = [{ name: 'program', parent: undefined, open: true }]
    this.#function = { ssa, end: end(this), loops: [], scopes }
    this.functions.push({ graph: ssa.graph })
  }

  /** The function being written. */
  get ssa(): SsaBuilder {
    return this.#function.ssa
  }

  /** How the function being written ends. */
  get end(): FunctionEnd {
    return this.#function.end
  }

  /** The loops around the place being written that are in the same function, the innermost last. */
  get loops(): Loop[] {
    return this.#function.loops
  }

  /** Whether control can come to the place being written. */
  get reachable(): boolean {
    return this.ssa.current !== undefined
  }

  get scope(): Scope {
    const { scopes } = this.#function
    const scope = scopes[scopes.length - 1]
    if (scope === undefined) throw new Error('no scope is open')
    return scope
  }

  /** Runs `body` in a scope of its own. */
  inScope(name: string, body: () => void): void {
    const { scopes } = this.#function
    const scope = { name, parent: this.scope, open: true }
    scopes.push(scope)
    try {
      body()
    } finally {
      scope.open = false
      scopes.pop()
    }
  }

  /**
   * Writes another function of the program. What is held, and where the packet is, stays as it is: the caller of this
   * decides what the function knows of it.
   *
   * @param name made different from the names of all other functions
   */
  inFunction(
    name: string,
    options: { readonly end: FunctionEnd; readonly outside: Outside; readonly prototype?: FunctionPrototype },
    body: () => void,
  ): FunctionGraph {
    const around = this.#function
    const ssa = new SsaBuilder(this.#unusedName(name), options.outside)
    const { prototype } = options
    this.functions.push({ graph: ssa.graph, ...(prototype === undefined ? {} : { prototype }) })
    this.#function = { ssa, end: options.end, loops: [], scopes: [this.scope] }
    try {
      this.inScope('function', body)
    } finally {
      this.#function = around
    }
    return ssa.graph
  }

  #unusedName(name: string): string {
    let unused = name
    for (let i = 2; this.#names.has(unused); i++) unused = `${name}_${i}`
    this.#names.add(unused)
    return unused
  }

  /** Appends an operation at the current place. @throws {BuildError} where control cannot come */
  emit(op: Operation, type: Type, args: Value[] = [], position = callerPosition()): Value {
    this.checkReachable('statement', position)
    return this.ssa.emit(op, type, args, position)
  }

  /** Appends a call. */
  call(callee: Callee, type: Type, args: Value[]): Value {
    if (this.locked !== undefined) {
      const { position } = this.locked
      throw new BuildError(
        'LOCKED',
        `${callee.name} cannot be called while a spin lock is held`,
        callerPosition(),
        {
          details: position === undefined ? '' : `It is taken at ${formatPosition(position)}.`,
          hint: 'Call it before or behind b.lock(…) and keep the result in a variable.',
        },
      )
    }
    return this.emit({ kind: 'call', callee }, type, args)
  }

  /** Reserves stack memory; errors about the stack name the author's line. */
  frameObject(name: string, size: number, align: number): FrameObject {
    return this.ssa.frameObject(name, size, align, callerPosition())
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

  /** Notes a use of a reference into the packet: a loop around it may bring control back with the packet moved. */
  usePacket(use: PacketUse): void {
    for (const uses of this.packetUses) uses.push(use)
  }

  /** Notes that the statement being written may move the packet. */
  movePacket(): void {
    this.packetGeneration = ++this.#packetMoves
  }

  /** How often the packet may have moved in what is written so far, on any way. */
  get packetMoves(): number {
    return this.#packetMoves
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
