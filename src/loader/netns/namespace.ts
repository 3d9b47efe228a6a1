import { closeSync, openSync } from 'node:fs'
import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { syscall } from '../ffi.ts'
import { viewOf } from '../netlink/core/attributes.ts'
import { littleEndian } from '../netlink/core/constants.ts'
import { syscallNumber } from '../syscall-numbers.ts'
import {
  AF_UNIX,
  CLONE_NEWNET,
  SO_NETNS_COOKIE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '../system-constants.ts'

/** The directory where iproute2 keeps named network namespaces: one file each, with the namespace mounted on it. */
export const namespaceDirectory = '/run/netns'

/** The calling thread's namespace; `/proc/self` would be the main thread's, and `setns` moves one thread. */
export const currentNamespacePath = '/proc/thread-self/ns/net'

/** An open network namespace: it exists at least as long as this is not closed. */
export class NetworkNamespace {
  /** Its name under /run/netns; `undefined` when it was opened otherwise. */
  readonly name: string | undefined
  readonly #fd: number
  #closed = false

  /** Takes over `fd`. Use {@link openNamespace}, {@link openCurrentNamespace} or `createNamespace`. */
  constructor(fd: number, name?: string) {
    this.#fd = fd
    this.name = name
  }

  /** The file descriptor, for `setns` and IFLA_NET_NS_FD. Owned by this object. */
  get fd(): number {
    if (this.#closed)
      throw new TsbpfError('USE_AFTER_CLOSE', `network namespace ${this.name ?? ''} used after it was closed`)
    return this.#fd
  }

  /** Closes the file descriptor. Safe to call twice. A named namespace stays until it is deleted. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.#fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** @returns the network namespace the calling thread is in. */
export function openCurrentNamespace(): NetworkNamespace {
  return new NetworkNamespace(openSync(currentNamespacePath, 'r'))
}

/**
 * Opens a namespace by its name (a file under /run/netns).
 *
 * @throws {TsbpfError} `NETNS_NOT_FOUND` when there is none, `NETNS_NAME` when the name cannot be one
 */
export function openNamespace(name: string): NetworkNamespace {
  const path = namespacePath(name)
  try {
    return new NetworkNamespace(openSync(path, 'r'), name)
  } catch (cause) {
    throw new TsbpfError('NETNS_NOT_FOUND', `there is no network namespace named ${name}`, {
      hint: `\`ip netns list\` shows those there are; they are the files in ${namespaceDirectory}.`,
      cause,
    })
  }
}

/** @returns the file that stands for a named namespace. @throws {TsbpfError} `NETNS_NAME` for an impossible name. */
export function namespacePath(name: string): string {
  if (!/^[^/\0]{1,255}$/.test(name) || name === '.' || name === '..')
    throw new TsbpfError('NETNS_NAME', `"${name}" cannot be the name of a network namespace`, {
      hint: 'A name is a file name: 1 to 255 characters without a slash.',
    })
  return `${namespaceDirectory}/${name}`
}

/** What {@link inNamespace} may run: nothing that returns a promise, because only synchronous code is inside. */
export type SynchronousResult<T> = T extends PromiseLike<unknown> ? never : T

/**
 * Runs `fn` with the calling thread in another network namespace, and comes back whatever happens. Sockets opened
 * inside stay in that namespace, and child processes started inside stay in it, too. Only synchronous code is
 * inside: what a timer, a promise or node's thread pool does later happens in the original namespace.
 *
 * @throws {TsbpfError} `NETNS_ASYNC` when `fn` is asynchronous; whatever `fn` throws
 */
export function inNamespace<T>(
  namespace: NetworkNamespace | undefined,
  fn: () => SynchronousResult<T>,
): SynchronousResult<T> {
  if (fn.constructor.name === 'AsyncFunction') throw asynchronous()
  if (namespace === undefined) return fn()
  const original = openCurrentNamespace()
  try {
    enter(namespace.fd)
    let result: SynchronousResult<T>
    try {
      result = fn()
    } finally {
      enter(original.fd)
    }
    if (isPromiseLike(result)) {
      // It is about to be rejected or fulfilled with nobody listening; the error below is what counts.
      result.then(undefined, () => {})
      throw asynchronous()
    }
    return result
  } finally {
    original.close()
  }
}

/**
 * A number that no other network namespace of this boot has or had (SO_NETNS_COOKIE); the same one that
 * `bpf_get_netns_cookie` gives.
 *
 * @param namespace default: the calling thread's
 * @throws {SyscallError} ENOPROTOOPT before Linux 5.14
 */
export function namespaceCookie(namespace?: NetworkNamespace): bigint {
  return inNamespace(namespace, () => {
    // A network namespace always has AF_UNIX; AF_INET may be compiled out.
    const nr = syscallNumber('socket')
    const fd = syscall('socket(AF_UNIX)', nr, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
    try {
      const cookie = new Uint8Array(8)
      const size = Uint8Array.of(8, 0, 0, 0)
      syscall(
        'getsockopt(SO_NETNS_COOKIE)',
        syscallNumber('getsockopt'),
        fd,
        SOL_SOCKET,
        SO_NETNS_COOKIE,
        cookie,
        size,
      )
      return viewOf(cookie).getBigUint64(0, littleEndian)
    } finally {
      closeSync(fd)
    }
  })
}

/** Moves the calling thread. @throws {SyscallError} EPERM without CAP_SYS_ADMIN, EINVAL when it is no namespace. */
export function enter(fd: number): void {
  syscall('setns(CLONE_NEWNET)', syscallNumber('setns'), fd, CLONE_NEWNET)
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function asynchronous(): TsbpfError {
  return new TsbpfError('NETNS_ASYNC', 'an asynchronous function cannot run in another network namespace', {
    hint: 'Open sockets inside with synchronous calls; they stay in that namespace and can be used afterwards.',
  })
}
