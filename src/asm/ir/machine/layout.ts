import { inverse } from '../arithmetic.ts'
import type { Comparison, FrameObject } from '../graph.ts'
import type { MachineBlock, MachineFunction, MachineInstruction } from './code.ts'
import { jumpOpcode, opcode } from './instructions.ts'

/**
 * Decides the order of the blocks and removes the jumps that this makes needless. Blocks that several others leave
 * through (a shared `return`) go behind one that always does, or else to the end, so that the usual way falls through.
 */
export function orderBlocks(code: MachineFunction): void {
  skipEmptyBlocks(code)
  mergeEqualBlocks(code)
  const predecessors = new Map<MachineBlock, number>()
  for (const block of code.blocks)
    for (const next of block.successors) predecessors.set(next, (predecessors.get(next) ?? 0) + 1)
  const exits = new Set(
    code.blocks.filter((block) => block.successors.length === 0 && (predecessors.get(block) ?? 0) > 1),
  )
  const last = new Map<MachineBlock, MachineBlock>()
  for (const block of code.blocks) {
    const [only, ...others] = block.successors
    if (only !== undefined && others.length === 0 && exits.has(only)) last.set(only, block)
  }
  const exitBehind = new Map([...last].map(([exit, block]) => [block, exit]))
  const usual = inFallThroughOrder(code.blocks.filter((block) => !exits.has(block))).flatMap((block) => [
    block,
    ...[exitBehind.get(block)].filter((exit) => exit !== undefined),
  ])
  code.blocks = [...usual, ...[...exits].filter((exit) => !last.has(exit))]
  code.blocks.forEach((block, i) => {
    straighten(block, code.blocks[i + 1])
  })
}

/**
 * The given order, but for tests of bits: they cannot be inverted, so what follows when no bit is set has to stand
 * behind them.
 */
function inFallThroughOrder(blocks: readonly MachineBlock[]): MachineBlock[] {
  const order: MachineBlock[] = []
  const waiting = new Set(blocks)
  for (const block of blocks) {
    for (
      let next: MachineBlock | undefined = block;
      next !== undefined && waiting.delete(next);
      next = fixedFallThrough(next)
    )
      order.push(next)
  }
  return order
}

/** Where a block goes when its test fails, if that has to stand behind it. */
function fixedFallThrough(block: MachineBlock): MachineBlock | undefined {
  const [branch, jump] = block.instructions.slice(-2)
  if (branch?.target === undefined || branch.opcode === opcode.jump || jump?.opcode !== opcode.jump)
    return undefined
  return invert(branch) === undefined ? jump.target : undefined
}

/** Lets blocks with the same instructions be one: ways to a shared place that bring the same constant there. */
function mergeEqualBlocks(code: MachineFunction): void {
  const kept: MachineBlock[] = []
  const instead = new Map<MachineBlock, MachineBlock>()
  const [entry] = code.blocks
  for (const block of code.blocks) {
    const same =
      block === entry
        ? undefined
        : kept.find(
            (other) =>
              other !== entry &&
              other.instructions.length === block.instructions.length &&
              other.instructions.every((it, i) => sameInstruction(it, block.instructions[i])),
          )
    if (same === undefined) kept.push(block)
    else instead.set(block, same)
  }
  if (instead.size === 0) return
  const resolve = (block: MachineBlock): MachineBlock => instead.get(block) ?? block
  for (const block of kept) {
    for (const it of block.instructions) if (it.target !== undefined) it.target = resolve(it.target)
    block.successors = [...new Set(block.successors.map(resolve))]
  }
  code.blocks = kept
  mergeEqualBlocks(code)
}

function sameInstruction(a: MachineInstruction, b: MachineInstruction | undefined): boolean {
  return (
    b !== undefined &&
    a.opcode === b.opcode &&
    a.dst === b.dst &&
    a.src === b.src &&
    a.offset === b.offset &&
    a.imm === b.imm &&
    a.imm64 === b.imm64 &&
    a.function === b.function &&
    a.target === b.target &&
    JSON.stringify(a.symbol) === JSON.stringify(b.symbol)
  )
}

