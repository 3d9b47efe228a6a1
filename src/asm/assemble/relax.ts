import { branchKind, withBranchDistance } from '../isa/branch.ts'
import { slotCount } from '../isa/encode.ts'
import type { Instruction } from '../isa/instruction.ts'
import { gotol, ja } from '../isa/jump.ts'
import { instructionClass, jumpCode } from '../isa/opcodes.ts'
import { alike, type Layout, reaches } from './layout.ts'
import type { Entry } from './link.ts'

/**
 * Fills in distances. A jump whose target a 16-bit offset cannot reach becomes a `gotol`:
 *
 *     goto far             →  gotol far
 *     if a == b goto far   →  if a != b goto +1; gotol far
 *     if a & b goto far    →  if a & b goto +1; goto +1; gotol far     (no inverse; likewise may_goto)
 *
 * Lengthening one jump can push another out of reach, so layout is repeated until it settles.
 */
export function layOutWithGotol(entries: readonly Entry[]): Layout {
  const long = new Set<number>()
  for (;;) {
    const starts = layOut(entries, long)
    const before = long.size
    entries.forEach((entry, index) => {
      const distance = distanceOf(entry, index, starts)
      if (distance !== undefined && !reaches(entry.instruction, distance)) long.add(index)
    })
    if (long.size === before) return finish(entries, starts, long)
  }
}

function finish(entries: readonly Entry[], slots: readonly number[], long: ReadonlySet<number>): Layout {
  const instructions: Instruction[] = []
  const starts: number[] = []
  const counts: number[] = []
  entries.forEach((entry, index) => {
    starts.push(instructions.length)
    const distance = distanceOf(entry, index, slots)
    if (distance === undefined) {
      instructions.push(entry.instruction)
    } else if (long.has(index)) {
      instructions.push(...expand(entry.instruction, distance))
    } else {
      instructions.push(withBranchDistance(entry.instruction, distance))
    }
    counts.push(instructions.length - (starts[index] ?? 0))
  })
  return { instructions, starts, counts }
}

function layOut(entries: readonly Entry[], long: ReadonlySet<number>): number[] {
  const starts: number[] = []
  let slot = 0
  entries.forEach(({ instruction }, index) => {
    starts.push(slot)
    slot += long.has(index) ? longForm(instruction).length : slotCount(instruction)
  })
  return starts
}

function distanceOf({ target }: Entry, index: number, starts: readonly number[]): number | undefined {
  const from = starts[index]
  const to = target === undefined ? undefined : starts[target]
  return from === undefined || to === undefined ? undefined : to - from - 1
}

function expand(instruction: Instruction, distance: number): Instruction[] {
  const form = longForm(instruction)
  const last = form.length - 1
  return form.map((each, at) => (at === last ? withBranchDistance(each, distance - last) : each))
}

/** The instructions that reach any distance; the last one is the `gotol` to fill in. */
function longForm(instruction: Instruction): Instruction[] {
  const far = alike(instruction, gotol())
  if (branchKind(instruction) === 'goto') return [far]
  const inverse = invert(instruction)
  if (inverse !== undefined) return [withBranchDistance(inverse, 1), far]
  return [withBranchDistance(instruction, 1), alike(instruction, ja(1)), far]
}

const inverseCode = new Map<number, number>(
  (
    [
      ['jeq', 'jne'],
      ['jgt', 'jle'],
      ['jge', 'jlt'],
      ['jsgt', 'jsle'],
      ['jsge', 'jslt'],
    ] as const
  ).flatMap(([a, b]) => [
    [jumpCode[a], jumpCode[b]],
    [jumpCode[b], jumpCode[a]],
  ]),
)

function invert(instruction: Instruction): Instruction | undefined {
  const family = instruction.opcode & 0x07
  const code = inverseCode.get(instruction.opcode & 0xf0)
  if (code === undefined || (family !== instructionClass.jmp && family !== instructionClass.jmp32)) {
    return undefined
  }
  return Object.freeze({ ...instruction, opcode: (instruction.opcode & 0x0f) | code })
}
