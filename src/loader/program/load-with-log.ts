import { constants } from 'node:os'
import { type ProgLoadArguments, progLoad } from '../bpf/program-commands.ts'
import type { BpfSyscall } from '../bpf/syscall.ts'

/** A program load and what the verifier said. */
export interface LoggedLoad {
  /** A file descriptor, or `-errno`. */
  readonly result: number
  /** Empty when the program loaded at once and no log was asked for. */
  readonly log: string
}

const FIRST_LOG_SIZE = 1024 * 1024
/**
 * Kernels that report the log's size (6.4+) keep its end when it does not fit. The end is what matters, and going
 * through a million instructions again takes seconds: a log longer than this is taken as it is.
 */
const WORTH_ANOTHER_RUN = 16 * 1024 * 1024
/** UINT_MAX >> 2: the largest log the kernel takes (kernel/bpf/log.c). */
const MAX_LOG_SIZE = 2 ** 30 - 1

/**
 * Loads a program without a log, which is fastest, and again with one when that fails; the log's buffer grows until
 * the end of the log fits.
 *
 * @param logLevel 1 or 2 to have a log at once
 */
export function loadWithLog(bpf: BpfSyscall, program: ProgLoadArguments, logLevel: number): LoggedLoad {
  if (logLevel === 0) {
    const { result } = progLoad(bpf, program)
    if (result >= 0) return { result, log: '' }
  }
  for (let size = FIRST_LOG_SIZE; ; ) {
    const log = new Uint8Array(size)
    const { result, logTrueSize } = progLoad(bpf, { ...program, logLevel: Math.max(1, logLevel), log })
    const outgrown = result === -constants.errno.ENOSPC && size < MAX_LOG_SIZE
    const enough = logTrueSize > 0 && (logTrueSize <= size || logTrueSize > WORTH_ANOTHER_RUN)
    if (!outgrown || enough) return { result, log: untilZero(log) }
    size = Math.min(MAX_LOG_SIZE, Math.max(size * 2, logTrueSize))
  }
}

/** The log is bytes: what is not UTF-8 becomes U+FFFD. */
function untilZero(log: Uint8Array): string {
  const end = log.indexOf(0)
  return new TextDecoder().decode(end < 0 ? log : log.subarray(0, end))
}
