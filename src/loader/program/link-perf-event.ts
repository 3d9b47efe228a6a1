import { closeSync } from 'node:fs'
import { attachTypes } from '../../asm/attach.ts'
import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { Fd } from '../bpf/fd.ts'
import { linkCreate } from '../bpf/link-commands.ts'
import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'
import { errnoName } from '../errno.ts'
import { SyscallError } from '../ffi.ts'
import { AttachTargetError } from '../kernel/attach-target-error.ts'
import { openKprobeEvent, openTracepointEvent } from '../kernel/perf-event.ts'
import { tracepointId } from '../kernel/tracefs.ts'
import { UnsupportedFeatureError } from '../kernel/unsupported-feature-error.ts'
import { attachError } from './attach-error.ts'
import { type AttachableProgram, BpfLink } from './link.ts'
import type { BpfProgram } from './program.ts'

/** A tracepoint as tracefs lists it. */
export interface TracepointName {
  /** The directory under `events`, such as `sched`. */
  readonly category: string
  readonly name: string
}

/** A place in the kernel's code. */
export interface KprobePlace {
  /** A function, as /proc/kallsyms names it. */
  readonly name: string
  /** Bytes from its start; 0 when absent. */
  readonly offset?: number
  /** Where the function returns, instead of where it starts. */
  readonly returning?: boolean
}

type Program = AttachableProgram & Pick<BpfProgram, 'attach'>

/**
 * Attaches a tracepoint program through a perf event link (Linux 5.15). tracefs need not be mounted.
 *
 * @param tracepoint another one than the program's own
 * @returns the link; closing it detaches, unless it is pinned
 * @throws {AttachTargetError} when there is no such tracepoint
 * @throws {BpfError} EINVAL for a program of another type
 */
export function attachTracepoint(
  program: Program,
  tracepoint?: TracepointName,
  bpf: BpfSyscall = kernelBpf,
): BpfLink {
  const target = program.attach?.target
  const found = tracepoint ?? (target?.kind === 'tracepoint' ? target : undefined)
  if (found === undefined) throw unknownTarget(program, 'tracepoint')
  const { category, name } = found
  const event = openTracepointEvent(tracepointId(category, name))
  const where = `tracepoint ${category}:${name}`
  if (event < 0) throw eventError(program, where, -event)
  return attachEvent(bpf, program, event, where)
}

/**
 * Attaches a kprobe program through a perf event link (Linux 5.15).
 *
 * @param place another one than the program's own
 * @returns the link; closing it detaches, unless it is pinned
 * @throws {UnsupportedFeatureError} on a kernel without kprobes
 * @throws {AttachTargetError} when there is no such function, or it must not be probed
 * @throws {BpfError} EINVAL for a program of another type
 */
export function attachKprobe(program: Program, place?: KprobePlace, bpf: BpfSyscall = kernelBpf): BpfLink {
  const target = program.attach?.target
  const found = place ?? (target?.kind === 'kprobe' ? target : undefined)
  if (found === undefined) throw unknownTarget(program, 'kprobe')
  const { name, offset = 0, returning = false } = found
  const where = `${returning ? 'the return' : offset === 0 ? 'the start' : `+${offset}`} of function ${name}`
  const event = openKprobeEvent(name, offset, returning)
  if (event === undefined)
    throw new UnsupportedFeatureError('kprobes by perf_event_open', '4.17', {
      hint: 'It must be built with CONFIG_KPROBE_EVENTS. fentry and fexit programs do the same without kprobes.',
    })
  if (event >= 0) return attachEvent(bpf, program, event, where)
  const errno = errnoName(-event)
  if (errno === 'ENOENT' || errno === 'EADDRNOTAVAIL')
    throw new AttachTargetError(
      `there is no function "${name}" to be probed`,
      'Its name must be in /proc/kallsyms; the compiler may have inlined it, or its module is not loaded.',
    )
  if (errno === 'EINVAL' || errno === 'EILSEQ')
    throw new AttachTargetError(
      `function "${name}" must not be probed there`,
      'See /sys/kernel/debug/kprobes/blacklist; an offset must be at the start of an instruction.',
    )
  throw eventError(program, where, -event)
}

function attachEvent(bpf: BpfSyscall, program: Program, event: number, where: string): BpfLink {
  try {
    const result = linkCreate(bpf, {
      programFd: program.fd.number,
      target: event,
      attachType: attachTypes.perf_event,
    })
    if (result < 0) throw attachError('BPF_LINK_CREATE', -result, program, where, hints)
    return BpfLink.own(new Fd(result, where, bpf), 'perf_event link', bpf)
  } finally {
    // The link holds the event.
    closeSync(event)
  }
}

function eventError(program: Program, where: string, errno: number): SyscallError {
  const hint =
    errnoName(errno) === 'EACCES' || errnoName(errno) === 'EPERM'
      ? 'It takes CAP_PERFMON (or CAP_SYS_ADMIN), whatever kernel.perf_event_paranoid says.'
      : ''
  return new SyscallError('perf_event_open', errno, hint, {
    attempt: `attach program "${program.name}" to ${where}`,
  })
}

function unknownTarget(program: Program, kind: string): TsbpfError {
  return new TsbpfError('ATTACH_TYPE', `program "${program.name}" does not say which ${kind} it is for`, {
    hint: 'Give it to the function that attaches.',
  })
}

const hints: Readonly<Record<string, string>> = {
  EINVAL: 'The program is of another type, or this kernel has no perf event links (Linux 5.15).',
}
