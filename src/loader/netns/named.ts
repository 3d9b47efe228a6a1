import { closeSync, mkdirSync, openSync, readdirSync, unlinkSync } from 'node:fs'
import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { SyscallError, syscall } from '../ffi.ts'
import { syscallNumber } from '../syscall-numbers.ts'
import { CLONE_NEWNET, LOCK_EX, MNT_DETACH, MS_BIND, MS_REC, MS_SHARED } from '../system-constants.ts'
import {
  currentNamespacePath,
  enter,
  NetworkNamespace,
  namespaceDirectory,
  namespacePath,
  openCurrentNamespace,
} from './namespace.ts'

/**
 * Creates a named network namespace, the way `ip netns add` does, so that iproute2 sees it, and opens it. Only a
 * loopback interface is in it, down.
 *
 * @throws {TsbpfError} `NETNS_EXISTS` when the name is taken; {@link SyscallError} EPERM without CAP_SYS_ADMIN
 */
export function createNamespace(name: string): NetworkNamespace {
  const path = namespacePath(name)
  shareDirectory()
  try {
    closeSync(openSync(path, 'wx', 0o400))
  } catch (cause) {
    throw new TsbpfError('NETNS_EXISTS', `cannot create the network namespace ${name}`, {
      hint: `Choose another name, or remove it with \`ip netns delete ${name}\`.`,
      cause,
    })
  }
  try {
    return withFreshNamespace(() => {
      mount('bind', currentNamespacePath, path, MS_BIND)
      return new NetworkNamespace(openSync(currentNamespacePath, 'r'), name)
    })
  } catch (error) {
    unlinkSync(path)
    throw error
  }
}

/** Creates a network namespace without a name: it ends when it is closed and nothing else is in it. */
export function createAnonymousNamespace(): NetworkNamespace {
  return withFreshNamespace(() => openCurrentNamespace())
}

/**
 * Takes a namespace's name away. The namespace itself lives on while a process, a socket or an open file
 * descriptor is in it.
 *
 * @throws {TsbpfError} `NETNS_NOT_FOUND` when there is none
 */
export function deleteNamespace(name: string): void {
  const path = namespacePath(name)
  try {
    syscall(`umount2(${path})`, syscallNumber('umount2'), cString(path), MNT_DETACH)
  } catch (error) {
    // EINVAL: a file that nothing is mounted on, left behind by a creation that failed.
    if (!(error instanceof SyscallError) || (error.errnoName !== 'EINVAL' && error.errnoName !== 'ENOENT'))
      throw error
  }
  try {
    unlinkSync(path)
  } catch (cause) {
    throw new TsbpfError('NETNS_NOT_FOUND', `there is no network namespace named ${name}`, { cause })
  }
}

/** @returns the names of the named network namespaces, sorted. */
export function listNamespaces(): string[] {
  try {
    return readdirSync(namespaceDirectory).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Runs `fn` with the calling thread in a namespace made for it, and comes back. */
function withFreshNamespace<T>(fn: () => T): T {
  const original = openCurrentNamespace()
  try {
    syscall('unshare(CLONE_NEWNET)', syscallNumber('unshare'), CLONE_NEWNET)
    try {
      return fn()
    } finally {
      enter(original.fd)
    }
  } finally {
    original.close()
  }
}

/**
 * Makes /run/netns a shared mount, so that a namespace mounted there is seen (and unmounted) in every mount
 * namespace. The lock keeps two processes from stacking two mounts.
 */
function shareDirectory(): void {
  mkdirSync(namespaceDirectory, { recursive: true, mode: 0o755 })
  const lock = openSync(namespaceDirectory, 'r')
  try {
    syscall(`flock(${namespaceDirectory})`, syscallNumber('flock'), lock, LOCK_EX)
    try {
      mount('share', '', namespaceDirectory, MS_SHARED | MS_REC)
    } catch (error) {
      if (!(error instanceof SyscallError) || error.errnoName !== 'EINVAL') throw error
      // Not a mount point yet.
      mount('bind', namespaceDirectory, namespaceDirectory, MS_BIND | MS_REC)
      mount('share', '', namespaceDirectory, MS_SHARED | MS_REC)
    }
  } finally {
    closeSync(lock)
  }
}

function mount(verb: string, source: string, target: string, flags: number): void {
  const nr = syscallNumber('mount')
  syscall(`mount(${verb} ${target})`, nr, cString(source), cString(target), cString('none'), flags, null)
}

function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`)
}
