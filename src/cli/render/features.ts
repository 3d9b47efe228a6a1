import type { FeatureReport } from '../../loader/kernel/features.ts'
import { style } from '../output.ts'
import { table } from './table.ts'

/** A feature as `features --json` shows it. */
export interface FeatureDescription {
  readonly feature: string
  readonly name: string
  /** Null when it could not be found out. */
  readonly supported: boolean | null
  /** Why it could not be found out. */
  readonly unknown: string | null
  /** The first kernel release that has it. */
  readonly since: string
  /** Where in the kernel it is, for what may be in a module: `vmlinux`, `module nf_nat`. */
  readonly where: string | null
  readonly what: string
  readonly why: string
  readonly otherwise: string
}

/** What the kernel said about a feature, as plain data. */
export function describeFeature({
  id,
  feature,
  supported,
  where,
  unknown,
  otherwise,
}: FeatureReport): FeatureDescription {
  const { name, since, what, why } = feature
  const said = { supported: supported ?? null, unknown: unknown ?? null, where: where ?? null }
  return { feature: id, name, ...said, since, what, why, otherwise }
}

/** Features, one line each, and what to do about those that are missing. */
export function renderFeatures(features: readonly FeatureDescription[]): string {
  const rows = features.map(({ feature, supported, unknown, where, since, why }) => [
    feature,
    supported === null ? `unknown: ${unknown}` : supported ? 'yes' : 'no',
    since,
    where ?? '-',
    why,
  ])
  const missing = features.filter(({ supported }) => supported === false)
  return [
    table(['FEATURE', 'HERE', 'SINCE', 'WHERE', 'WHAT FOR'], rows),
    ...(missing.length === 0 ? [] : ['', style('bold', 'What is missing here:')]),
    ...missing.map(({ feature, what, otherwise }) => `  ${feature}: ${what}.\n    ${otherwise}`),
  ].join('\n')
}
