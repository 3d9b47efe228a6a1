import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'
import { SyscallError } from '../ffi.ts'
import { NetlinkError } from '../netlink/core/errors.ts'
import { hasClsact } from './clsact-probe.ts'
import { type ConntrackKfunc, conntrackKfuncs, natInfoTypesAgree } from './conntrack-kfuncs.ts'
import { acceptsConntrackWrite } from './conntrack-write-probe.ts'
import { canCallKfuncs } from './kfunc-call-probe.ts'
import { loopFeatures } from './loop-features.ts'
import { moduleAdvice } from './module-advice.ts'
import { type ModuleFiles, moduleState, readModuleFiles } from './modules.ts'
import { programFeatures } from './program-features.ts'
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
  /** Asks the kernel. @throws {SyscallError} EPERM when asking takes capabilities that the process lacks */
  readonly probe: (ask: FeatureContext) => boolean
  /** Where in the kernel it is, for what may be in a module. */
  readonly where?: (ask: FeatureContext) => string | undefined
  /** What a `false` means where it is about modules; undefined when it means that the kernel lacks it. */
  readonly unloaded?: (ask: FeatureContext) => Unloaded | undefined
}

/** Modules that are not in the kernel. */
type Unloaded =
  | { readonly installed: true; readonly unknown: string }
  | { readonly installed: false; readonly otherwise: string }

/** Whom features ask. */
export interface FeatureContext {
  readonly bpf: BpfSyscall
  readonly kernel: KernelTypes
  /** What is there to be loaded. */
  readonly modules: () => ModuleFiles
}

const natFunction = 'bpf_ct_set_nat_info'
/** Functions that are in the kernel itself when the module of that name is built in. */
const partOf = { nf_nat: 'nf_nat_setup_info', nf_conntrack: 'nf_conntrack_in' } as const

/** What the balancer does where programs may not write what it takes. */
const byMark = 'Netfilter sets the mark and translates by it, as the program chooses (up --translate mark).'

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
  clsact: {
    name: 'clsact filters',
    since: '4.5',
    what: 'programs are attached to interfaces as filters of a clsact qdisc',
    why: 'the data path is attached by one where there is no tcx',
    otherwise: 'Use a kernel built with CONFIG_NET_SCH_INGRESS and CONFIG_NET_CLS_BPF, or one that has tcx.',
    probe: ({ bpf }) => hasClsact(bpf),
  },
  ...(Object.fromEntries(
    Object.entries(conntrackKfuncs).map(([name, since]) => [name, conntrackFeature(name, since)]),
  ) as Record<ConntrackKfunc, Feature>),
  'nat-info-types': {
    name: 'matching types of bpf_skb_ct_alloc and bpf_ct_set_nat_info',
    since: '6.1',
    what: 'what one conntrack function returns is what the other takes',
    why: 'new connections get their translation in the program itself',
    otherwise: `The build of this kernel is at fault, not its version. ${byMark}`,
    probe: ({ kernel }) => hasBtf(kernel) && natInfoTypesAgree(kernel) === true,
    unloaded: unloaded('bpf_skb_ct_alloc', 'bpf_ct_set_nat_info'),
  },
  'nat-info-writes': {
    name: 'translations written by programs',
    since: '6.1',
    what: 'the verifier accepts bpf_ct_set_nat_info',
    why: 'new connections get their translation in the program itself',
    otherwise: byMark,
    probe: ({ bpf, kernel }) => hasBtf(kernel) && acceptsConntrackWrite('translation', bpf, kernel),
    unloaded: unloaded('bpf_skb_ct_alloc', 'bpf_ct_set_nat_info'),
  },
  'mark-writes': {
    name: 'connection marks written by programs',
    since: '6.1',
    what: 'the verifier accepts a store to the mark of a connection that is not in the table yet',
    why: 'the mark of a connection names its backend',
    otherwise: byMark,
    probe: ({ bpf, kernel }) => hasBtf(kernel) && acceptsConntrackWrite('mark', bpf, kernel),
    unloaded: unloaded('bpf_skb_ct_alloc'),
  },
  ...loopFeatures,
  ...programFeatures,
} as const satisfies Record<string, Feature>