/** Jumps past blocks that only jump on: their copies were all coalesced away. */
export function skipEmptyBlocks(code: MachineFunction): void {
  const onward = (block: MachineBlock): MachineBlock => {
    let current = block
    const seen = new Set<MachineBlock>()
    for (;;) {
      const [only, more] = current.instructions
      if (
        only?.opcode !== opcode.jump ||
        only.target === undefined ||
        more !== undefined ||
        seen.has(current)
      )
        return current
      seen.add(current)
      current = only.target
    }
  }
  const [entry] = code.blocks
  for (const block of code.blocks) {
    for (const instruction of block.instructions)
      if (instruction.target !== undefined) instruction.target = onward(instruction.target)
    block.successors = block.successors.map(onward)
  }
  const reached = new Set(code.blocks.flatMap((block) => block.successors))
  code.blocks = code.blocks.filter(
    (block) => block === entry || (reached.has(block) && onward(block) === block),
  )
}

function straighten(block: MachineBlock, next: MachineBlock | undefined): void {
  const jump = block.instructions[block.instructions.length - 1]
  if (jump?.opcode !== opcode.jump) return
  const branch = block.instructions[block.instructions.length - 2]
  const conditional = branch?.target !== undefined && branch.opcode !== opcode.jump ? branch : undefined
  if (jump.target === next) {
    block.instructions.pop()
  } else if (conditional?.target !== undefined && conditional.target === next) {
    const inverted = invert(conditional)
    if (inverted === undefined) return
    conditional.opcode = inverted
    conditional.target = jump.target as MachineBlock
    block.instructions.pop()
  }
}

const comparisons: readonly Comparison[] = [
  'eq',
  'ne',
  'gt',
  'ge',
  'lt',
  'le',
  'sgt',
  'sge',
  'slt',
  'sle',
  'set',
]

function invert(instruction: MachineInstruction): number | undefined {
  const bits = (instruction.opcode & 0x07) === 0x05 ? 64 : 32
  const fromRegister = (instruction.opcode & 0x08) !== 0
  const comparison = comparisons.find((c) => jumpOpcode(c, bits, fromRegister) === instruction.opcode)
  const opposite = comparison === undefined ? undefined : inverse[comparison]
  return opposite === undefined ? undefined : jumpOpcode(opposite, bits, fromRegister)
}

/** Marks how deep in loops each block is, from the edges that go back in the block order. */
export function markLoops(code: MachineFunction): void {
  const position = new Map(code.blocks.map((block, i) => [block, i]))
  code.blocks.forEach((block, end) => {
    for (const target of block.successors) {
      const start = position.get(target)
      if (start === undefined || start > end) continue
      for (const inside of code.blocks.slice(start, end + 1)) inside.loopDepth++
    }
  })
}

/** The stack objects that are left in the instructions. */
export function usedFrameObjects(code: MachineFunction): FrameObject[] {
  const used = new Set<FrameObject>()
  for (const block of code.blocks)
    for (const instruction of block.instructions)
      if (instruction.frame !== undefined) used.add(instruction.frame)
  return [...used]
}

/** Gives stack objects their offsets from r10 (downwards, aligned) and puts them into the instructions. */
export function layOutFrame(code: MachineFunction): void {
  const offsets = new Map<FrameObject, number>()
  let depth = 0
  for (const object of usedFrameObjects(code).sort((a, b) => b.align - a.align || a.id - b.id)) {
    depth = Math.ceil((depth + object.size) / object.align) * object.align
    offsets.set(object, -depth)
  }
  code.stackSize = depth
  for (const block of code.blocks) {
    for (const instruction of block.instructions) {
      if (instruction.frame === undefined) continue
      const base = offsets.get(instruction.frame) ?? 0
      // An address is made by adding an immediate to r10; an access has the offset in its own field.
      if ((instruction.opcode & 0x07) === 0x07) instruction.imm += base
      else instruction.offset += base
    }
  }
}
