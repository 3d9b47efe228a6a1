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
 * Whether `sched_cls` programs can call kernel functions here (Linux 5.18, a JIT that can, BTF). Loads programs with
 * a call on a path that is never taken. A kernel that knows such calls allows one of function 0, to be removed, and
 * refuses one of a function that does not exist; before Linux 5.13 what is never reached is not looked at at all.
 *
 * @throws {MissingPrivilegeError} for want of the capabilities that loading takes
 */
export function canCallKfuncs(bpf: BpfSyscall = kernelBpf): boolean {
  return loadsWithDeadCall(bpf, 0) && !loadsWithDeadCall(bpf, noFunction)
}

/** A BTF id that is nobody's: BTF has at most 2^20 types (BTF_MAX_TYPE, include/uapi/linux/btf.h). */
const noFunction = 0x7fff_ffff

function loadsWithDeadCall(bpf: BpfSyscall, btfId: number): boolean {
  const { result } = progLoad(bpf, {
    type: programTypes.sched_cls,
    name: 'kfunc_probe',
    instructions: encode([mov64(r0, 0), jeq64(r0, 0, 1), callKfuncById(btfId), exit()]),
    license: 'GPL',
  })
  if (result === -constants.errno.EPERM)
    throw bpfError('BPF_PROG_LOAD', -result, 'find out whether programs can call kernel functions')
  if (result >= 0) bpf.close(result)
  return result >= 0
}
