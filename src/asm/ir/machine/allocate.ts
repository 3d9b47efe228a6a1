import {
  allocatable,
  definitions,
  firstVirtual,
  hasPseudoSource,
  isMove,
  type MachineFunction,
  type MachineInstruction,
  uses,
} from './code.ts'
import { liveOut } from './liveness.ts'
import { insertSpills } from './spill.ts'

/**
 * Register allocation by iterated register coalescing (George and Appel, 1996): colours the interference graph with
 * r0–r9, joins registers that a copy connects where that is known to be safe, and spills to the stack what does not
 * fit. On return every register is a real one and copies of a register to itself are gone.
 */
export function allocateRegisters(code: MachineFunction): void {
  const unspillable = new Set<number>()
  for (;;) {
    const colouring = new Colouring(code, unspillable)
    const { colours, spilled } = colouring.run()
    if (spilled.size === 0) {
      apply(code, colours)
      return
    }
    for (const register of insertSpills(code, spilled)) unspillable.add(register)
  }
}

function apply(code: MachineFunction, colours: ReadonlyMap<number, number>): void {
  const real = (register: number): number =>
    register < firstVirtual ? register : (colours.get(register) ?? 0)
  for (const block of code.blocks) {
    for (const instruction of block.instructions) {
      instruction.dst = real(instruction.dst)
      if (!hasPseudoSource(instruction)) instruction.src = real(instruction.src)
    }
    block.instructions = block.instructions.filter((i) => !(isMove(i) && i.dst === i.src))
  }
}

type Move = MachineInstruction

interface Allocation {
  readonly colours: ReadonlyMap<number, number>
  /** Registers to be spilled, each with the one it was joined with: those of one group can share a slot. */
  readonly spilled: ReadonlyMap<number, number>
}

/** One round of the algorithm; the names of the work lists are those of the paper. */
class Colouring {
  readonly #code: MachineFunction
  readonly #unspillable: ReadonlySet<number>
  readonly #adjacent: Set<number>[]
  readonly #degree: number[]
  readonly #cost: number[]
  readonly #moveList: Set<Move>[]
  readonly #alias = new Map<number, number>()
  readonly #simplifyWorklist = new Set<number>()
  readonly #freezeWorklist = new Set<number>()
  readonly #spillWorklist = new Set<number>()
  readonly #worklistMoves = new Set<Move>()
  readonly #activeMoves = new Set<Move>()
  readonly #selectStack: number[] = []
  readonly #onStack = new Set<number>()
  readonly #coalesced = new Set<number>()
  readonly #present = new Set<number>()

  constructor(code: MachineFunction, unspillable: ReadonlySet<number>) {
    this.#code = code
    this.#unspillable = unspillable
    const count = code.nextVirtual
    this.#adjacent = Array.from({ length: count }, () => new Set<number>())
    this.#moveList = Array.from({ length: count }, () => new Set<Move>())
    this.#degree = new Array<number>(count).fill(0)
    this.#cost = new Array<number>(count).fill(0)
    for (let register = 0; register < allocatable; register++)
      this.#degree[register] = Number.POSITIVE_INFINITY
  }

