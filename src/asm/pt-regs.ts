/**
 * The registers a probed function was called with, by their role: kprobe programs get them as `bpf_user_pt_regs_t`,
 * which is another struct on each architecture. Like members of kernel structs, roles become offsets when a program is
 * loaded.
 */

/** What a program's instructions call that struct. No struct of the kernel is called so: there it is a typedef. */
export const registersStruct = 'bpf_user_pt_regs_t'

/** A register by what it is for when a function is called (the first six integer arguments) or returns. */
export type RegisterRole =
  | 'argument1'
  | 'argument2'
  | 'argument3'
  | 'argument4'
  | 'argument5'
  | 'argument6'
  | 'result'
  | 'stackPointer'
  | 'instructionPointer'

/**
 * Offsets of 8-byte registers. x86-64: `struct pt_regs` (arch/x86/include/uapi/asm/ptrace.h) and the System V calling
 * convention; arm64: `struct user_pt_regs` (arch/arm64/include/uapi/asm/ptrace.h) and AAPCS64. Architectures as Node.js
 * names them.
 */
const registers: Readonly<Record<'x64' | 'arm64', Readonly<Record<RegisterRole, number>>>> = {
  x64: {
    argument1: 112,
    argument2: 104,
    argument3: 96,
    argument4: 88,
    argument5: 72,
    argument6: 64,
    result: 80,
    stackPointer: 152,
    instructionPointer: 128,
  },
  arm64: {
    argument1: 0,
    argument2: 8,
    argument3: 16,
    argument4: 24,
    argument5: 32,
    argument6: 40,
    result: 0,
    stackPointer: 248,
    instructionPointer: 256,
  },
}

/** Where a register is in `bpf_user_pt_regs_t`; undefined for an architecture or a role that is not known. */
export function registerOffset(role: string, architecture: string): number | undefined {
  const known = Object.hasOwn(registers, architecture) ? registers[architecture as 'x64'] : undefined
  return known !== undefined && Object.hasOwn(known, role) ? known[role as RegisterRole] : undefined
}
