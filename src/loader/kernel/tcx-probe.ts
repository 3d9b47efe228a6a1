import { constants } from 'node:os'
import { attachTypes } from '../../asm/attach.ts'
import { bpfError } from '../bpf/error.ts'
import { progQuery } from '../bpf/link-commands.ts'
import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'

/**
 * Whether the running kernel attaches programs through tcx (Linux 6.6, CONFIG_NET_XGRESS). Asks for the programs on
 * an interface that cannot exist: a kernel with tcx misses the interface (ENODEV), one without does not know the
 * attach type (EINVAL).
 *
 * @throws {MissingPrivilegeError} without CAP_NET_ADMIN, which asking takes
 */
export function hasTcx(bpf: BpfSyscall = kernelBpf): boolean {
  const { errno } = progQuery(bpf, 0, attachTypes.tcx_ingress)
  if (errno === constants.errno.EPERM)
    throw bpfError('BPF_PROG_QUERY', errno, 'find out whether the kernel has tcx')
  return errno === 0 || errno === constants.errno.ENODEV
}
