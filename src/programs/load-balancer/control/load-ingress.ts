import type { ProgramSpec } from '../../../asm/program.ts'
import { natInfoTypesAgree, refusesNatByKfunc } from '../../../loader/kernel/conntrack-kfuncs.ts'
import type { KernelTypes } from '../../../loader/kernel/vmlinux-btf.ts'
import { type IngressOptions, ingress } from '../datapath/ingress.ts'
import { type TranslationName, type TranslationRequest, translations } from './translation.ts'

/**
 * Loads the program in the way asked for, or else in the best that the kernel allows. The types are asked first; where
 * they agree and the verifier refuses all the same, the other way is loaded.
 *
 * @param load gives the program to the kernel
 * @throws {VerifierError} when the verifier rejects it for another reason, or the way asked for
 */
export function loadIngress<T>(
  request: TranslationRequest,
  options: Omit<IngressOptions, 'translate'>,
  kernel: KernelTypes,
  load: (spec: ProgramSpec) => T,
): { readonly spec: ProgramSpec; readonly program: T; readonly translation: TranslationName } {
  const by = (translation: TranslationName) => {
    const spec = ingress({ ...options, translate: translations[translation].way })
    return { spec, program: load(spec), translation }
  }
  if (request === 'kfunc') return by('kfuncAsked')
  if (request === 'mark') return by('markAsked')
  const agree = natInfoTypesAgree(kernel)
  if (agree === undefined) return by('missing')
  if (!agree) return by('typesDiffer')
  try {
    return by('accepted')
  } catch (error) {
    if (!refusesNatByKfunc(error)) throw error
    return by('refused')
  }
}