  run(): Allocation {
    this.#build()
    for (const register of this.#present) {
      if (register < firstVirtual) continue
      if (this.#degreeOf(register) >= allocatable) this.#spillWorklist.add(register)
      else if (this.#isMoveRelated(register)) this.#freezeWorklist.add(register)
      else this.#simplifyWorklist.add(register)
    }
    for (;;) {
      if (this.#simplifyWorklist.size > 0) this.#simplify()
      else if (this.#worklistMoves.size > 0) this.#coalesce()
      else if (this.#freezeWorklist.size > 0) this.#freeze()
      else if (this.#spillWorklist.size > 0) this.#selectSpill()
      else break
    }
    return this.#assign()
  }

  #build(): void {
    const out = liveOut(this.#code)
    for (const block of this.#code.blocks) {
      const live = new Set(out.get(block))
      const weight = 10 ** Math.min(block.loopDepth, 4)
      for (let i = block.instructions.length - 1; i >= 0; i--) {
        const instruction = block.instructions[i]
        if (instruction === undefined) continue
        const written = definitions(instruction)
        const read = uses(instruction)
        for (const register of [...written, ...read]) {
          this.#present.add(register)
          this.#cost[register] = (this.#cost[register] ?? 0) + weight
        }
        if (isMove(instruction) && instruction.src !== 10) {
          live.delete(instruction.src)
          this.#moves(instruction.src).add(instruction)
          this.#moves(instruction.dst).add(instruction)
          this.#worklistMoves.add(instruction)
        }
        for (const register of written) live.add(register)
        for (const register of written) for (const other of live) this.#addEdge(other, register)
        for (const register of written) live.delete(register)
        for (const register of read) live.add(register)
      }
    }
  }

  #moves(register: number): Set<Move> {
    return this.#moveList[register] ?? new Set()
  }

  #neighbours(register: number): Set<number> {
    return this.#adjacent[register] ?? new Set()
  }

  #degreeOf(register: number): number {
    return this.#degree[register] ?? 0
  }

  #addEdge(a: number, b: number): void {
    if (a === b || this.#neighbours(a).has(b)) return
    this.#neighbours(a).add(b)
    this.#neighbours(b).add(a)
    if (a >= firstVirtual) this.#degree[a] = this.#degreeOf(a) + 1
    if (b >= firstVirtual) this.#degree[b] = this.#degreeOf(b) + 1
  }

  /** Neighbours that are still in the graph. */
  *#active(register: number): Generator<number> {
    for (const other of this.#neighbours(register))
      if (!this.#onStack.has(other) && !this.#coalesced.has(other)) yield other
  }

  *#nodeMoves(register: number): Generator<Move> {
    for (const move of this.#moves(register))
      if (this.#activeMoves.has(move) || this.#worklistMoves.has(move)) yield move
  }

  #isMoveRelated(register: number): boolean {
    return this.#nodeMoves(register).next().done !== true
  }

  #simplify(): void {
    for (const register of this.#simplifyWorklist) {
      this.#simplifyWorklist.delete(register)
      this.#selectStack.push(register)
      this.#onStack.add(register)
      for (const other of [...this.#active(register)]) this.#decrementDegree(other)
    }
  }

  #decrementDegree(register: number): void {
    if (register < firstVirtual) return
    const before = this.#degreeOf(register)
    this.#degree[register] = before - 1
    if (before !== allocatable) return
    this.#enableMoves([register, ...this.#active(register)])
    this.#spillWorklist.delete(register)
    if (this.#isMoveRelated(register)) this.#freezeWorklist.add(register)
    else this.#simplifyWorklist.add(register)
  }

  #enableMoves(registers: readonly number[]): void {
    for (const register of registers) {
      for (const move of [...this.#nodeMoves(register)]) {
        if (this.#activeMoves.delete(move)) this.#worklistMoves.add(move)
      }
    }
  }

  #aliasOf(register: number): number {
    let current = register
    while (this.#coalesced.has(current)) current = this.#alias.get(current) ?? current
    return current
  }

  #coalesce(): void {
    for (const move of this.#worklistMoves) {
      this.#worklistMoves.delete(move)
      const x = this.#aliasOf(move.dst)
      const y = this.#aliasOf(move.src)
      const [u, v] = y < firstVirtual ? [y, x] : [x, y]
      if (u === v) {
        this.#addWorklist(u)
      } else if (v < firstVirtual || this.#neighbours(u).has(v)) {
        this.#addWorklist(u)
        this.#addWorklist(v)
      } else if (u < firstVirtual ? this.#georgeTest(u, v) : this.#briggsTest(u, v)) {
        this.#combine(u, v)
        this.#addWorklist(u)
      } else {
        this.#activeMoves.add(move)
      }
      return
    }
  }

  #addWorklist(register: number): void {
    if (register < firstVirtual || this.#isMoveRelated(register) || this.#degreeOf(register) >= allocatable)
      return
    this.#freezeWorklist.delete(register)
    this.#simplifyWorklist.add(register)
  }

  /** Every neighbour of `v` either interferes with `u` already or is easy to colour. */
  #georgeTest(u: number, v: number): boolean {
    for (const t of this.#active(v))
      if (t >= firstVirtual && this.#degreeOf(t) >= allocatable && !this.#neighbours(t).has(u)) return false
    return true
  }

  /** The joined node would have fewer than K neighbours that are hard to colour. */
  #briggsTest(u: number, v: number): boolean {
    let hard = 0
    const counted = new Set<number>()
    for (const list of [this.#active(u), this.#active(v)]) {
      for (const t of list) {
        if (counted.has(t)) continue
        counted.add(t)
        const shared = this.#neighbours(u).has(t) && this.#neighbours(v).has(t) ? 1 : 0
        if (t < firstVirtual || this.#degreeOf(t) - shared >= allocatable) hard++
      }
    }
    return hard < allocatable
  }

  #combine(u: number, v: number): void {
    if (!this.#freezeWorklist.delete(v)) this.#spillWorklist.delete(v)
    this.#coalesced.add(v)
    this.#alias.set(v, u)
    for (const move of this.#moves(v)) this.#moves(u).add(move)
    this.#cost[u] = (this.#cost[u] ?? 0) + (this.#cost[v] ?? 0)
    this.#enableMoves([v])
    for (const t of [...this.#active(v)]) {
      this.#addEdge(t, u)
      this.#decrementDegree(t)
    }
    if (this.#degreeOf(u) >= allocatable && this.#freezeWorklist.delete(u)) this.#spillWorklist.add(u)
  }

  #freeze(): void {
    for (const register of this.#freezeWorklist) {
      this.#freezeWorklist.delete(register)
      this.#simplifyWorklist.add(register)
      this.#freezeMoves(register)
      return
    }
  }

  #freezeMoves(register: number): void {
    for (const move of [...this.#nodeMoves(register)]) {
      const x = this.#aliasOf(move.dst)
      const y = this.#aliasOf(move.src)
      const other = y === this.#aliasOf(register) ? x : y
      this.#activeMoves.delete(move)
      this.#worklistMoves.delete(move)
      if (other >= firstVirtual && !this.#isMoveRelated(other) && this.#degreeOf(other) < allocatable) {
        this.#freezeWorklist.delete(other)
        this.#simplifyWorklist.add(other)
      }
    }
  }

  #selectSpill(): void {
    let best: number | undefined
    let bestCost = Number.POSITIVE_INFINITY
    for (const register of this.#spillWorklist) {
      const cost = this.#unspillable.has(register)
        ? Number.MAX_VALUE
        : (this.#cost[register] ?? 0) / Math.max(1, this.#degreeOf(register))
      if (cost < bestCost) {
        best = register
        bestCost = cost
      }
    }
    if (best === undefined) return
    this.#spillWorklist.delete(best)
    this.#simplifyWorklist.add(best)
    this.#freezeMoves(best)
  }

  #assign(): Allocation {
    const colours = new Map<number, number>()
    const spilled = new Map<number, number>()
    for (let register = 0; register < allocatable; register++) colours.set(register, register)
    for (let register = this.#selectStack.pop(); register !== undefined; register = this.#selectStack.pop()) {
      const taken = new Set<number>()
      for (const other of this.#neighbours(register)) {
        const colour = colours.get(this.#aliasOf(other))
        if (colour !== undefined) taken.add(colour)
      }
      const colour = firstFree(taken)
      if (colour === undefined) spilled.set(register, register)
      else colours.set(register, colour)
    }
    for (const register of this.#coalesced) {
      const alias = this.#aliasOf(register)
      const colour = colours.get(alias)
      if (colour !== undefined) colours.set(register, colour)
      else if (spilled.has(alias)) spilled.set(register, alias)
    }
    return { colours, spilled }
  }
}

function firstFree(taken: ReadonlySet<number>): number | undefined {
  for (let colour = 0; colour < allocatable; colour++) if (!taken.has(colour)) return colour
  return undefined
}
