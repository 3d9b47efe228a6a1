import { constants } from 'node:os'
import { mov64 } from '../../asm/isa/alu.ts'
import { callKfuncById } from '../../asm/isa/call.ts'
import { encode } from '../../asm/isa/encode.ts'
import { exit, jeq64 } from '../../asm/isa/jump.ts'
import { r0 } from '../../asm/isa/registers.ts'
import { programTypes } from '../../asm/program.ts'
import { bpfError } from '../bpf/error.ts'
import { progLoad } from '../bpf/program-commands.ts'
import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'

/**
 * Whether `sched_cls` programs can call kernel functions here (Linux 5.18, a JIT that can, BTF). Loads a program with
 * a call of function 0 on a path that is never taken: a kernel that knows such calls removes it, any other refuses.
 *
 * @throws {MissingPrivilegeError} for want of the capabilities that loading takes
 */
export function canCallKfuncs(bpf: BpfSyscall = kernelBpf): boolean {
  const { result } = progLoad(bpf, {
    type: programTypes.sched_cls,
    name: 'kfunc_probe',
    instructions: encode([mov64(r0, 0), jeq64(r0, 0, 1), callKfuncById(0), exit()]),
    license: 'GPL',
  })
  if (result === -constants.errno.EPERM)
    throw bpfError('BPF_PROG_LOAD', -result, 'find out whether programs can call kernel functions')
  if (result >= 0) bpf.close(result)
  return result >= 0
}
