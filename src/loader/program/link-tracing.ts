import type { AttachTarget } from '../../asm/attach.ts'
import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { Fd } from '../bpf/fd.ts'
import { rawTracepointOpen } from '../bpf/link-commands.ts'
import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'
import { securityModules } from '../kernel/program-probes.ts'
import { UnsupportedFeatureError } from '../kernel/unsupported-feature-error.ts'
import { attachError } from './attach-error.ts'
import { type AttachableProgram, BpfLink } from './link.ts'
import type { BpfProgram } from './program.ts'

/**
 * Attaches a program to what it was loaded for: fentry, fexit and fmod_ret to their function, lsm to its hook, `tp_btf`
 * to its tracepoint; a raw tracepoint program to the tracepoint it names.
 *
 * @param tracepoint for raw tracepoint programs: another tracepoint than the program's own
 * @returns the link; closing it detaches, unless it is pinned
 * @throws {UnsupportedFeatureError} for a security policy that would never be asked
 * @throws {BpfError} when the kernel refuses: EBUSY for a function that cannot be traced, ENOENT for a tracepoint that
 *   does not exist
 */
export function attachTracing(
  program: AttachableProgram & Pick<BpfProgram, 'attach'>,
  tracepoint?: string,
  bpf: BpfSyscall = kernelBpf,
): BpfLink {
  const target = program.attach?.target
  const raw = tracepoint ?? (target?.kind === 'raw-tracepoint' && !target.typed ? target.name : undefined)
  if (target?.kind === 'kprobe' || target?.kind === 'tracepoint')
    throw new TsbpfError('ATTACH_TYPE', `program "${program.name}" is no tracing program`, {
      hint: target.kind === 'kprobe' ? 'Attach it with attachKprobe.' : 'Attach it with attachTracepoint.',
    })
  if (target?.kind === 'lsm' && securityModules()?.includes('bpf') === false)
    throw new UnsupportedFeatureError('security policies in use', '5.7', {
      hint: 'bpf is not among its security modules (/sys/kernel/security/lsm): boot with lsm=…,bpf.',
    })
  const where = describe(target, raw)
  const result = rawTracepointOpen(bpf, program.fd.number, raw)
  if (result < 0) throw attachError('BPF_RAW_TRACEPOINT_OPEN', -result, program, where, hints)
  const what = raw === undefined ? 'tracing link' : 'raw_tracepoint link'
  return BpfLink.own(new Fd(result, where, bpf), what, bpf)
}

function describe(target: AttachTarget | undefined, raw: string | undefined): string {
  if (raw !== undefined) return `raw tracepoint ${raw}`
  if (target === undefined) return 'what it was loaded for'
  if (target.kind === 'raw-tracepoint') return `tracepoint ${target.name}`
  return target.kind === 'lsm' ? `security hook ${target.name}` : `function ${target.name}`
}

const hints: Readonly<Record<string, string>> = {
  EBUSY:
    'The kernel cannot patch this function: it must be built with function tracing (CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS), and nothing else may hold the function (a live patch, IPMODIFY).',
  ENOENT: 'There is no such tracepoint, or its module is not loaded.',
  EINVAL: 'The program is not one for tracing, or BPF security hooks are off (boot with lsm=…,bpf).',
  E2BIG: 'The function has 38 programs, the most there can be.',
  ENOTSUPP: 'This kernel does not trace functions on this architecture.',
}
