import { InstructionRangeError } from './errors.ts'
import { checkImm, checkInteger, rawInstruction, registerNumber } from './fields.ts'
import type { Instruction } from './instruction.ts'
import { callKind, instructionClass, jumpCode, operandSource } from './opcodes.ts'
import type { Register } from './registers.ts'

const callOpcode = instructionClass.jmp | jumpCode.call

/** Calls a helper by its number (`BPF_FUNC_*`); `name` is for listings, which else look the number up. */
export function callHelper(number: number, name?: string): Instruction {
  const imm = checkInteger('call helper', 'number', number, 0, 0x7fff_ffff)
  const symbol = name === undefined ? {} : { symbol: { kind: 'helper', name } as const }
  return rawInstruction({ opcode: callOpcode, src: callKind.helper, imm, ...symbol })
}

/** Calls a kernel function by name; the loader fills in its BTF id and module. */
export function callKfunc(name: string): Instruction {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new InstructionRangeError(`call kfunc: name must be a C identifier, got ${JSON.stringify(name)}`)
  }
  return rawInstruction({ opcode: callOpcode, src: callKind.kfunc, symbol: { kind: 'kfunc', name } })
}

/** Calls a kernel function by its BTF id; `module` is its BTF's index in `fd_array`, 0 for vmlinux. */
export function callKfuncById(btfId: number, module = 0): Instruction {
  return rawInstruction({
    opcode: callOpcode,
    src: callKind.kfunc,
    offset: checkInteger('call kfunc', 'module', module, 0, 0x7fff),
    imm: checkInteger('call kfunc', 'btfId', btfId, 0, 0x7fff_ffff),
  })
}

/**
 * Calls a function of this program, `distance` slots from the following instruction; leave it out for the
 * assembler to fill in.
 */
export function callLocal(distance = 0): Instruction {
  return rawInstruction({ opcode: callOpcode, src: callKind.local, imm: checkImm('call local', distance) })
}

/** `callx`: calls the address in a register. Compilers emit it; Linux refuses it at load. */
export function callRegister(target: Register): Instruction {
  return rawInstruction({
    opcode: callOpcode | operandSource.register,
    dst: registerNumber('callx', 'target', target),
  })
}
