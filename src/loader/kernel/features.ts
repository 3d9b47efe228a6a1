import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'
import { type ConntrackKfunc, conntrackKfuncs, natInfoTypesAgree } from './conntrack-kfuncs.ts'
import { canCallKfuncs } from './kfunc-call-probe.ts'
import { hasTcx } from './tcx-probe.ts'
import { UnsupportedFeatureError } from './unsupported-feature-error.ts'
import { findKernelFunctions, type KernelTypes, runningKernelTypes } from './vmlinux-btf.ts'

/** Something that kernels have or lack. */
export interface Feature {
  /** For messages: `tcx links`. */
  readonly name: string
  /** The first release that has it, for advice only: whether it is there, the kernel is asked. */
  readonly since: string
  /** What it is. */
  readonly what: string
  /** What this package needs it for. */
  readonly why: string
  /** What can be done when it is missing. */
  readonly otherwise: string
  /** Asks the kernel. @throws {MissingPrivilegeError} when asking takes capabilities that the process lacks */
  readonly probe: (ask: FeatureContext) => boolean
}

/** Whom features ask. */
export interface FeatureContext {
  readonly bpf: BpfSyscall
  readonly kernel: KernelTypes
}

/** The features by name, in the order in which they depend on one another. */
export const features = {
  btf: {
    name: 'type information (BTF)',
    since: '5.4',
    what: 'the kernel describes its own types in /sys/kernel/btf/vmlinux',
    why: 'kernel functions and struct members are found by name',
    otherwise: 'Use a kernel built with CONFIG_DEBUG_INFO_BTF=y, as distribution kernels are.',
    probe: ({ kernel }) => hasBtf(kernel),
  },
  'kfunc-calls': {
    name: 'calls of kernel functions from tc programs',
    since: '5.18',
    what: 'programs of type sched_cls may call functions that the kernel exports to BPF',
    why: 'connections are kept in the kernel through the conntrack functions',
    otherwise: 'Use a newer kernel, with the JIT on (sysctl net.core.bpf_jit_enable=1).',
    probe: ({ bpf }) => canCallKfuncs(bpf),
  },
  tcx: {
    name: 'tcx links',
    since: '6.6',
    what: 'programs are attached to interfaces by links, in a chosen order and replaced atomically',
    why: 'the data path is attached by one',
    otherwise: 'A clsact qdisc with a bpf filter is used instead.',
    probe: ({ bpf }) => hasTcx(bpf),
  },
  ...(Object.fromEntries(
    Object.entries(conntrackKfuncs).map(([name, since]) => [name, conntrackFeature(name, since)]),
  ) as Record<ConntrackKfunc, Feature>),
  'nat-info-types': {
    name: 'matching types of bpf_skb_ct_alloc and bpf_ct_set_nat_info',
    since: '6.1',
    what: 'what one conntrack function returns is what the other takes',
    why: 'new connections get their translation in the program itself',
    otherwise:
      'The build of this kernel is at fault, not its version; an nf_tables rule has to translate instead.',
    probe: ({ kernel }) => hasBtf(kernel) && natInfoTypesAgree(kernel) === true,
  },
} as const satisfies Record<string, Feature>

/** A feature's name. */
export type FeatureName = keyof typeof features

/** What the running kernel said about a feature. */
export interface FeatureReport {
  readonly id: FeatureName
  readonly feature: Feature
  readonly supported: boolean
}

/** Asks the kernel about one feature. */
export function hasFeature(id: FeatureName, ask: Partial<FeatureContext> = {}): boolean {
  return features[id].probe({ bpf: ask.bpf ?? kernelBpf, kernel: ask.kernel ?? runningKernelTypes() })
}

/** Asks the kernel about every feature. */
export function probeFeatures(ask: Partial<FeatureContext> = {}): FeatureReport[] {
  return (Object.keys(features) as FeatureName[]).map((id) => ({
    id,
    feature: features[id],
    supported: hasFeature(id, ask),
  }))
}

/** @throws {UnsupportedFeatureError} saying what is missing, since when it exists and what else can be done */
export function requireFeature(id: FeatureName, ask: Partial<FeatureContext> = {}): void {
  if (hasFeature(id, ask)) return
  const { name, since, what, why, otherwise } = features[id]
  throw new UnsupportedFeatureError(name, since, {
    hint: otherwise,
    details: `What it is: ${what}.\nWhat for: ${why}.`,
  })
}

function conntrackFeature(name: string, since: string): Feature {
  return {
    name: `kernel function ${name}`,
    since,
    what: 'a function of the connection tracker that BPF programs may call',
    why: 'connections are kept in the kernel through it',
    otherwise:
      name === 'bpf_ct_set_nat_info'
        ? 'If it is in a module, load that: modprobe nf_nat.'
        : 'If it is in a module, load that: modprobe nf_conntrack.',
    probe: ({ kernel }) => hasBtf(kernel) && findKernelFunctions(kernel, [name]).has(name),
  }
}

function hasBtf(kernel: KernelTypes): boolean {
  try {
    return kernel.vmlinux.typeCount > 0
  } catch (error) {
    if (error instanceof UnsupportedFeatureError) return false
    throw error
  }
}
