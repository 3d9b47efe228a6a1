/** What the command's exit code says. Part of the interface: scripts depend on it. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  /** The command line, or a program given to it, cannot be meant. */
  usage: 2,
  /** What was asked for does not exist. */
  nothingThere: 3,
  /** The verifier rejected the program. */
  verifier: 4,
  /** The kernel lacks a feature, or this is not Linux. */
  kernel: 5,
  /** A capability is missing; the number is that of automake's "skip". */
  privilege: 77,
  /** Ctrl-C: 128 + SIGINT. */
  interrupted: 130,
} as const

const byErrorCode: ReadonlyMap<string, number> = new Map(
  Object.entries({
    INVALID_REQUEST: exitCodes.usage,
    NOT_YET: exitCodes.usage,
    PARSE: exitCodes.usage,
    INSTRUCTION_DECODE: exitCodes.usage,
    ELF_MALFORMED: exitCodes.usage,
    UNKNOWN_PASS: exitCodes.usage,
    ASSEMBLE_BAD_BRANCH: exitCodes.usage,
    ASSEMBLE_BRANCH_RANGE: exitCodes.usage,
    ASSEMBLE_CPU_LEVEL: exitCodes.usage,
    ASSEMBLE_FALLS_OFF_END: exitCodes.usage,
    NOT_FOUND: exitCodes.nothingThere,
    VERIFIER: exitCodes.verifier,
    KERNEL_FEATURE: exitCodes.kernel,
    KERNEL_MODULE: exitCodes.kernel,
    KERNEL_TYPE: exitCodes.kernel,
    NOT_LINUX: exitCodes.kernel,
    ARCH_UNSUPPORTED: exitCodes.kernel,
    MISSING_PRIVILEGE: exitCodes.privilege,
  }),
)

/** The exit code for a `TsbpfError`'s code. */
export function exitCodeFor(errorCode: string): number {
  return byErrorCode.get(errorCode) ?? exitCodes.failure
}
