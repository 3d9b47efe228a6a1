import { loadImm64Opcode } from '../../isa/opcodes.ts'
import type { MachineBlock, MachineFunction, MachineInstruction } from './code.ts'
import { opcode } from './instructions.ts'
import { skipEmptyBlocks } from './layout.ts'

/**
 * Eight-byte slots that an end must have, besides a jump, to be worth a jump to it: where the program ends that jump
 * takes the place of `r0 = …; exit`, elsewhere it comes on top of what is executed.
 */
const worthwhile = { exit: 2, elsewhere: 3 }

/**
 * Lets blocks that end in the same instructions share that end (cross-jumping). Registers and stack offsets must be
 * real by now, and every block still ends in an unconditional jump or an exit.
 */
export function mergeTails(code: MachineFunction): void {
  const texts = new Map<MachineInstruction, string>()
  for (const block of code.blocks)
    for (const instruction of block.instructions) texts.set(instruction, describe(instruction))
  const same = (a: MachineInstruction, b: MachineInstruction): boolean =>
    a.target === b.target && texts.get(a) === texts.get(b)
  // Each merge can make the blocks before it end alike.
  do skipEmptyBlocks(code)
  while (mergeOnce(code, same, texts))
}

type Same = (a: MachineInstruction, b: MachineInstruction) => boolean

/** Merges the longest end that two blocks or more have in common. @returns false when there is none worth it */
function mergeOnce(code: MachineFunction, same: Same, texts: Map<MachineInstruction, string>): boolean {
  let best: { readonly length: number; readonly gain: number; readonly blocks: MachineBlock[] } | undefined
  for (const group of groupsByEnd(code)) {
    for (const [i, block] of group.entries()) {
      for (const other of group.slice(i + 1)) {
        const length = commonLength(block, other, same)
        const gain = gainOf(block, length)
        const enough = block.successors.length === 0 ? worthwhile.exit : worthwhile.elsewhere
        if (gain < enough || gain <= (best?.gain ?? 0)) continue
        best = { length, gain, blocks: group.filter((b) => commonLength(block, b, same) >= length) }
      }
    }
  }
  if (best === undefined) return false
  for (const jump of share(code, best.blocks, best.length)) texts.set(jump, describe(jump))
  return true
}

/** Blocks that end in a jump to the same place, or in an exit. */
function groupsByEnd(code: MachineFunction): Iterable<MachineBlock[]> {
  const groups = new Map<MachineBlock | undefined, MachineBlock[]>()
  for (const block of code.blocks) {
    const target = block.instructions[block.instructions.length - 1]?.target
    const group = groups.get(target)
    if (group === undefined) groups.set(target, [block])
    else group.push(block)
  }
  return groups.values()
}

function commonLength(a: MachineBlock, b: MachineBlock, same: Same): number {
  if (a === b) return a.instructions.length
  const [x, y] = [a.instructions, b.instructions]
  let length = 0
  while (length < x.length && length < y.length) {
    const [p, q] = [x[x.length - 1 - length], y[y.length - 1 - length]]
    if (p === undefined || q === undefined || !same(p, q)) break
    length++
  }
  return length
}

/** Slots that a second copy of an end takes; a jump at its end is likely to go away with the blocks' order. */
function gainOf(block: MachineBlock, length: number): number {
  return block.instructions
    .slice(block.instructions.length - length)
    .reduce((sum, { opcode: code }) => sum + (code === opcode.jump ? 0 : code === loadImm64Opcode ? 2 : 1), 0)
}

/** @returns the jumps that were made for it */
function share(code: MachineFunction, blocks: readonly MachineBlock[], length: number): MachineInstruction[] {
  const [entry] = code.blocks
  const whole = blocks.find((block) => block !== entry && block.instructions.length === length)
  const end = whole ?? newEnd(code, blocks, length)
  return blocks.flatMap((block) => {
    if (block === end) return []
    const kept = block.instructions.slice(0, block.instructions.length - length)
    const source = block.instructions[kept.length]?.source
    const jump = { opcode: opcode.jump, dst: 0, src: 0, offset: 0, imm: 0, source, target: end }
    block.instructions = [...kept, jump]
    block.successors = [end]
    return [jump]
  })
}

/** A block of its own for the end, behind the last of the blocks that have it. */
function newEnd(code: MachineFunction, blocks: readonly MachineBlock[], length: number): MachineBlock {
  const last = blocks.reduce((a, b) => (code.blocks.indexOf(a) > code.blocks.indexOf(b) ? a : b))
  const end: MachineBlock = {
    id: Math.max(...code.blocks.map(({ id }) => id)) + 1,
    instructions: last.instructions.slice(last.instructions.length - length),
    successors: last.successors,
    loopDepth: last.loopDepth,
  }
  code.blocks.splice(code.blocks.indexOf(last) + 1, 0, end)
  return end
}

/** Equal for instructions that do the same, wherever in the source they were written; without where a jump goes. */
function describe(instruction: MachineInstruction): string {
  const { opcode: code, dst, src, offset, imm, imm64, symbol, function: called } = instruction
  const numbers = `${code} ${dst} ${src} ${offset} ${imm} ${called ?? ''}`
  return symbol === undefined && imm64 === undefined
    ? numbers
    : `${numbers} ${imm64 ?? ''} ${JSON.stringify(symbol)}`
}
