import { attachTypes } from '../../asm/attach.ts'
import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { attachFlags } from '../bpf/constants.ts'
import { type BpfError, bpfError } from '../bpf/error.ts'
import { Fd } from '../bpf/fd.ts'
import { linkCreate, progQuery } from '../bpf/link-commands.ts'
import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'
import { errnoName } from '../errno.ts'
import { hasTcx } from '../kernel/tcx-probe.ts'
import { UnsupportedFeatureError } from '../kernel/unsupported-feature-error.ts'
import { type AttachableProgram, BpfLink } from './link.ts'

export { hasTcx }

/** Which packets: those an interface receives, or those it sends. */
export type TcxDirection = 'ingress' | 'egress'

/** A place in a hook's order: next to a program that is attached there. */
export type TcxAnchor = { readonly linkId: number } | { readonly programId: number }

/** Where and how to attach. */
export interface TcxAttachment {
  /** The interface's number, 1 or more, in the process's network namespace. */
  readonly ifindex: number
  readonly direction: TcxDirection
  /**
   * Run before this one, or before all others for `'all'`. Without `before` and `after` the program runs last, and
   * never when one before it redirects or ends the packet's way.
   */
  readonly before?: TcxAnchor | 'all'
  /** Run after this one, or after all others for `'all'`. */
  readonly after?: TcxAnchor | 'all'
  /** Fail with ESTALE if the hook has changed since {@link queryTcx} reported this revision. */
  readonly expectedRevision?: bigint
}

/**
 * Attaches a `sched_cls` program to an interface through a tcx link (Linux 6.6).
 *
 * @returns the link; closing it detaches, unless it is pinned
 * @throws {UnsupportedFeatureError} on kernels without tcx
 * @throws {BpfError} ENODEV for an interface that does not exist, EEXIST when this program is attached there already
 */
export function attachTcx(
  program: AttachableProgram,
  attachment: TcxAttachment,
  bpf: BpfSyscall = kernelBpf,
): BpfLink {
  const { ifindex, direction, expectedRevision } = attachment
  const result = linkCreate(bpf, {
    programFd: program.fd.number,
    target: ifindex,
    attachType: attachTypeOf(direction),
    ...anchor(attachment),
    ...(expectedRevision !== undefined && { expectedRevision }),
  })
  if (result < 0) throw attachError(bpf, program, attachment, -result)
  return BpfLink.own(new Fd(result, describe(ifindex, direction), bpf), 'tcx link', bpf)
}

/** A program on a tcx hook. */
export interface TcxEntry {
  readonly programId: number
  /** 0 when it was attached without a link. */
  readonly linkId: number
}

/** The state of a tcx hook. */
export interface TcxHook {
  /** In the order in which they run. */
  readonly entries: readonly TcxEntry[]
  /** Changes with every attach, update and detach. */
  readonly revision: bigint
}

/**
 * Lists the programs on an interface's tcx hook.
 *
 * @throws {UnsupportedFeatureError} on kernels without tcx
 * @throws {BpfError} ENODEV for an interface that does not exist
 */
export function queryTcx(ifindex: number, direction: TcxDirection, bpf: BpfSyscall = kernelBpf): TcxHook {
  const { errno, programIds, linkIds, revision } = progQuery(bpf, ifindex, attachTypeOf(direction))
  if (errno !== 0) {
    if (errnoName(errno) === 'EINVAL' && !hasTcx(bpf)) throw tcxUnsupported()
    throw bpfError(
      'BPF_PROG_QUERY',
      errno,
      `list the programs on ${describe(ifindex, direction)}`,
      hint(errno),
    )
  }
  return {
    entries: programIds.map((programId, at) => ({ programId, linkId: linkIds[at] ?? 0 })),
    revision,
  }
}

function attachTypeOf(direction: TcxDirection): number {
  return direction === 'ingress' ? attachTypes.tcx_ingress : attachTypes.tcx_egress
}

function anchor({ before, after }: TcxAttachment): { flags?: number; relative?: number } {
  if (before !== undefined && after !== undefined)
    throw new TsbpfError('TCX_ANCHOR', 'a tcx program cannot be placed by `before` and `after` at once', {
      hint: 'Give one of the two.',
    })
  const place = before ?? after
  if (place === undefined) return {}
  const side = before === undefined ? attachFlags.after : attachFlags.before
  if (place === 'all') return { flags: side }
  return 'linkId' in place
    ? { flags: side | attachFlags.id | attachFlags.link, relative: place.linkId }
    : { flags: side | attachFlags.id, relative: place.programId }
}

function attachError(
  bpf: BpfSyscall,
  program: AttachableProgram,
  { ifindex, direction }: TcxAttachment,
  errno: number,
): BpfError | UnsupportedFeatureError {
  if (errnoName(errno) === 'EINVAL' && !hasTcx(bpf)) return tcxUnsupported()
  return bpfError(
    'BPF_LINK_CREATE',
    errno,
    `attach program "${program.name}" to ${describe(ifindex, direction)}`,
    hint(errno),
  )
}

function describe(ifindex: number, direction: TcxDirection): string {
  return `tcx ${direction} of interface ${ifindex}`
}

function tcxUnsupported(): UnsupportedFeatureError {
  return new UnsupportedFeatureError('tcx links', '6.6', {
    hint: 'Attach through a clsact qdisc and a bpf filter instead.',
  })
}

function hint(errno: number): string {
  return hints[errnoName(errno)] ?? ''
}

const hints: Readonly<Record<string, string>> = {
  ENODEV: 'There is no such interface in this network namespace.',
  EEXIST: 'This program is on the hook already; update its link instead.',
  ENOENT: 'The program to be placed next to is not on the hook.',
  ESTALE: 'The hook has changed since it was read; read it again.',
  ERANGE: 'The hook holds 64 programs, the most there can be.',
}
