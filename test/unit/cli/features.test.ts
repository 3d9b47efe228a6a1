import { expect, test } from 'vitest'
import { describeFeature, renderFeatures } from '../../../src/cli/render/features.ts'
import { type FeatureReport, features } from '../../../src/loader/kernel/features.ts'

const nothing = { where: undefined, unknown: undefined, otherwise: 'Use another kernel.' }
const report: FeatureReport[] = [
  { id: 'btf', feature: features.btf, supported: true, ...nothing },
  { id: 'tcx', feature: features.tcx, supported: false, ...nothing },
  { id: 'clsact', feature: features.clsact, supported: undefined, ...nothing, unknown: 'needs root' },
  {
    ...{ id: 'bpf_ct_set_nat_info', feature: features.bpf_ct_set_nat_info },
    ...{ supported: true, ...nothing, where: 'module nf_nat' },
  } as const,
]

test('features one line each, and what to do about those that are missing', () => {
  const text = renderFeatures(report.map(describeFeature))
  expect(text).toMatch(/^FEATURE +HERE +SINCE +WHERE +WHAT FOR\nbtf +yes +5\.4 +- +\S/)
  expect(text).toMatch(/^tcx +no +6\.6 +- /m)
  expect(text).toMatch(/^clsact +unknown: needs root +4\.5 +- /m)
  expect(text).toMatch(/^bpf_ct_set_nat_info +yes +6\.1 +module nf_nat /m)
  expect(text.split('What is missing here:\n')[1]).toBe(
    `  tcx: ${features.tcx.what}.\n    Use another kernel.`,
  )
  expect(renderFeatures(report.slice(0, 1).map(describeFeature))).not.toContain('missing')
})

test('in JSON what is not known is null', () => {
  expect(report.map(describeFeature)).toMatchObject([
    { feature: 'btf', supported: true, unknown: null, where: null },
    { feature: 'tcx', supported: false, unknown: null, where: null },
    { feature: 'clsact', supported: null, unknown: 'needs root', where: null },
    { feature: 'bpf_ct_set_nat_info', supported: true, unknown: null, where: 'module nf_nat', since: '6.1' },
  ])
})
