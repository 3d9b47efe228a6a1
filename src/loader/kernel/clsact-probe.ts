import { mov64 } from '../../asm/isa/alu.ts'
import { encode } from '../../asm/isa/encode.ts'
import { exit } from '../../asm/isa/jump.ts'
import { r0 } from '../../asm/isa/registers.ts'
import { programTypes } from '../../asm/program.ts'
import { bpfError } from '../bpf/error.ts'
import { Fd } from '../bpf/fd.ts'
import { progLoad } from '../bpf/program-commands.ts'
import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'
import { NetlinkError } from '../netlink/core/errors.ts'
import { NetlinkSocket } from '../netlink/core/socket.ts'
import { addBpfFilter, addClsact } from '../netlink/route/traffic-control.ts'
import { createAnonymousNamespace } from '../netns/named.ts'
import { inNamespace } from '../netns/namespace.ts'

/** The loopback interface, the only one of a new namespace. */
const loopback = 1

/**
 * Whether the running kernel has the clsact qdisc and its bpf filter (CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF), or
 * modules for them. Puts one on the loopback interface of a network namespace of its own, which then ends.
 *
 * @throws {SyscallError} EPERM, or {MissingPrivilegeError}, for want of capabilities
 */
export function hasClsact(bpf: BpfSyscall = kernelBpf): boolean {
  const instructions = encode([mov64(r0, -1), exit()])
  const name = 'clsact_probe'
  const { result } = progLoad(bpf, { type: programTypes.sched_cls, name, instructions, license: 'GPL' })
  if (result < 0) throw bpfError('BPF_PROG_LOAD', -result, 'find out whether the kernel has clsact filters')
  using program = new Fd(result, `program "${name}"`, bpf)
  using namespace = createAnonymousNamespace()
  using socket = inNamespace(namespace, () => NetlinkSocket.open('route'))
  const place = { ifindex: loopback, direction: 'ingress', priority: 1, handle: 1 } as const
  try {
    addClsact(socket, loopback)
    addBpfFilter(socket, { ...place, programFd: program.number, name })
    return true
  } catch (error) {
    if (error instanceof NetlinkError && error.errnoName !== 'EPERM') return false
    throw error
  }
}
