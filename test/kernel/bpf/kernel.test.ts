import { expect } from 'vitest'
import { conntrackKfuncs } from '../../../src/loader/kernel/conntrack-kfuncs.ts'
import {
  type FeatureName,
  features,
  probeFeatures,
  requireFeature,
} from '../../../src/loader/kernel/features.ts'
import { canCallKfuncs } from '../../../src/loader/kernel/kfunc-call-probe.ts'
import { hasFunctionTracing } from '../../../src/loader/kernel/program-probes.ts'
import { RunningKernelTypes } from '../../../src/loader/kernel/vmlinux-btf.ts'
import { it } from '../support/kernel-test.ts'
import { failOnLeakedFds } from './fixture.ts'

failOnLeakedFds()

it('reads the types of the running kernel', () => {
  const kernel = new RunningKernelTypes('/sys/kernel/btf')
  expect(kernel.vmlinux.typeCount).toBeGreaterThan(10_000)
  expect(kernel.vmlinux.findByName('sk_buff', 'struct')).toBeGreaterThan(0)
  expect(kernel.moduleNames()).not.toContain('vmlinux')
  kernel.close()
})

it('finds a kernel without types out', () => {
  const kernel = new RunningKernelTypes('/no/such/directory')
  expect(kernel.moduleNames()).toEqual([])
  expect(() => requireFeature('btf', { kernel })).toThrow(expect.objectContaining({ code: 'KERNEL_FEATURE' }))
  expect(() => requireFeature('bpf_ct_release', { kernel })).toThrow(/bpf_ct_release; Linux 5\.18/)
})

it('reports every feature, and they agree with one another', () => {
  const report = new Map(probeFeatures().map(({ id, supported }) => [id, supported]))
  expect(report.get('btf')).toBe(true)
  expect(report.get('kfunc-calls')).toBe(canCallKfuncs())
  const conntrack = Object.keys(conntrackKfuncs) as FeatureName[]
  expect([...report.keys()]).toEqual(Object.keys(features))
  expect(report.get('fentry')).toBe(hasFunctionTracing())
  // Such links are tried with a tracepoint program.
  if (report.get('perf-event-links')) expect(report.get('tracepoint')).toBe(true)
  for (const id of ['xdp', 'cgroup-skb', 'raw-tracepoint', 'syscall'] as const)
    expect(report.get(id), id).toBe(true)
  if (report.get('nat-info-types')) expect(conntrack.every((id) => report.get(id))).toBe(true)
  // The verifier takes no program that writes translations where the types differ; the other way round it may err.
  if (report.get('nat-info-writes')) expect(report.get('nat-info-types')).toBe(true)
  expect(report.get('tcx') || report.get('clsact')).toBe(true)
  for (const { id, supported, where } of probeFeatures())
    expect(where).toEqual(
      supported && id.startsWith('bpf_') ? expect.stringMatching(/^vmlinux$|^module nf_/) : undefined,
    )
})
