import { existsSync, mkdirSync, readdirSync, rmdirSync, statfsSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { SyscallError, syscall } from '../ffi.ts'
import { syscallNumber } from '../syscall-numbers.ts'
import { cString } from './request.ts'

/** Where bpffs is mounted by convention. */
export const BPFFS_ROOT = '/sys/fs/bpf'

/** BPF_FS_MAGIC (include/uapi/linux/magic.h). */
const BPF_FS_MAGIC = 0xcafe4a11

/** bpffs is not there, or a path is not on it. */
export class BpffsError extends TsbpfError {
  constructor(message: string, hint: string, cause?: unknown) {
    super('BPFFS', message, { hint, cause })
  }
}

/** Whether `path` exists and lies on bpffs. */
export function isOnBpffs(path: string): boolean {
  try {
    return statfsSync(path).type === BPF_FS_MAGIC
  } catch (error) {
    if (isMissing(error) || isForbiddenName(error, path)) return false
    throw error
  }
}

/**
 * Mounts bpffs at `root`, unless it is there already. The mount belongs to the process's mount namespace and stays.
 *
 * @returns whether it had to be mounted
 * @throws {BpffsError} when the directory is missing or holds files, which the mount would hide from every process,
 * or when the mount is refused (it takes CAP_SYS_ADMIN)
 */
export function ensureBpffs(root: string = BPFFS_ROOT): boolean {
  if (isOnBpffs(root)) return false
  if (listPins(root).length > 0)
    throw new BpffsError(
      `bpffs cannot be mounted at ${root}: the directory is not empty`,
      `A mount would hide what is there; use an empty directory, usually ${BPFFS_ROOT}.`,
    )
  try {
    // 0700, as systemd and iproute2 mount it: whoever opens a pin for writing commands the data path.
    syscall(
      'mount',
      syscallNumber('mount'),
      cString('bpf'),
      cString(root),
      cString('bpf'),
      0,
      cString('mode=0700'),
    )
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause
    throw new BpffsError(
      `bpffs cannot be mounted at ${root}: ${cause.errnoName}`,
      mountHints[cause.errnoName] ?? '',
      cause,
    )
  }
  return true
}

const mountHints: Readonly<Record<string, string>> = {
  EPERM: 'Mounting takes CAP_SYS_ADMIN; in a container, let the host mount it: -v /sys/fs/bpf:/sys/fs/bpf.',
  EACCES: 'The mount point is read-only; in a container, let the host mount it: -v /sys/fs/bpf:/sys/fs/bpf.',
  ENOENT: 'The directory does not exist: is sysfs mounted at /sys?',
  ENODEV: 'The kernel was built without CONFIG_BPF_SYSCALL.',
}

/**
 * Makes a directory for pins, and those above it, for its owner only (0700).
 *
 * @throws {BpffsError} when the path is not on bpffs, or a name is one that bpffs refuses
 */
export function makePinDirectory(path: string): void {
  let existing = path
  while (!isOnBpffs(existing)) {
    const parent = dirname(existing)
    if (parent === existing)
      throw new BpffsError(`${path} is not on bpffs`, 'Mount it with ensureBpffs(), usually at /sys/fs/bpf.')
    existing = parent
  }
  if (path.slice(existing.length).includes('.'))
    throw new BpffsError(`${path} cannot be made`, 'Names under bpffs may not contain dots.')
  mkdirSync(path, { recursive: true, mode: 0o700 })
}

/** Something under a directory of bpffs. */
export interface Pin {
  /** The name within its directory. */
  readonly name: string
  readonly path: string
  readonly directory: boolean
}

/** What a directory of bpffs holds, sorted by name; nothing when it does not exist. */
export function listPins(directory: string): Pin[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .map((entry) => ({
        name: entry.name,
        path: join(directory, entry.name),
        directory: entry.isDirectory(),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** Removes a pin; the object goes when nothing else holds it. @returns false when there was none */
export function unpin(path: string): boolean {
  try {
    unlinkSync(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/**
 * Removes a directory of bpffs with everything in it. Refuses any other file system.
 *
 * @returns false when there was none
 */
export function removePinDirectory(path: string): boolean {
  if (!existsSync(path)) return false
  if (!isOnBpffs(path))
    throw new BpffsError(`${path} is not on bpffs`, 'Only pins are removed, never ordinary files.')
  for (const pin of listPins(path)) {
    if (pin.directory) removePinDirectory(pin.path)
    else unpin(pin.path)
  }
  rmdirSync(path)
  return true
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

/** bpffs refuses even to look for a name with a dot (`bpf_lookup` in kernel/bpf/inode.c). */
function isForbiddenName(error: unknown, path: string): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPERM' && path.includes('.')
}
