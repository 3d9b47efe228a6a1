import { branchDistance, branchKind } from '../isa/branch.ts'
import { slotCount } from '../isa/encode.ts'
import type { Instruction } from '../isa/instruction.ts'
import { BadBranchError, DuplicateLabelError, FallsOffEndError, UnknownLabelError } from './errors.ts'
import type { Item } from './items.ts'

/** An instruction whose branch target, if it has one, is known as an index into the list of entries. */
export interface Entry {
  readonly instruction: Instruction
  /** Index of the item it comes from. */
  readonly item: number
  /** Index of the entry a branch goes to. */
  readonly target: number | undefined
  /** The target in words, for errors: a quoted label, or `slot N`. */
  readonly targetName: string
}

/** A program with every branch tied to its target. */
export interface Linked {
  readonly entries: readonly Entry[]
  /** Index of the entry that follows each label; the number of entries for labels at the end. */
  readonly labels: ReadonlyMap<string, number>
}

/** Ties branches to their targets: labels by name, numeric distances by the slots of the program as written. */
export function link(items: readonly Item[]): Linked {
  const labels = placeLabels(items)
  const slots = new SlotIndex(items)
  const entries: Entry[] = []
  items.forEach((item, index) => {
    if (item.kind === 'label') return
    const { instruction } = item
    const { target, targetName } =
      item.kind === 'branch'
        ? resolveLabel(item.target, instruction, index, labels, slots.count)
        : resolveDistance(instruction, index, entries.length, slots)
    entries.push({ instruction, item: index, target, targetName })
  })
  return { entries, labels }
}

function placeLabels(items: readonly Item[]): Map<string, number> {
  const labels = new Map<string, number>()
  const placedAt = new Map<string, number>()
  let count = 0
  items.forEach((item, index) => {
    if (item.kind !== 'label') {
      count++
      return
    }
    const first = placedAt.get(item.name)
    if (first !== undefined) throw new DuplicateLabelError(item.name, first, index, item.source)
    placedAt.set(item.name, index)
    labels.set(item.name, count)
  })
  return labels
}

type Target = Pick<Entry, 'target' | 'targetName'>

const nowhere: Target = { target: undefined, targetName: '' }

function resolveDistance(instruction: Instruction, item: number, entry: number, slots: SlotIndex): Target {
  const distance = branchDistance(instruction)
  return distance === undefined ? nowhere : slots.resolve(entry, distance, instruction, item)
}

function resolveLabel(
  name: string,
  instruction: Instruction,
  item: number,
  labels: ReadonlyMap<string, number>,
  count: number,
): Target {
  const target = labels.get(name)
  if (branchKind(instruction) === undefined) {
    throw new BadBranchError(
      `item ${item} goes to label ${JSON.stringify(name)}, but its instruction (opcode 0x${instruction.opcode.toString(16)}) is no branch`,
      instruction.source,
      'a branch is a jump, callLocal() or loadFunction()',
    )
  }
  if (target === undefined) throw new UnknownLabelError(name, item, labels.keys(), instruction.source)
  if (target === count) {
    throw new FallsOffEndError(
      `the branch at item ${item} goes to label ${JSON.stringify(name)}, which has no instruction after it`,
      instruction.source,
    )
  }
  return { target, targetName: JSON.stringify(name) }
}

/** Entries and the slots they begin at. */
class SlotIndex {
  readonly #starts: number[] = []
  readonly #entryAt = new Map<number, number>()
  readonly #end: number

  constructor(items: readonly Item[]) {
    let slot = 0
    for (const item of items) {
      if (item.kind === 'label') continue
      this.#entryAt.set(slot, this.#starts.length)
      this.#starts.push(slot)
      slot += slotCount(item.instruction)
    }
    this.#end = slot
  }

  get count(): number {
    return this.#starts.length
  }

  resolve(entry: number, distance: number, instruction: Instruction, item: number): Target {
    const slot = (this.#starts[entry] ?? 0) + 1 + distance
    const target = this.#entryAt.get(slot)
    if (target !== undefined) return { target, targetName: `slot ${slot}` }
    const where =
      slot < 0 || slot >= this.#end
        ? `outside the program (slots 0 to ${this.#end - 1})`
        : 'the second half of an ld_imm64'
    throw new BadBranchError(
      `the branch at item ${item} (distance ${distance}) goes to slot ${slot}, ${where}`,
      instruction.source,
      'branch to a label: the assembler counts the slots',
    )
  }
}
