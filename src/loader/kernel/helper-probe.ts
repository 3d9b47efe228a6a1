import { callHelper } from '../../asm/isa/call.ts'
import { encode } from '../../asm/isa/encode.ts'
import { exit } from '../../asm/isa/jump.ts'
import { type HelperName, helperNumber } from '../../asm/text/helper-names.ts'
import { bpfError } from '../bpf/error.ts'
import { progLoad } from '../bpf/program-commands.ts'
import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'
import { errnoName } from '../errno.ts'

/** A program type and attach point, as numbers of `enum bpf_prog_type` and `enum bpf_attach_type`. */
export interface HelperProbeTarget {
  readonly type: number
  readonly expectedAttachType?: number
  /** BPF_F_* of program loading. */
  readonly flags?: number
  /** GPL unless told otherwise. */
  readonly license?: string
}

/**
 * What the running kernel says about a helper in a program of some type: `yes`; `no`, not for this type; `gpl`, not
 * under this license; undefined where the kernel does not even look at the program (the type is not configured).
 *
 * A program that does nothing but call the helper, without setting up arguments, is offered: what the verifier
 * complains about first tells.
 *
 * @throws {MissingPrivilegeError} for want of the capabilities that loading takes
 */
export function probeHelper(
  name: HelperName,
  target: HelperProbeTarget,
  bpf: BpfSyscall = kernelBpf,
): 'yes' | 'no' | 'gpl' | undefined {
  const log = new Uint8Array(4096)
  const { result } = progLoad(bpf, {
    type: target.type,
    name: 'helper_probe',
    instructions: encode([callHelper(helperNumber(name)), exit()]),
    license: target.license ?? 'GPL',
    logLevel: 1,
    log,
    ...(target.expectedAttachType !== undefined && { expectedAttachType: target.expectedAttachType }),
    ...(target.flags !== undefined && { flags: target.flags }),
  })
  if (result >= 0) {
    bpf.close(result)
    return 'yes'
  }
  const text = new TextDecoder().decode(log.subarray(0, log.indexOf(0)))
  // Up to Linux 6.8 "unknown func", then "program of this type cannot use helper"; "invalid func" beyond the last.
  if (/unknown func|invalid func|cannot use helper/.test(text)) return 'no'
  if (/GPL/.test(text)) return 'gpl'
  if (text.includes('call ')) return 'yes'
  if (errnoName(-result) === 'EPERM') throw bpfError('BPF_PROG_LOAD', -result, `ask for helper bpf_${name}`)
  return undefined
}
