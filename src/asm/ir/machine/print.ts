import { pseudoC } from '../../text/pseudo-c.ts'
import { instructionOf, type MachineFunction, type MachineInstruction } from './code.ts'

/**
 * Machine code as text, block by block: pseudo-C, with `r16` and above for virtual registers, and behind a `;` the
 * loop depth of a block, the stack object that an offset is relative to and the member that a load reads.
 */
export function printMachineCode(code: MachineFunction): string {
  const lines = code.blocks.flatMap((block) => [
    `b${block.id}:${block.loopDepth > 0 ? `  ; loop depth ${block.loopDepth}` : ''}`,
    ...block.instructions.map((instruction) => `  ${printMachineInstruction(instruction)}`),
  ])
  return [`function ${code.name}`, ...lines, ''].join('\n')
}

/** One machine instruction as text. */
export function printMachineInstruction(machine: MachineInstruction): string {
  const { frame, target, symbol } = machine
  const notes = [
    ...(frame === undefined ? [] : [`frame${frame.id} ${JSON.stringify(frame.name)}`]),
    ...(symbol?.kind === 'field' ? [`${symbol.struct}::${symbol.path}`] : []),
  ]
  const where = target === undefined ? machine.function : `b${target.id}`
  const text = pseudoC(instructionOf(machine), where)
  return notes.length === 0 ? text : `${text}  ; ${notes.join(', ')}`
}
