import { closeSync } from 'node:fs'
import { type AttachType, attachTypes } from '../../asm/attach.ts'
import { Fd } from '../bpf/fd.ts'
import { linkCreate } from '../bpf/link-commands.ts'
import type { BpfSyscall } from '../bpf/syscall.ts'
import { attachError } from './attach-error.ts'
import { type AttachableProgram, BpfLink } from './link.ts'

/** What a program is attached to by a file descriptor: a cgroup's directory, a network namespace. */
export interface FileTarget {
  /** File descriptor of the target; closed in any case. */
  readonly file: number
  readonly type: AttachType
  /** What errors call the place. */
  readonly where: string
  /** What errors call the link. */
  readonly what: string
  /** What to do about an errno. */
  readonly hints: Readonly<Record<string, string>>
}

/** Attaches a program to what a file descriptor stands for. @throws {BpfError} when the kernel refuses */
export function attachToFile(program: AttachableProgram, target: FileTarget, bpf: BpfSyscall): BpfLink {
  const { file, type, where, what, hints } = target
  try {
    const result = linkCreate(bpf, {
      programFd: program.fd.number,
      target: file,
      attachType: attachTypes[type],
    })
    if (result < 0) throw attachError('BPF_LINK_CREATE', -result, program, where, hints)
    return BpfLink.own(new Fd(result, where, bpf), what, bpf)
  } finally {
    closeSync(file)
  }
}
