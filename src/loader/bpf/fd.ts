import { TsbpfError } from '../../asm/diagnostics/error.ts'
import type { BpfSyscall } from './syscall.ts'

const open = new Map<symbol, string>()

/** Tells about owners that were forgotten; closing from a finaliser would close a number long given to another. */
const forgotten = new FinalizationRegistry<{ readonly token: symbol; readonly what: string }>((leak) => {
  if (open.has(leak.token))
    process.emitWarning(`${leak.what} was never closed; call close() on its owner`, {
      code: 'TSBPF_FD_LEAK',
    })
})

/** How many file descriptors this package holds open in this process; tests compare it with where they began. */
export function openFdCount(): number {
  return open.size
}

/** What the open file descriptors are, such as `fd 21 (map "backends")`; for the message of a leak check. */
export function openFds(): string[] {
  return [...open.values()]
}

/** The one owner of a file descriptor: closes it exactly once and refuses use afterwards. */
export class Fd {
  readonly #number: number
  readonly #what: string
  readonly #close: (fd: number) => void
  readonly #token = Symbol('fd')

  /**
   * @param number the descriptor, 0 or more
   * @param what what it stands for, for messages: `map "backends"`
   */
  constructor(number: number, what: string, bpf: Pick<BpfSyscall, 'close'>) {
    if (!Number.isInteger(number) || number < 0)
      throw new RangeError(`a file descriptor is 0 or more, got ${number}`)
    this.#number = number
    this.#what = what
    this.#close = bpf.close
    const description = `fd ${number} (${what})`
    open.set(this.#token, description)
    forgotten.register(this, { token: this.#token, what: description }, this)
  }

  /** The descriptor's number. @throws {TsbpfError} `USE_AFTER_CLOSE` once closed */
  get number(): number {
    if (this.closed)
      throw new TsbpfError('USE_AFTER_CLOSE', `${this.#what} was used after it was closed`, {
        hint: 'Pin the object, or keep it open as long as it is needed.',
      })
    return this.#number
  }

  /** Whether {@link close} has been called. */
  get closed(): boolean {
    return !open.has(this.#token)
  }

  /** Closes the descriptor; the kernel object lives on if something else holds it. Safe to call twice. */
  close(): void {
    if (!open.delete(this.#token)) return
    forgotten.unregister(this)
    this.#close(this.#number)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
