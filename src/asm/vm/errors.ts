import { type ErrorContext, TsbpfError } from '../diagnostics/error.ts'
import type { Instruction } from '../isa/instruction.ts'
import { pseudoC } from '../text/pseudo-c.ts'

/** An instruction and where it stands: what every error of the interpreter names. */
export interface Place {
  readonly program: string
  /** Index into the program's instructions. */
  readonly index: number
  readonly instruction: Instruction
}

/** A program did something that the interpreter, like the kernel, does not let it do. */
export class VmError extends TsbpfError {
  readonly place: Place | undefined

  constructor(code: string, message: string, place: Place | undefined, context: ErrorContext = {}) {
    super(code, place === undefined ? message : `${describe(place)}: ${message}`, context)
    this.place = place
  }
}

/** An access to memory outside of every region, across the end of one, or a write to a read-only one. */
export class MemoryAccessError extends VmError {
  /** The first byte's address, all 64 bits. */
  readonly address: bigint

  constructor(message: string, address: bigint, place: Place | undefined, hint: string) {
    super('VM_MEMORY_ACCESS', message, place, { hint })
    this.address = address
  }
}

/** A program ran longer than it was allowed to. */
export class InstructionLimitError extends VmError {
  constructor(limit: number, place: Place | undefined) {
    super('VM_INSTRUCTION_LIMIT', `the program has run ${limit} instructions without an end`, place, {
      hint: 'Pass a higher instructionLimit if it is meant to run that long.',
    })
  }
}

/** A call of a helper or kfunc that nobody has given the interpreter. */
export class UnknownCallError extends VmError {
  constructor(what: string, option: 'helpers' | 'kfuncs', place: Place) {
    super('VM_UNKNOWN_CALL', `there is no ${what} in this interpreter`, place, {
      hint: `Give it one in the option "${option}".`,
    })
  }
}

/** Calls nested deeper than the kernel allows. */
export class CallDepthError extends VmError {
  constructor(limit: number, place: Place | undefined) {
    super('VM_CALL_DEPTH', `calls are nested deeper than ${limit} frames`, place)
  }
}

/** An instruction that cannot be interpreted: unknown, ill-formed, or about something that only a kernel has. */
export class UnsupportedInstructionError extends VmError {
  constructor(message: string, place: Place) {
    super('VM_UNSUPPORTED', message, place)
  }
}

function describe({ program, index, instruction }: Place): string {
  const { source } = instruction
  const from =
    source === undefined ? '' : `, ${source.file.slice(source.file.lastIndexOf('/') + 1)}:${source.line}`
  return `${program}, instruction ${index} (${pseudoC(instruction)}${from})`
}
