import { constants, openSync } from 'node:fs'
import type { AttachType } from '../../asm/attach.ts'
import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'
import { AttachTargetError } from '../kernel/attach-target-error.ts'
import type { AttachableProgram, BpfLink } from './link.ts'
import { attachToFile } from './link-file.ts'
import type { BpfProgram } from './program.ts'

/** An attach type of cgroups. */
export type CgroupAttachType = Extract<AttachType, `cgroup_${string}`>

/** Where to attach. */
export interface CgroupAttachment {
  /** Directory of a cgroup of version 2, such as `/sys/fs/cgroup/web`. The cgroups below it are covered as well. */
  readonly path: string
  /** What to attach to; what the program was written for when absent. */
  readonly type?: CgroupAttachType
}

/**
 * Attaches a program of a cgroup type to a cgroup through a link (Linux 5.7). Programs of others on the same cgroup
 * stay: all of them run.
 *
 * @returns the link; closing it detaches, unless it is pinned
 * @throws {AttachTargetError} when `path` is not the directory of a cgroup
 * @throws {BpfError} EINVAL for a program of another type, EPERM where a parent's program may not be joined
 */
export function attachCgroup(
  program: AttachableProgram & Pick<BpfProgram, 'attach'>,
  { path, type = cgroupTypeOf(program) }: CgroupAttachment,
  bpf: BpfSyscall = kernelBpf,
): BpfLink {
  const where = `${type} of cgroup ${path}`
  return attachToFile(program, { file: openDirectory(path), type, where, what: 'cgroup link', hints }, bpf)
}

function cgroupTypeOf(program: AttachableProgram & Pick<BpfProgram, 'attach'>): CgroupAttachType {
  const type = program.attach?.type
  if (type?.startsWith('cgroup_')) return type as CgroupAttachType
  throw new TsbpfError('ATTACH_TYPE', `program "${program.name}" does not say where in a cgroup it belongs`, {
    hint: `Give a type, such as 'cgroup_inet4_connect'.`,
  })
}

function openDirectory(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  } catch (cause) {
    throw new AttachTargetError(
      `there is no cgroup at ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      'Make one: mkdir in a mounted cgroup file system of version 2 (usually /sys/fs/cgroup, see `mount -t cgroup2`).',
      cause,
    )
  }
}

const hints: Readonly<Record<string, string>> = {
  EBADF: 'The path is not a cgroup of version 2 (see `mount -t cgroup2`).',
  EINVAL: 'The program was written for another place, or this kernel has no cgroup links (Linux 5.7).',
  EPERM:
    'A cgroup above it has a program that does not let others join (attached without BPF_F_ALLOW_MULTI).',
  E2BIG: 'The cgroup has 64 programs there, the most there can be.',
}
