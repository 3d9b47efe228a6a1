import { InstructionRangeError } from './errors.ts'

/** A BPF register (RFC 9669 section 2). A value of its own so that it cannot be mistaken for an immediate. */
export interface Register {
  readonly kind: 'register'
  /** 0–10. */
  readonly number: number
}

function makeRegister(number: number): Register {
  return Object.freeze({ kind: 'register', number })
}

/** Return value of functions, and the exit value of programs. */
export const r0 = makeRegister(0)
/** First argument; the context on entry. Clobbered by calls, as r2–r5. */
export const r1 = makeRegister(1)
export const r2 = makeRegister(2)
export const r3 = makeRegister(3)
export const r4 = makeRegister(4)
export const r5 = makeRegister(5)
/** Preserved across calls, as r7–r9. */
export const r6 = makeRegister(6)
export const r7 = makeRegister(7)
export const r8 = makeRegister(8)
export const r9 = makeRegister(9)
/** Frame pointer, read-only: the stack is the 512 bytes below it. */
export const r10 = makeRegister(10)

/** r0 to r10, at their numbers. */
export const registers: readonly Register[] = Object.freeze([r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10])

/** @returns the register of that number. @throws {InstructionRangeError} unless it is 0–10. */
export function register(number: number): Register {
  const found = registers[number]
  if (found === undefined) {
    throw new InstructionRangeError(`register: number must be 0 to 10, got ${String(number)}`)
  }
  return found
}

/** @returns whether an operand is a register (and not an immediate). */
export function isRegister(operand: unknown): operand is Register {
  return typeof operand === 'object' && operand !== null && 'kind' in operand && operand.kind === 'register'
}
