import type { KernelFeatures } from '../../asm/dsl/core/emitter.ts'
import { programTypes } from '../../asm/program.ts'
import { kernelBpf } from '../bpf/syscall.ts'
import type { Feature, FeatureContext } from './features.ts'
import { probeHelper } from './helper-probe.ts'
import { UnsupportedFeatureError } from './unsupported-feature-error.ts'
import { findKernelFunctions, type KernelTypes, runningKernelTypes } from './vmlinux-btf.ts'

/** How loops can be compiled: the features by name. */
export const loopFeatures = {
  'bpf-loop': {
    name: 'the helper bpf_loop',
    since: '5.17',
    what: 'a function of the program is called as often as it says; the verifier goes through it once',
    why: 'loops of many turns',
    otherwise: 'Build programs with { kernel: kernelFeatures() }, and keep loops short.',
    probe: ({ bpf }: Pick<FeatureContext, 'bpf'>) =>
      probeHelper('loop', { type: programTypes.socket_filter }, bpf) === 'yes',
  },
  'open-coded-iterators': {
    name: 'open-coded iterators',
    since: '6.4',
    what: 'a loop is over what bpf_iter_num_next gives; the verifier stops when nothing new comes of its body',
    why: "loops with { strategy: 'iterator' }",
    otherwise: "Leave the strategy out, or take { strategy: 'bpf_loop' }.",
    probe: ({ kernel }: Pick<FeatureContext, 'kernel'>) => hasFunction(kernel, 'bpf_iter_num_new'),
  },
} as const satisfies Record<string, Feature>

/**
 * What the running kernel can do, as far as it decides how programs are compiled: for the option `kernel` of programs,
 * and of a built program's `rebuild`.
 *
 * ```ts
 * loadProgram(sampler.rebuild({ kernel: kernelFeatures() }), { maps })
 * ```
 *
 * @throws {MissingPrivilegeError} for want of the capabilities that loading a program takes
 */
export function kernelFeatures(ask: Partial<Pick<FeatureContext, 'bpf' | 'kernel'>> = {}): KernelFeatures {
  const context = { bpf: ask.bpf ?? kernelBpf, kernel: ask.kernel ?? runningKernelTypes() }
  return {
    bpfLoop: loopFeatures['bpf-loop'].probe(context),
    openCodedIterators: loopFeatures['open-coded-iterators'].probe(context),
  }
}

function hasFunction(kernel: KernelTypes, name: string): boolean {
  try {
    return findKernelFunctions(kernel, [name]).has(name)
  } catch (error) {
    // A kernel without BTF.
    if (error instanceof UnsupportedFeatureError) return false
    throw error
  }
}