/** A feature's name. */
export type FeatureName = keyof typeof features

/** What the running kernel said about a feature. */
export interface FeatureReport {
  readonly id: FeatureName
  readonly feature: Feature
  /** Undefined when it could not be found out. */
  readonly supported: boolean | undefined
  /** Where in the kernel it is, for what may be in a module: `vmlinux`, `module nf_nat`. */
  readonly where: string | undefined
  /** Why it could not be found out. */
  readonly unknown: string | undefined
  /** What can be done on this machine when it is missing. */
  readonly otherwise: string
}

/** Asks the kernel about one feature. @throws {SyscallError} EPERM when asking takes more privileges */
export function hasFeature(id: FeatureName, ask: Partial<FeatureContext> = {}): boolean {
  return features[id].probe(completed(ask))
}

/** Asks the kernel about every feature, as far as this process may. */
export function probeFeatures(ask: Partial<FeatureContext> = {}): FeatureReport[] {
  const context = completed(ask)
  return (Object.keys(features) as FeatureName[]).map((id) => ({
    id,
    feature: features[id],
    ...answer(features[id], context),
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

function completed(ask: Partial<FeatureContext>): FeatureContext {
  return {
    bpf: ask.bpf ?? kernelBpf,
    kernel: ask.kernel ?? runningKernelTypes(),
    modules: ask.modules ?? readModuleFiles,
  }
}

function answer(feature: Feature, ask: FeatureContext): Omit<FeatureReport, 'id' | 'feature'> {
  const { otherwise } = feature
  const unsure = (unknown: string) => ({ supported: undefined, where: undefined, unknown, otherwise })
  try {
    if (feature.probe(ask))
      return { supported: true, where: feature.where?.(ask), unknown: undefined, otherwise }
    const unloaded = feature.unloaded?.(ask)
    if (unloaded?.installed === true) return unsure(unloaded.unknown)
    return {
      supported: false,
      where: undefined,
      unknown: undefined,
      otherwise: unloaded?.otherwise ?? otherwise,
    }
  } catch (error) {
    const forbidden =
      (error instanceof SyscallError || error instanceof NetlinkError) &&
      (error.errnoName === 'EPERM' || error.errnoName === 'EACCES')
    if (!forbidden) throw error
    return unsure('needs root')
  }
}

function conntrackFeature(name: string, since: string): Feature {
  const find = (kernel: KernelTypes) => findKernelFunctions(kernel, [name]).get(name)
  return {
    name: `kernel function ${name}`,
    since,
    what: 'a function of the connection tracker that BPF programs may call',
    why: 'connections are kept in the kernel through it',
    otherwise:
      'Use a newer kernel, built with CONFIG_NF_CONNTRACK, CONFIG_NF_NAT and type information of modules.',
    probe: ({ kernel }) => hasBtf(kernel) && find(kernel) !== undefined,
    where: ({ kernel }) => {
      const module = find(kernel)?.module
      return module === undefined ? 'vmlinux' : `module ${module}`
    },
    unloaded: unloaded(name),
  }
}

/** For functions that are not found: they may be in modules that are not loaded. `up` loads them. */
function unloaded(...names: readonly string[]): (ask: FeatureContext) => Unloaded | undefined {
  return ({ kernel, modules: files }) => {
    if (!hasBtf(kernel)) return undefined
    const found = findKernelFunctions(kernel, names)
    const modules = new Set(
      names
        .filter((name) => !found.has(name))
        .map((name) => (name === natFunction ? 'nf_nat' : 'nf_conntrack')),
    )
    const loaded = kernel.moduleNames()
    const missing = [...modules].filter(
      (module) => !loaded.includes(module) && kernel.vmlinux.findByName(partOf[module], 'func') === undefined,
    )
    if (missing.length === 0) return undefined
    const available = files()
    const absent = missing.filter((module) => moduleState(module, available) === 'absent')
    // A container may not have the files of its host's modules.
    if (absent.length === 0 || available.installed === undefined)
      return { installed: true, unknown: `module ${missing.join(' and ')} not loaded` }
    return { installed: false, otherwise: moduleAdvice(absent, available) }
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
