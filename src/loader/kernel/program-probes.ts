import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { type AttachType, attachTypes } from '../../asm/attach.ts'
import { mov64 } from '../../asm/isa/alu.ts'
import { encode } from '../../asm/isa/encode.ts'
import { exit } from '../../asm/isa/jump.ts'
import { r0 } from '../../asm/isa/registers.ts'
import { type ProgramType, programTypes } from '../../asm/program.ts'
import { bpfError } from '../bpf/error.ts'
import { progLoad } from '../bpf/program-commands.ts'
import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'
import { type KernelTypes, runningKernelTypes } from './vmlinux-btf.ts'

/** What the least program of a type is to be loaded as. */
export interface ProgramProbe {
  readonly attach?: AttachType
  /** BTF id of what it is for. */
  readonly btfId?: number
  readonly sleepable?: boolean
  /** What it returns; 0 when absent. */
  readonly result?: number
}

/** BPF_F_SLEEPABLE (include/uapi/linux/bpf.h). */
const sleepable = 1 << 4

/**
 * Whether the kernel loads programs of a type: tries it with one that does nothing but return.
 *
 * @throws {MissingPrivilegeError} for want of the capabilities that loading takes
 */
export function loadsProgram(
  type: ProgramType,
  probe: ProgramProbe = {},
  bpf: BpfSyscall = kernelBpf,
): boolean {
  const { result } = progLoad(bpf, {
    type: programTypes[type],
    name: 'type_probe',
    instructions: encode([mov64(r0, probe.result ?? 0), exit()]),
    license: 'GPL',
    ...(probe.sleepable === true && { flags: sleepable }),
    ...(probe.attach !== undefined && { expectedAttachType: attachTypes[probe.attach] }),
    ...(probe.btfId !== undefined && { attachBtfId: probe.btfId }),
  })
  if (result === -constants.errno.EPERM) {
    const error = bpfError(
      'BPF_PROG_LOAD',
      -result,
      `find out whether the kernel loads programs of type ${type}`,
    )
    // To a process that has every capability, "not permitted" is what a security policy says: a fact of the machine.
    if (error.code === 'MISSING_PRIVILEGE') throw error
  }
  if (result >= 0) bpf.close(result)
  return result >= 0
}

/** A function that is in every kernel and that can be traced. */
const anyFunction = 'vfs_read'

/**
 * Whether programs can be attached to functions here (fentry and fexit, Linux 5.5).
 *
 * @throws {MissingPrivilegeError} for want of the capabilities that loading takes
 */
export function hasFunctionTracing(
  bpf: BpfSyscall = kernelBpf,
  kernel: KernelTypes = runningKernelTypes(),
): boolean {
  const btfId = kernel.vmlinux.findByName(anyFunction, 'func')
  return btfId !== undefined && loadsProgram('tracing', { attach: 'trace_fentry', btfId }, bpf)
}

/** The security modules in use, such as `['capability', 'landlock', 'bpf']`; undefined where nobody says. */
export function securityModules(list = '/sys/kernel/security/lsm'): readonly string[] | undefined {
  try {
    return readFileSync(list, 'utf8').trim().split(',')
  } catch {
    // securityfs is not mounted, as in containers.
    return undefined
  }
}

/**
 * Whether programs can be attached to security hooks here (Linux 5.7, CONFIG_BPF_LSM), and `bpf` is among the security
 * modules in use, as far as that is known: without it programs are attached, and never asked.
 *
 * @throws {MissingPrivilegeError} for want of the capabilities that loading takes
 */
export function hasSecurityHooks(
  bpf: BpfSyscall = kernelBpf,
  kernel: KernelTypes = runningKernelTypes(),
): boolean {
  const btfId = kernel.vmlinux.findByName('bpf_lsm_file_open', 'func')
  if (securityModules()?.includes('bpf') === false) return false
  return btfId !== undefined && loadsProgram('lsm', { attach: 'lsm_mac', btfId }, bpf)
}
