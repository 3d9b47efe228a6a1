import { branchKind } from '../isa/branch.ts'
import { withImm, withOffset } from '../isa/fields.ts'
import type { Instruction } from '../isa/instruction.ts'
import { callKind, loadImm64Kind, loadImm64Opcode } from '../isa/opcodes.ts'
import type { ProgramSpec } from '../program.ts'
import { registerOffset, registersStruct } from '../pt-regs.ts'
import { ElfError } from './error.ts'

/**
 * An instruction as libbpf wants to find it in an object, before it fills in what the relocations say.
 *
 * @param offsetOf where the object's own version of a kernel struct has a member
 * @param architecture of the machines that the object is for, as Node.js names it: where probed functions' arguments are
 * @throws {ElfError} for numbers that mean something in one process only
 */
export function forLoader(
  program: ProgramSpec,
  instruction: Instruction,
  offsetOf: (struct: string, path: string) => number,
  architecture: string,
): Instruction {
  const { symbol, opcode, src } = instruction
  const refuse = (what: string, hint = ''): never => {
    throw new ElfError(`program "${program.name}": ${what}`, hint)
  }
  const unknownRegister = (role: string): never =>
    refuse(`the register of ${role} is not known for ${architecture}`, 'Known: x64 and arm64.')
  if (symbol?.kind === 'field') {
    if (symbol.struct === registersStruct)
      return withOffset(
        instruction,
        registerOffset(symbol.path, architecture) ?? unknownRegister(symbol.path),
      )
    if ((opcode & 0x07) >= 4) return withImm(instruction, offsetOf(symbol.struct, symbol.path))
    if (instruction.offset !== 0)
      refuse(`${symbol.struct}.${symbol.path} is read in part`, 'Declare the member inside it.')
    return withOffset(instruction, offsetOf(symbol.struct, symbol.path))
  }
  // A relocated call is one of BPF_PSEUDO_CALL to -1, whatever it calls.
  if (symbol?.kind === 'kfunc') return withImm({ ...instruction, src: callKind.local, offset: 0 }, -1)
  const branch = branchKind(instruction)
  if (branch === 'call') return withImm(instruction, -1)
  if (branch === 'function') return withImm({ ...instruction, src: 0 }, 0)
  if (opcode === loadImm64Opcode && src !== loadImm64Kind.value) {
    if (symbol?.kind === 'map' && src === loadImm64Kind.mapValue) {
      if (program.maps.find(({ name }) => name === symbol.name)?.global === undefined)
        refuse(`it holds the address of a value of map "${symbol.name}"`, 'Only global data has one.')
      return withImm({ ...instruction, src: 0 }, Number((instruction.imm64 ?? 0n) >> 32n))
    }
    if (symbol?.kind !== 'map' || src !== loadImm64Kind.mapFd)
      refuse('it holds a file descriptor, an index or an id', 'Refer to maps by name, with loadMap.')
    return withImm({ ...instruction, src: 0 }, 0)
  }
  if (opcode === 0x85 && src === callKind.kfunc)
    refuse('it calls a kernel function by its id', 'Call it by name, with callKfunc.')
  return instruction
}
