import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import { makePinDirectory } from '../../../loader/bpf/bpffs.ts'
import { syscallRaw } from '../../../loader/ffi.ts'
import { syscallNumber } from '../../../loader/syscall-numbers.ts'
import { EAGAIN, LOCK_EX, LOCK_NB } from '../../../loader/system-constants.ts'
import { BusyError } from './errors.ts'
import { InterruptedError } from './rollback.ts'

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
   * @param options `create`: whether to make a directory that does not exist; `signal`: ends the waiting
   * @returns undefined when there is no such directory
   * @throws {BusyError} when the other command does not finish
   * @throws {InterruptedError} when `signal` fires
   */
  static async take(
    directory: string,
    patience: number,
    options: { readonly create?: boolean; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<StateLock | undefined> {
    const { create = false, signal } = options
    const deadline = Date.now() + patience
    for (;;) {
      if (signal?.aborted === true) throw new InterruptedError()
      const fd = open(directory, create)
      if (fd === undefined) {
        // Without `create` it is not there; with it, another command has removed it in the meantime.
        if (create && Date.now() < deadline) continue
        return undefined
      }
      const result = syscallRaw(syscallNumber('flock'), [fd, LOCK_EX | LOCK_NB])
      // The command before may have removed the directory: then this is the lock of something that is gone.
      if (result === 0 && isStill(directory, fd)) return new StateLock(fd)
      closeSync(fd)
      if (result < 0 && result !== -EAGAIN) throw new BusyError(`cannot lock ${directory} (errno ${-result})`)
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

/** @returns undefined when there is no such directory */
function open(directory: string, create: boolean): number | undefined {
  try {
    if (create) makePinDirectory(directory)
    return openSync(directory, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function isStill(directory: string, fd: number): boolean {
  try {
    return statSync(directory).ino === fstatSync(fd).ino
  } catch {
    return false
  }
}
