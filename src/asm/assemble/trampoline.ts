import { isTerminator, withBranchDistance } from '../isa/branch.ts'
import { slotCount } from '../isa/encode.ts'
import type { Instruction } from '../isa/instruction.ts'
import { ja } from '../isa/jump.ts'
import { BranchRangeError } from './errors.ts'
import { alike, type Layout, reaches } from './layout.ts'
import type { Entry } from './link.ts'

/** An instruction in the making. */
interface Node {
  readonly instruction: Instruction
  /** Index of the entry it stands for; undefined of trampolines and of the jumps around them. */
  readonly entry: number | undefined
  /** Where control ends up, by however many trampolines. */
  readonly destination: Node | undefined
  /** Where it jumps itself: its destination, or a trampoline on the way. */
  next: Node | undefined
  slot: number
}

/** How far from a jump a trampoline is put: room is left for what is inserted between the two later on. */
const reach = 0x7000
/** Layouts that can be had settle in a pass or two for each trampoline on the longest way. */
const passLimit = 100

/**
 * Fills in distances without `gotol`: a jump whose target 16 bits do not reach goes there by trampolines,
 * `goto`s placed on the way, one for each 28,672 slots. Jumps to one target share them. A trampoline stands
 * where control does not come by, after an `exit` or `goto`; where there is none, a jump leads around it.
 *
 * @throws {BranchRangeError} when so many jumps with different targets cross a place that their trampolines
 *   push each other out of reach
 */
export function layOutWithTrampolines(entries: readonly Entry[]): Layout {
  let nodes = makeNodes(entries)
  // Where half of the program would be trampolines, each new one only pushes others out of reach.
  const slotLimit = 2 * number(nodes)
  for (let pass = 0; ; pass++) {
    const slots = number(nodes)
    const far = nodes.filter(isFar)
    if (far.length === 0) return finish(nodes)
    if (slots > slotLimit || pass === passLimit) throw rangeError(far, nodes, entries)
    const insertions = new Insertions(nodes)
    for (const node of far) node.next = insertions.hopFor(node)
    nodes = insertions.apply()
  }
}

function makeNodes(entries: readonly Entry[]): Node[] {
  const nodes: { -readonly [K in keyof Node]: Node[K] }[] = entries.map(({ instruction }, entry) => ({
    instruction,
    entry,
    destination: undefined,
    next: undefined,
    slot: 0,
  }))
  nodes.forEach((node, index) => {
    const target = entries[index]?.target
    node.destination = target === undefined ? undefined : nodes[target]
    node.next = node.destination
  })
  return nodes
}

/** Gives each node its slot. @returns the number of slots */
function number(nodes: readonly Node[]): number {
  let slot = 0
  for (const node of nodes) {
    node.slot = slot
    slot += slotCount(node.instruction)
  }
  return slot
}

function isFar(node: Node): boolean {
  return node.next !== undefined && !reaches(node.instruction, node.next.slot - node.slot - 1)
}

/** The trampolines of a program, and those to be inserted into it. */
class Insertions {
  readonly #nodes: readonly Node[]
  /** What comes after a node. */
  readonly #after = new Map<Node, Node[]>()
  readonly #hops = new Map<Node, Node[]>()
  /** By index of a node: the index of the nearest node at or before it that control does not fall through. */
  readonly #ended: Int32Array
  /** The same, at or behind it. */
  readonly #endedBehind: Int32Array
  /** Where the last trampoline was put; others may join it. */
  #latest: number | undefined

