import type { Translation } from '../datapath/ingress.ts'
import type { Tables } from './tables.ts'

/** What the operator asks for: a way of translating, or that the kernel decides. */
export type TranslationRequest = 'auto' | Translation

/**
 * Ways of translating with the reason for each; `number` is what an interface's record holds. 0 is what records had
 * before there was a choice.
 */
export const translations = {
  accepted: { number: 0, way: 'kfunc', why: 'the kernel lets the program write translations' },
  kfuncAsked: { number: 1, way: 'kfunc', why: 'asked for with --translate kfunc' },
  markAsked: { number: 2, way: 'mark', why: 'asked for with --translate mark' },
  missing: { number: 3, way: 'mark', why: 'the kernel has no function bpf_ct_set_nat_info' },
  typesDiffer: {
    number: 4,
    way: 'mark',
    why: 'the kernel’s modules nf_conntrack and nf_nat disagree about the type nf_conn___init, a fault of its build',
  },
  refused: { number: 5, way: 'mark', why: 'the kernel’s verifier refuses bpf_ct_set_nat_info' },
} as const satisfies Record<
  string,
  { readonly number: number; readonly way: Translation; readonly why: string }
>

/** A way of translating with its reason, by name. */
export type TranslationName = keyof typeof translations

/** A way of translating with its reason, for people. */
export interface TranslationChoice {
  /** `kfunc`: the program itself; `mark`: netfilter, by the mark of the program's choice. */
  readonly way: Translation
  readonly why: string
}

/** The name of a record's number. */
export function translationName(number: number): TranslationName {
  const names = Object.keys(translations) as TranslationName[]
  return names.find((name) => translations[name].number === number) ?? 'accepted'
}

/** The way and the reason of a name. */
export function describeTranslation(name: TranslationName): TranslationChoice {
  const { way, why } = translations[name]
  return { way, why }
}

/** Whether a program is attached that leaves translating to netfilter. */
export function netfilterTranslates(tables: Tables): boolean {
  return [...tables.interfaces].some(
    ([, record]) => translations[translationName(record.translation)].way === 'mark',
  )
}
