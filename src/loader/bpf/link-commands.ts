import { attachFlags } from './constants.ts'
import { BpfRequest, cString } from './request.ts'
import { type BpfSyscall, callBpf, tryBpf } from './syscall.ts'

/** Arguments of BPF_LINK_CREATE. */
export interface LinkCreateArguments {
  readonly programFd: number
  /** What to attach to: an interface's number, or a descriptor of a cgroup, a network namespace, a perf event. */
  readonly target: number
  /** `enum bpf_attach_type`. */
  readonly attachType: number
  /** `BPF_F_BEFORE`, `BPF_F_AFTER`, `BPF_F_ID`, `BPF_F_LINK`; for XDP `XDP_FLAGS_*`. */
  readonly flags?: number
  /** The anchor: a file descriptor, or an id with `BPF_F_ID`. */
  readonly relative?: number
  /** Fails with ESTALE unless the hook's revision is this one; 0 does not ask. */
  readonly expectedRevision?: bigint
}

/** BPF_LINK_CREATE. @returns the link's file descriptor, or `-errno` */
export function linkCreate(bpf: BpfSyscall, link: LinkCreateArguments): number {
  const request = new BpfRequest('BPF_LINK_CREATE', 32)
    .u32(0, link.programFd)
    .u32(4, link.target)
    .u32(8, link.attachType)
    .u32(12, link.flags ?? 0)
    .u32(16, link.relative ?? 0)
    .u64(24, link.expectedRevision ?? 0n)
  return tryBpf(bpf, request)
}

/**
 * BPF_RAW_TRACEPOINT_OPEN: attaches a program to a raw tracepoint, or, without a name, one that was loaded for a
 * function, a hook or a tracepoint to that.
 *
 * @returns the link's file descriptor, or `-errno`
 */
export function rawTracepointOpen(bpf: BpfSyscall, programFd: number, name?: string): number {
  const request = new BpfRequest('BPF_RAW_TRACEPOINT_OPEN', 16)
    .pointer(0, name === undefined ? undefined : cString(name))
    .u32(8, programFd)
  return tryBpf(bpf, request)
}

/** BPF_LINK_UPDATE: swaps the program atomically. @param oldProgramFd the program it must replace, if any */
export function linkUpdate(
  bpf: BpfSyscall,
  link: { readonly fd: number; readonly what: string },
  newProgramFd: number,
  oldProgramFd?: number,
): void {
  const request = new BpfRequest('BPF_LINK_UPDATE', 16)
    .u32(0, link.fd)
    .u32(4, newProgramFd)
    .u32(8, oldProgramFd === undefined ? 0 : attachFlags.replace)
    .u32(12, oldProgramFd ?? 0)
  callBpf(bpf, request, `replace the program of ${link.what}`, (errno) => updateHints[errno] ?? '')
}

const updateHints: Readonly<Record<string, string>> = {
  ENOLINK: 'The link has been detached, or its interface is gone; attach again.',
  EPERM: 'Another program than the expected one is attached.',
  EINVAL: 'The new program has another type than the link takes, or links of this kind keep their program.',
}

/** BPF_LINK_DETACH: takes the program off its hook although the link stays open. */
export function linkDetach(bpf: BpfSyscall, link: { readonly fd: number; readonly what: string }): void {
  const request = new BpfRequest('BPF_LINK_DETACH', 4).u32(0, link.fd)
  callBpf(bpf, request, `detach ${link.what}`, (errno) =>
    errno === 'EOPNOTSUPP' ? 'Links of this kind end when they are closed and no pin is left.' : '',
  )
}

/** What BPF_PROG_QUERY reports about a hook. */
export interface ProgQueryResult {
  /** 0, or why the kernel refused. */
  readonly errno: number
  /** Ids of the programs, in the order in which they run. */
  readonly programIds: readonly number[]
  /** Ids of their links, 0 for one attached without; same order. */
  readonly linkIds: readonly number[]
  /** Changes with every attach, update and detach on the hook. */
  readonly revision: bigint
}

/** BPF_PROG_QUERY for a hook on an interface. Does not throw: refusals are also a way to ask what exists. */
export function progQuery(bpf: BpfSyscall, ifindex: number, attachType: number): ProgQueryResult {
  // BPF_MPROG_MAX (kernel/bpf/mprog.c): a hook takes 64 programs.
  const programIds = new Uint32Array(64)
  const linkIds = new Uint32Array(64)
  const request = new BpfRequest('BPF_PROG_QUERY', 64)
    .u32(0, ifindex)
    .u32(4, attachType)
    .pointer(16, new Uint8Array(programIds.buffer))
    .u32(24, programIds.length)
    .pointer(40, new Uint8Array(linkIds.buffer))
  const result = tryBpf(bpf, request)
  if (result < 0) return { errno: -result, programIds: [], linkIds: [], revision: 0n }
  const count = Math.min(request.readU32(24), programIds.length)
  return {
    errno: 0,
    programIds: [...programIds.subarray(0, count)],
    linkIds: [...linkIds.subarray(0, count)],
    revision: request.readU64(56),
  }
}
