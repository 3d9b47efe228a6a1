import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import { makePinDirectory } from '../../../loader/bpf/bpffs.ts'
import { syscallRaw } from '../../../loader/ffi.ts'
import { syscallNumber } from '../../../loader/syscall-numbers.ts'
import { BusyError } from './errors.ts'

/** LOCK_EX | LOCK_NB (include/uapi/asm-generic/fcntl.h). */
const exclusiveNow = 2 | 4
/** EWOULDBLOCK (include/uapi/asm-generic/errno.h). */
const EWOULDBLOCK = 11

/** The lock that serialises commands on one balancer: a lock on its pin directory, gone when the process ends. */
export class StateLock {
  readonly #fd: number
  #held = true

  private constructor(fd: number) {
    this.#fd = fd
  }

  /**
   * Takes the lock, waiting up to `patience` milliseconds for another command to finish.
   *
   * @throws {BusyError} when it does not
   */
  static async take(directory: string, patience: number): Promise<StateLock> {
    const deadline = Date.now() + patience
    for (;;) {
      makePinDirectory(directory)
      const fd = openSync(directory, 'r')
      const result = syscallRaw(syscallNumber('flock'), [fd, exclusiveNow])
      // The command before may have removed the directory: then this is the lock of something that is gone.
      if (result === 0 && isStill(directory, fd)) return new StateLock(fd)
      closeSync(fd)
      if (result < 0 && result !== -EWOULDBLOCK)
        throw new BusyError(`cannot lock ${directory} (errno ${-result})`)
      if (Date.now() >= deadline)
        throw new BusyError(
          'another tsbpf-lb command is changing the balancer, and has not finished in time',
          'Try again, or give it longer with --lock-timeout SECONDS.',
        )
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Lets others in. Safe to call twice. */
  release(): void {
    if (!this.#held) return
    this.#held = false
    closeSync(this.#fd)
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

function isStill(directory: string, fd: number): boolean {
  try {
    return statSync(directory).ino === fstatSync(fd).ino
  } catch {
    return false
  }
}
