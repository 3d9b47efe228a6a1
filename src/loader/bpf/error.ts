import { constants } from 'node:os'
import { SyscallError } from '../ffi.ts'
import { type Capability, effectiveCapabilities, missingCapabilities } from '../kernel/capabilities.ts'
import type { BpfCommand } from './constants.ts'

/** A call of bpf(2) that the kernel refused; `errno` and `errnoName` say why. */
export class BpfError extends SyscallError {
  /** The command, such as `BPF_MAP_CREATE`. */
  readonly command: BpfCommand

  constructor(command: BpfCommand, errno: number, attempt: string, hint = '', code = 'BPF_SYSCALL') {
    super(`bpf(${command})`, errno, hint, { attempt, code })
    this.command = command
  }
}

/** A call of bpf(2) refused because this process lacks capabilities. */
export class MissingPrivilegeError extends BpfError {
  /** The capabilities it would take and that the process does not have. */
  readonly missing: readonly Capability[]

  constructor(command: BpfCommand, errno: number, attempt: string, missing: readonly Capability[]) {
    const list = missing.join(' and ')
    const hint = `Missing: ${list}. Run as root, or give the process ${missing.length === 1 ? 'it' : 'them'} (setcap, AmbientCapabilities= in a systemd unit, --cap-add for a container).`
    super(command, errno, attempt, hint, 'MISSING_PRIVILEGE')
    this.missing = missing
  }
}

/** What each command needs (kernel/bpf/syscall.c), on a machine with `kernel.unprivileged_bpf_disabled` set. */
function neededBy(command: BpfCommand): readonly Capability[] {
  switch (command) {
    case 'BPF_PROG_LOAD':
      return ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON']
    case 'BPF_LINK_CREATE':
    case 'BPF_LINK_UPDATE':
      return ['CAP_BPF', 'CAP_NET_ADMIN']
    case 'BPF_RAW_TRACEPOINT_OPEN':
      return ['CAP_BPF', 'CAP_PERFMON']
    case 'BPF_PROG_QUERY':
      return ['CAP_NET_ADMIN']
    case 'BPF_BTF_GET_FD_BY_ID':
    case 'BPF_PROG_GET_FD_BY_ID':
    case 'BPF_MAP_GET_FD_BY_ID':
    case 'BPF_LINK_GET_FD_BY_ID':
    case 'BPF_PROG_GET_NEXT_ID':
    case 'BPF_MAP_GET_NEXT_ID':
    case 'BPF_BTF_GET_NEXT_ID':
    case 'BPF_LINK_GET_NEXT_ID':
      return ['CAP_SYS_ADMIN']
    default:
      return ['CAP_BPF']
  }
}

/**
 * The error for a refused command. EPERM becomes a {@link MissingPrivilegeError} only when a capability is in fact
 * missing: the kernel also says EPERM to root (a frozen map, a pin outside bpffs, a container's seccomp filter).
 *
 * @param effective the process's capabilities as a mask; read from /proc when absent
 */
export function bpfError(
  command: BpfCommand,
  errno: number,
  attempt: string,
  hint = '',
  effective = errno === constants.errno.EPERM ? effectiveCapabilities() : undefined,
): BpfError {
  if (errno === constants.errno.EPERM && effective !== undefined) {
    const missing = missingCapabilities(neededBy(command), effective)
    if (missing.length > 0) return new MissingPrivilegeError(command, errno, attempt, missing)
    hint ||=
      'The capabilities are there; a seccomp filter, kernel lockdown, a user namespace or the object itself refuses.'
  }
  return new BpfError(command, errno, attempt, hint)
}
