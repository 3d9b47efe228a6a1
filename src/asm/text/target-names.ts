import { branchDistance, branchKind } from '../isa/branch.ts'
import { slotCount } from '../isa/encode.ts'
import type { Instruction } from '../isa/instruction.ts'

/** Names for the places of a program. */
export interface TargetNames {
  /** Names by index into the instructions, such as `Assembled.labels`; other targets are called L1, L2 … */
  readonly labels?: ReadonlyMap<string, number>
  /** Functions by name and index of their first instruction; they win over labels at the same place. */
  readonly functions?: readonly { readonly name: string; readonly start: number }[]
}

/** @returns the slot each instruction begins at, and at the end the number of slots. */
export function slotStarts(instructions: readonly Instruction[]): number[] {
  const starts = [0]
  let slot = 0
  for (const instruction of instructions) {
    slot += slotCount(instruction)
    starts.push(slot)
  }
  return starts
}

/** @returns the slot a branch goes to; undefined of other instructions. */
export function targetSlot(instruction: Instruction, slot: number): number | undefined {
  const distance = branchDistance(instruction)
  return distance === undefined ? undefined : slot + 1 + distance
}

/**
 * @returns names by slot: given ones, then `L1`, `F1` … for the targets left. Several labels can share a place.
 * @param usable whether a given name may be used, and nothing else is called by it
 */
export function nameTargets(
  instructions: readonly Instruction[],
  slots: readonly number[],
  { labels = new Map(), functions = [] }: TargetNames,
  usable: (name: string) => boolean = () => true,
): Map<number, string[]> {
  const names = new Map<number, string[]>()
  const taken = new Set<string>()
  const give = (name: string, slot: number | undefined): void => {
    if (slot === undefined || taken.has(name) || !usable(name)) return
    taken.add(name)
    names.set(slot, [...(names.get(slot) ?? []), name])
  }
  for (const { name, start } of functions) give(name, slots[start])
  for (const [name, index] of labels) give(name, slots[index])
  const targets = new Map<number, 'L' | 'F'>()
  instructions.forEach((instruction, index) => {
    const target = targetSlot(instruction, slots[index] ?? 0)
    if (target === undefined) return
    const kind = branchKind(instruction)
    if (kind === 'call' || kind === 'function') targets.set(target, 'F')
    else if (!targets.has(target)) targets.set(target, 'L')
  })
  const counts = { L: 0, F: 0 }
  for (const slot of slots.slice(0, -1)) {
    const letter = targets.get(slot)
    if (letter === undefined || names.has(slot)) continue
    let name: string
    do name = `${letter}${++counts[letter]}`
    while (taken.has(name) || !usable(name))
    give(name, slot)
  }
  return names
}
