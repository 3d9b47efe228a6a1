/**
 * The only file that imports koffi: raw system calls, memory mapping, and who owns which pointer.
 * koffi is loaded on first use, because importing it costs about 30 ms and it exists only where prebuilt.
 */
import { createRequire } from 'node:module'
import { TsbpfError } from '../asm/diagnostics/error.ts'
import { errnoName } from './errno.ts'
import { syscallNumber } from './syscall-numbers.ts'

/** A system call's integer argument, or a buffer whose address is passed. */
export type SyscallArgument = number | bigint | Uint8Array | null

/** A system call that returned -1. */
export class SyscallError extends TsbpfError {
  /** The error number, such as 2. */
  readonly errno: number
  /** Its name, such as `ENOENT`; `ERRNO_524` for numbers without one. */
  readonly errnoName: string
  /** The system call, such as `bpf(BPF_MAP_CREATE)`. */
  readonly syscall: string

  /** `options` let a subclass have its own code and say what was attempted. */
  constructor(syscall: string, errno: number, hint = '', options: SyscallErrorOptions = {}) {
    const { code = 'SYSCALL', attempt, details = '' } = options
    const failure = `${syscall}: ${errnoName(errno)}`
    super(code, attempt === undefined ? failure : `${attempt}: ${errnoName(errno)} from ${syscall}`, {
      hint,
      details,
    })
    this.errno = errno
    this.errnoName = errnoName(errno)
    this.syscall = syscall
  }
}

/** What a subclass of {@link SyscallError} may set. */
export interface SyscallErrorOptions {
  /** The stable code; `SYSCALL` when absent. */
  readonly code?: string
  /** What was attempted, in words: `create map "backends"`. */
  readonly attempt?: string
  readonly details?: string
}

type Koffi = typeof import('koffi')

interface Library {
  readonly koffi: Koffi
  readonly syscall: (nr: number | bigint, ...args: SyscallArgument[]) => number | bigint
}

let library: Library | undefined

function load(): Library {
  if (library !== undefined) return library
  let koffi: Koffi
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi
  } catch (cause) {
    throw new TsbpfError(
      'FFI_UNAVAILABLE',
      `the native interface (koffi) cannot be loaded on ${process.platform}/${process.arch}`,
      {
        hint: 'Talking to the kernel needs Linux on an architecture that koffi ships a prebuilt binary for.',
        cause,
      },
    )
  }
  if (process.platform !== 'linux')
    throw new TsbpfError('NOT_LINUX', `this needs Linux; the running system is ${process.platform}`, {
      hint: 'Compiling, `inspect` and the assembler work anywhere; loading programs needs a Linux kernel.',
    })
  const libc = koffi.load(null)
  // glibc and musl both export syscall(2); six register arguments cover every call there is.
  const syscall = libc.func('syscall', 'long', [
    'long',
    'uintptr_t',
    'uintptr_t',
    'uintptr_t',
    'uintptr_t',
    'uintptr_t',
    'uintptr_t',
  ])
  library = { koffi, syscall: syscall as Library['syscall'] }
  return library
}

/**
 * Performs one system call, synchronously, and returns its result (0 or positive).
 *
 * Buffers are passed by address and are kept alive until the call has returned. Pointers *inside* a buffer are
 * the business of {@link PointerScope}.
 *
 * @param name what the call is called in an error message
 * @param nr the system call's number on this architecture: see `syscall-numbers.ts`
 * @throws {SyscallError} with errno when the kernel refuses
 */
export function syscall(name: string, nr: number, ...args: SyscallArgument[]): number {
  const result = syscallRaw(nr, args)
  if (result < 0) throw new SyscallError(name, -result)
  return result
}

/** As {@link syscall}, but returns `-errno` instead of throwing. */
export function syscallRaw(nr: number, args: readonly SyscallArgument[]): number {
  const { koffi, syscall } = load()
  const raw: (number | bigint)[] = [0, 0, 0, 0, 0, 0]
  for (let i = 0; i < args.length; i++) raw[i] = toWord(koffi, args[i] ?? 0)
  const result = Number(syscall(nr, ...raw))
  // Nothing may run between the call and reading errno: a garbage collection could change it.
  const errno = result === -1 ? koffi.errno() : 0
  keepAlive(args)
  return errno === 0 ? result : -errno
}