  constructor(nodes: readonly Node[]) {
    this.#nodes = nodes
    this.#ended = new Int32Array(nodes.length)
    this.#endedBehind = new Int32Array(nodes.length)
    let nearest = -1
    for (let index = 0; index < nodes.length; index++) {
      if (this.#ends(index)) nearest = index
      this.#ended[index] = nearest
    }
    for (let index = nodes.length - 1; index >= 0; index--) {
      if (this.#ends(index)) nearest = index
      this.#endedBehind[index] = nearest
    }
    for (const node of nodes) {
      if (node.entry === undefined && node.destination !== undefined) this.#remember(node, node.destination)
    }
  }

  /** @returns a trampoline that the jump reaches, on the way to where it goes. */
  hopFor(jump: Node): Node | undefined {
    const { destination } = jump
    if (destination === undefined) return undefined
    const forward = destination.slot > jump.slot
    let best: Node | undefined
    for (const hop of this.#hops.get(destination) ?? []) {
      const ahead = forward ? hop.slot - jump.slot : jump.slot - hop.slot
      const left = forward ? destination.slot - hop.slot : hop.slot - destination.slot
      if (hop === jump || ahead <= 0 || ahead > reach || left <= 0) continue
      if (best === undefined || (forward ? hop.slot > best.slot : hop.slot < best.slot)) best = hop
    }
    return best ?? this.#insert(jump, destination, forward)
  }

  apply(): Node[] {
    return this.#nodes.flatMap((node) => [node, ...(this.#after.get(node) ?? [])])
  }

  #insert(jump: Node, destination: Node, forward: boolean): Node | undefined {
    const place = this.#choosePlace(forward ? jump.slot + reach : jump.slot - reach, forward)
    const before = this.#nodes[place]
    const behind = this.#nodes[place + 1]
    if (before === undefined || behind === undefined) return destination
    const make = (to: Node, next: Node): Node => ({
      instruction: alike(jump.instruction, ja()),
      entry: undefined,
      destination: to,
      next,
      slot: before.slot,
    })
    const island = this.#after.get(before) ?? []
    this.#after.set(before, island)
    if (island.length === 0 && !isTerminator(before.instruction)) island.push(make(behind, behind))
    const hop = make(destination, destination)
    island.push(hop)
    this.#remember(hop, destination)
    return hop
  }

  /** The index of the node to insert after: the furthest that control does not fall through, else the furthest. */
  #choosePlace(limit: number, forward: boolean): number {
    const furthest = this.#indexOfSlot(limit)
    const candidates = [(forward ? this.#ended : this.#endedBehind)[furthest], this.#latest]
    const near = (index: number): boolean => {
      const ahead = limit - (this.#nodes[index]?.slot ?? Number.NEGATIVE_INFINITY)
      return forward ? ahead >= 0 && ahead < reach / 2 : ahead <= 0 && ahead > -reach / 2
    }
    const place = candidates.find((index) => index !== undefined && near(index)) ?? furthest
    this.#latest = place
    return place
  }

  /** The last node that begins at or before a slot. */
  #indexOfSlot(slot: number): number {
    let low = 0
    let high = this.#nodes.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#nodes[middle]?.slot ?? 0) <= slot) low = middle
      else high = middle - 1
    }
    return low
  }

  #ends(index: number): boolean {
    const node = this.#nodes[index]
    return node !== undefined && isTerminator(node.instruction)
  }

  #remember(hop: Node, destination: Node): void {
    const hops = this.#hops.get(destination)
    if (hops === undefined) this.#hops.set(destination, [hop])
    else hops.push(hop)
  }
}

function finish(nodes: readonly Node[]): Layout {
  const starts: number[] = []
  const counts: number[] = []
  const instructions = nodes.map(({ instruction, entry, next, slot }, index) => {
    if (entry !== undefined) {
      starts.push(index)
      counts.push(1)
    }
    return next === undefined ? instruction : withBranchDistance(instruction, next.slot - slot - 1)
  })
  return { instructions, starts, counts }
}

function rangeError(
  far: readonly Node[],
  nodes: readonly Node[],
  entries: readonly Entry[],
): BranchRangeError {
  // A trampoline is nobody's statement: name a jump that goes where it goes.
  const destinations = new Set(far.map(({ destination }) => destination))
  const jump =
    nodes.find((node) => node.entry !== undefined && destinations.has(node.destination)) ?? nodes[0]
  const entry = entries[jump?.entry ?? 0]
  const distance = (jump?.destination?.slot ?? 0) - (jump?.slot ?? 0) - 1
  return new BranchRangeError(entry?.targetName ?? '', entry?.item ?? 0, distance, entry?.instruction.source)
}
