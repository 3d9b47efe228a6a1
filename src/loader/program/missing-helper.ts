import { helperEntry } from '../../asm/dsl/helper/helpers.ts'
import type { ProgramSpec } from '../../asm/program.ts'
import { helperName } from '../../asm/text/helper-names.ts'
import { UnsupportedFeatureError } from '../kernel/unsupported-feature-error.ts'

/** The verifier's words for a helper that it does not know, or not for this type of program (kernel/bpf/verifier.c). */
const refused = /(?:unknown func|invalid func|program of this type cannot use helper) \w+#(\d+)/

/**
 * The error for a program that was refused for a helper that this kernel does not have, or does not yet have for this
 * type of program; undefined if that was not the reason, or no kernel gives the helper to it.
 */
export function missingHelper(spec: ProgramSpec, log: string): UnsupportedFeatureError | undefined {
  const number = refused.exec(log)?.[1]
  const name = number === undefined ? undefined : helperName(Number(number))
  const entry = name === undefined ? undefined : helperEntry(name.slice('bpf_'.length))
  if (entry === undefined || !(entry.programs as readonly string[]).includes(spec.type)) return undefined
  return new UnsupportedFeatureError(
    `helper function ${name} for programs of type ${spec.type}`,
    entry.since,
    {
      hint: `Use a newer kernel, or do without it in program "${spec.name}". Some program types got it later than others, and some attach points do not have it.`,
      details: log,
    },
  )
}