function toWord(koffi: Koffi, arg: Exclude<SyscallArgument, null>): number | bigint {
  if (arg instanceof Uint8Array) return arg.byteLength === 0 ? 0 : koffi.address(arg)
  return typeof arg === 'number' && arg < 0 ? BigInt.asUintN(64, BigInt(arg)) : arg
}

/**
 * Owns the buffers whose addresses are written into a structure that the kernel follows (a `bpf_attr`, an
 * `iovec`). `koffi.address` does not keep its buffer alive; this does, for as long as the scope itself is used.
 *
 * ```ts
 * const pointers = new PointerScope()
 * view.setBigUint64(8, pointers.address(key), true)
 * syscall('bpf', nr, cmd, attr, attr.length)
 * pointers.release()
 * ```
 */
export class PointerScope {
  #buffers: Uint8Array[] = []

  /** The address of `buffer`'s first byte; 0 for an empty buffer. Valid until {@link release}. */
  address(buffer: Uint8Array): bigint {
    if (buffer.byteLength === 0) return 0n
    this.#buffers.push(buffer)
    return load().koffi.address(buffer)
  }

  /** Lets go of the buffers. Call it after the system call has returned. */
  release(): void {
    keepAlive(this.#buffers)
    this.#buffers = []
  }
}

/** A memory mapping; reading it after {@link close} is an error instead of a crash. */
export class MappedMemory {
  #bytes: Uint8Array | undefined
  readonly #address: bigint
  readonly #unmap: (address: bigint, length: number) => void

  /** Use {@link mapMemory}. `unmap` is called once, by {@link close}. */
  constructor(address: bigint, length: number, unmap: (address: bigint, length: number) => void) {
    this.#address = address
    this.#unmap = unmap
    this.#bytes = new Uint8Array(load().koffi.view(address, length))
  }

  /** The mapped bytes, without a copy. Do not keep them beyond {@link close}. */
  get bytes(): Uint8Array {
    if (this.#bytes === undefined)
      throw new TsbpfError('USE_AFTER_CLOSE', 'memory mapping used after it was closed')
    return this.#bytes
  }

  /** Unmaps. Safe to call twice. */
  close(): void {
    if (this.#bytes === undefined) return
    const length = this.#bytes.byteLength
    this.#bytes = undefined
    this.#unmap(this.#address, length)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/**
 * Maps `length` bytes of `fd` from `offset` on. The result of mmap is an address and may exceed 2^53, so it does
 * not go through {@link syscall}.
 *
 * @throws {SyscallError} when the kernel refuses
 */
export function mapMemory(
  length: number,
  protection: number,
  flags: number,
  fd: number,
  offset = 0,
): MappedMemory {
  const { koffi, syscall: call } = load()
  const result = call(syscallNumber('mmap'), 0, length, protection, flags, fd, offset)
  const errno = Number(result) === -1 ? koffi.errno() : 0
  if (errno !== 0) throw new SyscallError('mmap', errno)
  return new MappedMemory(BigInt(result), length, (address, size) => {
    syscallRaw(syscallNumber('munmap'), [address, size])
  })
}

/** A file descriptor that is being watched. */
export interface Watch {
  /** Stops watching. Safe to call twice. */
  close(): void
}

/**
 * Calls `readable` when there is something to be read from `fd` (a ring buffer, a socket), for as long as it is
 * watched. The process stays alive meanwhile.
 */
export function onReadable(fd: number, readable: () => void): Watch {
  const handle = load().koffi.node.poll(fd, { readable: true }, () => readable())
  let open = true
  return {
    close() {
      if (!open) return
      open = false
      handle.close()
    },
  }
}

const kept: { last: unknown } = { last: undefined }

/** Uses `value` in a way the engine cannot remove, so that it is reachable up to this point. */
function keepAlive(value: unknown): void {
  kept.last = value
  kept.last = undefined
}
