import { SyscallError } from '../../../loader/ffi.ts'
import { type ModuleFiles, missingModules } from '../../../loader/kernel/modules.ts'
import { NetlinkError } from '../../../loader/netlink/core/errors.ts'

/**
 * What netfilter's part is made of, where it is not built in. The kernel loads them when they are first used. Their
 * common nfnetlink is not among them: since Linux 7 it is no module, and is nowhere listed.
 */
export const netfilterModules = [
  'nf_conntrack',
  'nf_conntrack_netlink',
  'nf_nat',
  'nf_tables',
  'nft_chain_nat',
  'nft_ct',
  'nft_nat',
] as const

/** What a clsact filter is made of. */
export const clsactModules = ['sch_ingress', 'cls_bpf'] as const

/** How the kernel says that it does not know what it was asked for: sockets, subsystems, kinds of objects. */
const unknownKinds: ReadonlySet<string> = new Set([
  'ENOENT',
  'EINVAL',
  'EOPNOTSUPP',
  'EPROTONOSUPPORT',
  'EAFNOSUPPORT',
])

/**
 * What to tell the user of an error of the kernel's: where it says that it does not know what it was asked for, and
 * modules are missing, that they are; otherwise the error itself.
 */
export function explained(error: unknown, modules: readonly string[], files?: ModuleFiles): unknown {
  const fromKernel = error instanceof NetlinkError || error instanceof SyscallError
  if (!fromKernel || !unknownKinds.has(error.errnoName)) return error
  return missingModules(modules, error, files) ?? error
}
