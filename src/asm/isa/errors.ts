import type { ErrorContext } from '../diagnostics/error.ts'
import { TsbpfError } from '../diagnostics/error.ts'

/** An instruction was asked for with a field that its encoding cannot hold or the instruction does not allow. */
export class InstructionRangeError extends TsbpfError {
  constructor(message: string, context: ErrorContext = {}) {
    super('INSTRUCTION_RANGE', message, context)
  }
}

/** Bytes are not a BPF program. */
export class InstructionDecodeError extends TsbpfError {
  /** Slot (8 bytes each, counted from 0) at which decoding stopped. */
  readonly slot: number

  constructor(slot: number, message: string, context: ErrorContext = {}) {
    super('INSTRUCTION_DECODE', `slot ${slot}: ${message}`, context)
    this.slot = slot
  }
}
