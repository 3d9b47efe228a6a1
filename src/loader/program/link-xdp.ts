import { attachTypes } from '../../asm/attach.ts'
import { Fd } from '../bpf/fd.ts'
import { linkCreate } from '../bpf/link-commands.ts'
import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'
import { attachError } from './attach-error.ts'
import { type AttachableProgram, BpfLink } from './link.ts'

/** Where an XDP program runs: `XDP_FLAGS_*_MODE` (include/uapi/linux/if_link.h). */
const modes = {
  /** In the kernel's network stack, after an skb was made: works with every driver, and is slower. */
  generic: 1 << 1,
  /** In the driver, before that. */
  native: 1 << 2,
  /** On the network card. */
  offload: 1 << 3,
} as const

/** Where an XDP program runs. */
export type XdpMode = keyof typeof modes

/** Where and how to attach. */
export interface XdpAttachment {
  /** The interface's number, 1 or more, in the process's network namespace. */
  readonly ifindex: number
  /** Native where the driver can do that, generic elsewhere, when absent. */
  readonly mode?: XdpMode
}

/**
 * Attaches an XDP program to an interface through a link (Linux 5.9). An interface has one XDP program; to replace it,
 * use the link's `update`.
 *
 * @returns the link; closing it detaches, unless it is pinned
 * @throws {BpfError} EINVAL for an interface that does not exist, EBUSY when it has a program already
 */
export function attachXdp(
  program: AttachableProgram,
  { ifindex, mode }: XdpAttachment,
  bpf: BpfSyscall = kernelBpf,
): BpfLink {
  const where = `XDP of interface ${ifindex}`
  const result = linkCreate(bpf, {
    programFd: program.fd.number,
    target: ifindex,
    attachType: attachTypes.xdp,
    ...(mode !== undefined && { flags: modes[mode] }),
  })
  if (result < 0) throw attachError('BPF_LINK_CREATE', -result, program, where, hints)
  return BpfLink.own(new Fd(result, where, bpf), 'xdp link', bpf)
}

const hints: Readonly<Record<string, string>> = {
  EBUSY: 'The interface has an XDP program; update its link, or detach it first (ip link set dev … xdp off).',
  EEXIST: 'The interface has an XDP program in another mode; detach it first.',
  EINVAL:
    'There is no such interface in this network namespace, the program is not one of type xdp, or this kernel has no XDP links (Linux 5.9).',
  EOPNOTSUPP: 'The driver of this interface has no native XDP; attach in generic mode.',
}
