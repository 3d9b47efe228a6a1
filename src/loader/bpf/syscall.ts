import { closeSync, readlinkSync } from 'node:fs'
import { constants } from 'node:os'
import { errnoName } from '../errno.ts'
import { PointerScope, syscallRaw } from '../ffi.ts'
import { syscallNumber } from '../syscall-numbers.ts'
import { type BpfCommand, bpfCommands } from './constants.ts'
import { bpfError } from './error.ts'
import type { BpfRequest, PointerField } from './request.ts'

/** What a BPF file descriptor stands for. */
export type BpfObjectKind = 'map' | 'prog' | 'link' | 'btf' | 'unknown'

/** The kernel as this package's BPF code sees it: the one place to replace in tests. */
export interface BpfSyscall {
  /** Carries out bpf(2). @returns the result, or `-errno`. Answers are written into the request. */
  call(request: BpfRequest): number
  /** Closes a file descriptor that a call returned. */
  close(fd: number): void
  /** What a file descriptor is: BPF_OBJ_GET opens whatever is pinned at a path. */
  kindOf(fd: number): BpfObjectKind
}

/** The running kernel. */
export const kernelBpf: BpfSyscall = {
  call(request) {
    const scope = new PointerScope()
    writeAddresses(scope, request.attr, request.pointers)
    const result = syscallRaw(syscallNumber('bpf'), [
      bpfCommands[request.command],
      request.attr,
      request.attr.byteLength,
    ])
    scope.release()
    return result
  },
  close: closeSync,
  kindOf(fd) {
    // The name of the anonymous inode: `anon_inode:bpf-map`, `anon_inode:bpf_link`, `anon_inode:[…]` on some kernels.
    const name = readlinkSync(`/proc/self/fd/${fd}`).replace(/^anon_inode:\[?|\]$/g, '')
    return kinds[name] ?? 'unknown'
  },
}

function writeAddresses(scope: PointerScope, bytes: Uint8Array, pointers: readonly PointerField[]): void {
  if (pointers.length === 0) return
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (const { offset, buffer, inner } of pointers) {
    writeAddresses(scope, buffer, inner)
    view.setBigUint64(offset, scope.address(buffer), true)
  }
}

const kinds: Readonly<Record<string, BpfObjectKind>> = {
  'bpf-map': 'map',
  'bpf-prog': 'prog',
  bpf_link: 'link',
  'bpf-link': 'link',
  btf: 'btf',
}

/** How often a call that the kernel broke off (EAGAIN, EINTR) is made again. */
const MAX_ATTEMPTS = 10

/** Calls that may have had an effect before they were broken off. */
const notRepeatable: ReadonlySet<BpfCommand> = new Set<BpfCommand>([
  'BPF_MAP_LOOKUP_AND_DELETE_ELEM',
  'BPF_MAP_LOOKUP_BATCH',
  'BPF_MAP_LOOKUP_AND_DELETE_BATCH',
  'BPF_MAP_UPDATE_BATCH',
  'BPF_MAP_DELETE_BATCH',
])

/**
 * Carries out a request, again when a signal interrupted it.
 *
 * @returns the result, or `-errno`
 */
export function tryBpf(bpf: BpfSyscall, request: BpfRequest): number {
  for (let attempt = 1; ; attempt++) {
    const result = bpf.call(request)
    const broken = result === -constants.errno.EAGAIN || result === -constants.errno.EINTR
    if (!broken || attempt >= MAX_ATTEMPTS || notRepeatable.has(request.command)) return result
  }
}

/**
 * As {@link tryBpf}, but a failure is thrown.
 *
 * @param attempt what is being done, for the message: `create map "backends"`
 * @param hint what to do about it, given the errno's name
 * @throws {MissingPrivilegeError} on EPERM for want of a capability; {@link BpfError} otherwise
 */
export function callBpf(
  bpf: BpfSyscall,
  request: BpfRequest,
  attempt: string,
  hint: (errno: string) => string = noHint,
): number {
  const result = tryBpf(bpf, request)
  if (result < 0) throw bpfError(request.command, -result, attempt, hint(errnoName(-result)))
  return result
}

function noHint(): string {
  return ''
}
