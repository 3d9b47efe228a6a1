import { SyscallError, syscall } from '../ffi.ts'
import { syscallNumber } from '../syscall-numbers.ts'
import { SO_ATTACH_BPF, SO_DETACH_BPF, SOL_SOCKET } from '../system-constants.ts'
import type { AttachableProgram } from './link.ts'

/** What to do about a refusal, by errno. */
const why: Readonly<Record<string, string>> = {
  EBADF: 'The socket is closed.',
  ENOTSOCK: 'The descriptor is not a socket.',
  EINVAL: 'The program is not one of type socket_filter.',
  EPERM: 'The filter of this socket is locked (SO_LOCK_FILTER).',
}

/**
 * Puts a socket filter on a socket: it sees what the socket would receive, and its result is how many bytes of that
 * the socket gets, 0 for none. There is no link: the filter stays until the socket is closed, it is replaced, or
 * {@link detachSocketFilter} is called.
 *
 * @param socket the socket's file descriptor in this process
 */
export function attachSocketFilter(program: AttachableProgram, socket: number): void {
  setOption(`attach program "${program.name}" to socket ${socket}`, socket, SO_ATTACH_BPF, program.fd.number)
}

/** Takes the filter off a socket. @throws {SyscallError} ENOENT when it has none */
export function detachSocketFilter(socket: number): void {
  setOption(`take the filter off socket ${socket}`, socket, SO_DETACH_BPF, 0)
}

function setOption(attempt: string, socket: number, option: number, value: number): void {
  const bytes = new Uint8Array(Int32Array.of(value).buffer)
  try {
    syscall('setsockopt', syscallNumber('setsockopt'), socket, SOL_SOCKET, option, bytes, bytes.byteLength)
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error
    const hint = Object.hasOwn(why, error.errnoName) ? why[error.errnoName] : ''
    throw new SyscallError('setsockopt', error.errno, hint, { attempt })
  }
}
