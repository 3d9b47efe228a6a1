import { constants } from 'node:os'
import { bpfError } from './error.ts'
import { BpfRequest, cString, type PointerField } from './request.ts'
import { type BpfSyscall, callBpf, tryBpf } from './syscall.ts'

/** BPF_OBJ_PIN: gives an object a path under bpffs, which keeps it alive. */
export function objectPin(bpf: BpfSyscall, fd: number, path: string, what: string): void {
  const request = new BpfRequest('BPF_OBJ_PIN', 16).pointer(0, cString(path)).u32(8, fd)
  callBpf(bpf, request, `pin ${what} at ${path}`, (errno) => pinHints[errno] ?? '')
}

const pinHints: Readonly<Record<string, string>> = {
  EEXIST: 'Something is pinned there already; open it, or remove the pin first.',
  ENOENT: 'The directory does not exist; make it with makePinDirectory().',
  EPERM:
    'The path is not on bpffs (mount it with ensureBpffs(), usually at /sys/fs/bpf), or a name in it holds a dot.',
}

/** BPF_OBJ_GET: opens what is pinned at `path`, whatever kind of object that is. @returns its file descriptor */
export function objectGet(bpf: BpfSyscall, path: string): number {
  const request = new BpfRequest('BPF_OBJ_GET', 16).pointer(0, cString(path))
  return callBpf(bpf, request, `open the pin ${path}`, (errno) =>
    errno === 'ENOENT'
      ? 'Nothing is pinned there. `ip netns exec` hides pins: it mounts a fresh /sys; use `nsenter --net=` instead.'
      : errno === 'EACCES'
        ? 'The path is not a BPF pin, or its permissions forbid it.'
        : '',
  )
}

const byId = {
  map: { command: 'BPF_MAP_GET_FD_BY_ID', next: 'BPF_MAP_GET_NEXT_ID' },
  prog: { command: 'BPF_PROG_GET_FD_BY_ID', next: 'BPF_PROG_GET_NEXT_ID' },
  link: { command: 'BPF_LINK_GET_FD_BY_ID', next: 'BPF_LINK_GET_NEXT_ID' },
  btf: { command: 'BPF_BTF_GET_FD_BY_ID', next: 'BPF_BTF_GET_NEXT_ID' },
} as const

/** Kinds of object that the kernel numbers. */
export type IdKind = keyof typeof byId

/** BPF_{MAP,PROG,LINK,BTF}_GET_FD_BY_ID. @returns a file descriptor; undefined when there is no such id */
export function objectById(bpf: BpfSyscall, kind: IdKind, id: number): number | undefined {
  const request = new BpfRequest(byId[kind].command, 12).u32(0, id)
  const result = tryBpf(bpf, request)
  if (result === -constants.errno.ENOENT) return undefined
  if (result < 0) throw bpfError(request.command, -result, `open ${kind} id ${id}`)
  return result
}

/** BPF_{MAP,PROG,LINK,BTF}_GET_NEXT_ID: the ids of every object of a kind on this machine, ascending. */
export function* objectIds(bpf: BpfSyscall, kind: IdKind): Generator<number> {
  let id = 0
  for (;;) {
    const request = new BpfRequest(byId[kind].next, 12).u32(0, id)
    const result = tryBpf(bpf, request)
    if (result === -constants.errno.ENOENT) return
    if (result < 0) throw bpfError(request.command, -result, `list ${kind} ids`)
    id = request.readU32(4)
    yield id
  }
}

/**
 * BPF_OBJ_GET_INFO_BY_FD into `info`.
 *
 * @param pointers buffers that the structure points to; the caller writes their sizes into it
 * @returns the bytes the kernel filled in; an older kernel knows fewer
 */
export function objectInfo(
  bpf: BpfSyscall,
  object: { readonly fd: number; readonly what: string },
  info: Uint8Array,
  pointers: readonly PointerField[] = [],
): number {
  const request = new BpfRequest('BPF_OBJ_GET_INFO_BY_FD', 16)
    .u32(0, object.fd)
    .u32(4, info.byteLength)
    .pointer(8, info, pointers)
  callBpf(bpf, request, `read the info of ${object.what}`)
  return request.readU32(4)
}
