import type { Instruction } from '../isa/instruction.ts'
import { callKind, instructionClass, jumpCode } from '../isa/opcodes.ts'
import { helperName, helperNumber } from './helper-names.ts'
import { isLabelName } from './label-name.ts'
import { mnemonic } from './mnemonic.ts'
import { hasPlainForm } from './plain-form.ts'
import { pseudoC, rawFields } from './pseudo-c.ts'
import type { Syntax } from './syntax.ts'
import { nameTargets, slotStarts, type TargetNames, targetSlot } from './target-names.ts'

/** How {@link programText} prints. */
export interface ProgramTextOptions extends TargetNames {
  /** `pseudo-c` unless told. */
  readonly syntax?: Syntax
}

/**
 * @returns a program as text that {@link parse} reads and `assemble` turns into the same instructions, bit
 *   for bit: an instruction a line, indented, and labels at the targets of branches.
 *
 * A name that stands for a number yet to be filled in (a map, a kfunc) is printed instead of the number; an
 * instruction with bits set that its form does not show is printed field by field, as
 * `<opcode 0xbf dst 1 src 2 offset 0 imm 7>`.
 */
export function programText(instructions: readonly Instruction[], options: ProgramTextOptions = {}): string {
  const { syntax = 'pseudo-c' } = options
  const slots = slotStarts(instructions)
  const called = calledNames(instructions)
  const names = nameTargets(instructions, slots, options, (name) => isLabelName(name) && !called.has(name))
  const begins = new Set(slots.slice(0, -1))
  const lines: string[] = []
  instructions.forEach((instruction, index) => {
    const slot = slots[index] ?? 0
    for (const name of names.get(slot) ?? []) lines.push(`${name}:\n`)
    const target = targetSlot(instruction, slot)
    const name = target !== undefined && begins.has(target) ? names.get(target)?.[0] : undefined
    lines.push(`  ${printInstruction(instruction, syntax, name)}\n`)
  })
  return lines.join('')
}

const callHelperOpcode = instructionClass.jmp | jumpCode.call

function printInstruction(instruction: Instruction, syntax: Syntax, target: string | undefined): string {
  if (!hasPlainForm(instruction)) return rawFields(instruction)
  const { symbol, imm } = instruction
  if (syntax === 'mnemonic') return mnemonic(instruction, target)
  if (symbol?.kind === 'kfunc' && helperNumber(symbol.name) !== undefined) return `call kfunc ${symbol.name}`
  // A helper can be called by another name in listings; here the name must lead back to the number.
  if (symbol?.kind === 'helper' && symbol.name !== helperName(imm)) {
    const { symbol: _, ...bare } = instruction
    return pseudoC(bare, target)
  }
  return pseudoC(instruction, target)
}

function calledNames(instructions: readonly Instruction[]): ReadonlySet<string> {
  const names = instructions.flatMap(({ opcode, src, imm, symbol }) => {
    if (symbol !== undefined && 'name' in symbol) return [symbol.name]
    const name = opcode === callHelperOpcode && src === callKind.helper ? helperName(imm) : undefined
    return name === undefined ? [] : [name]
  })
  return new Set(names)
}
