import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openFdCount } from '../../../../src/loader/bpf/fd.ts'
import {
  missingCapabilities,
  parseEffectiveCapabilities,
} from '../../../../src/loader/kernel/capabilities.ts'
import { natInfoTypesAgree } from '../../../../src/loader/kernel/conntrack-kfuncs.ts'
import {
  features,
  hasFeature,
  probeFeatures,
  requireFeature,
} from '../../../../src/loader/kernel/features.ts'
import { openModuleBtf } from '../../../../src/loader/kernel/module-btf.ts'
import { hasTcx } from '../../../../src/loader/kernel/tcx-probe.ts'
import type { KernelTypes } from '../../../../src/loader/kernel/vmlinux-btf.ts'
import { FakeKernel, pointee } from '../bpf/fake-kernel.ts'
import { conntrackTypes } from './conntrack-types.ts'

const EPERM = 1
const EBADF = 9
const ENODEV = 19
const EINVAL = 22

describe('capabilities', () => {
  it('are read from the status text', () => {
    const status = 'Name:\tnode\nCapPrm:\t0000000000000000\nCapEff:\t000001ffffffffff\nCapBnd:\t0\n'
    expect(parseEffectiveCapabilities(status)).toBe(0x1ffffffffffn)
    expect(parseEffectiveCapabilities('Name:\tnode\n')).toBeUndefined()
  })

  it('are missing when their bit is not set, unless CAP_SYS_ADMIN is', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 41n - 1n }), (mask) => {
        const missing = missingCapabilities(['CAP_BPF', 'CAP_NET_ADMIN'], mask)
        const admin = (mask & (1n << 21n)) !== 0n
        expect(missing.includes('CAP_BPF')).toBe(!admin && (mask & (1n << 39n)) === 0n)
        expect(missing.includes('CAP_NET_ADMIN')).toBe(!admin && (mask & (1n << 12n)) === 0n)
      }),
    )
  })
})

describe('tcx', () => {
  it.each([
    [0, true],
    [-ENODEV, true],
    [-EINVAL, false],
  ])('answer %d means %s', (answer, expected) => {
    expect(hasTcx(new FakeKernel({ BPF_PROG_QUERY: () => answer }))).toBe(expected)
  })

  it('is unknown without privileges', () => {
    const kernel = new FakeKernel({ BPF_PROG_QUERY: () => -EPERM })
    expect(() => hasTcx(kernel)).toThrow(expect.objectContaining({ errnoName: 'EPERM' }))
  })
})

describe('features', () => {
  it('have names, releases and reasons', () => {
    for (const feature of Object.values(features)) {
      expect(feature.since).toMatch(/^\d\.\d+$/)
      for (const text of [feature.name, feature.what, feature.why, feature.otherwise])
        expect(text.length).toBeGreaterThan(5)
    }
  })

  it('that are missing say what else can be done', () => {
    const bpf = new FakeKernel({ BPF_PROG_QUERY: () => -EINVAL, BPF_PROG_LOAD: () => -EINVAL })
    expect(hasFeature('kfunc-calls', { bpf })).toBe(false)
    expect(() => requireFeature('tcx', { bpf })).toThrow(
      'this kernel has no tcx links; Linux 6.6 and later do',
    )
    expect(() => requireFeature('tcx', { bpf })).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/clsact/), since: '6.6' }),
    )
  })

  it('leave no program behind', () => {
    let loads = 0
    const bpf = new FakeKernel({ BPF_PROG_LOAD: () => (loads++ === 0 ? 17 : -EINVAL) })
    expect(hasFeature('kfunc-calls', { bpf })).toBe(true)
    expect(bpf.closed).toEqual([17])
  })

  it('do not take a kernel that ignores dead calls (before 5.13) for one that can call kernel functions', () => {
    const bpf = new FakeKernel({ BPF_PROG_LOAD: () => 17 })
    expect(hasFeature('kfunc-calls', { bpf })).toBe(false)
    expect(bpf.closed).toEqual([17, 17])
  })
})

describe('program types', () => {
  it('are there when a program of that type loads, which is closed', () => {
    const bpf = new FakeKernel({ BPF_PROG_LOAD: () => 17 })
    expect(hasFeature('cgroup-sock-addr', { bpf })).toBe(true)
    const [load] = bpf.requests
    expect([load?.readU32(0), load?.readU32(68)]).toEqual([18, 10])
    expect(bpf.closed).toEqual([17])
    expect(hasFeature('xdp', { bpf: new FakeKernel({ BPF_PROG_LOAD: () => -EINVAL }) })).toBe(false)
  })

  it('that sleep say so', () => {
    const bpf = new FakeKernel({ BPF_PROG_LOAD: () => 17 })
    hasFeature('syscall', { bpf })
    expect(bpf.requests[0]?.readU32(44)).toBe(1 << 4)
  })

  it.each([
    [-EBADF, true],
    [-EINVAL, false],
  ])('links of perf events: answer %d means %s', (answer, expected) => {
    const bpf = new FakeKernel({ BPF_PROG_LOAD: () => 17, BPF_LINK_CREATE: () => answer })
    expect(hasFeature('perf-event-links', { bpf })).toBe(expected)
    expect(bpf.closed).toEqual([17])
  })

  it('on functions and hooks that the kernel does not have are not tried', () => {
    const { vmlinux } = conntrackTypes({ own: false })
    const kernel: KernelTypes = { vmlinux, moduleNames: () => [], module: () => expect.fail('none') }
    const bpf = new FakeKernel({ BPF_PROG_LOAD: () => 17 })
    for (const id of ['fentry', 'lsm', 'tp-btf'] as const) expect(hasFeature(id, { bpf, kernel })).toBe(false)
    expect(bpf.requests).toEqual([])
  })
})

describe('types of the NAT functions', () => {
  it('agree when both come from the kernel', () => {
    expect(natInfoTypesAgree(conntrackTypes({ own: false }))).toBe(true)
  })

  it('disagree when each module has its own, equal ids or not', () => {
    expect(natInfoTypesAgree(conntrackTypes({ own: true }))).toBe(false)
  })

  it('are unknown without the functions', () => {
    const { vmlinux } = conntrackTypes({ own: false })
    const bare: KernelTypes = { vmlinux, moduleNames: () => [], module: () => expect.fail('none') }
    expect(natInfoTypesAgree(bare)).toBeUndefined()
    expect(hasFeature('nat-info-types', { kernel: bare })).toBe(false)
  })

  it('are reported without privileges, and with the modules that they are in', () => {
    const bpf = new FakeKernel({
      BPF_PROG_LOAD: () => -EPERM,
      BPF_PROG_QUERY: () => -EPERM,
      BPF_BTF_LOAD: () => -EPERM,
    })
    const report = (own: boolean, modules = ['nf_nat', 'nf_conntrack']) => {
      const kernel = { ...conntrackTypes({ own }), moduleNames: () => modules }
      return new Map(
        probeFeatures({ bpf, kernel }).map(({ id, supported, where, unknown }) => [
          id,
          unknown ?? where ?? supported,
        ]),
      )
    }
    const known = report(false)
    expect(known.get('btf')).toBe(true)
    for (const id of ['kfunc-calls', 'tcx', 'clsact'] as const) expect(known.get(id)).toBe('needs root')
    expect(known.get('bpf_ct_set_nat_info')).toBe('module nf_nat')
    expect(known.get('bpf_skb_ct_alloc')).toBe('module nf_conntrack')
    // The module is there, the function is not in it.
    expect(known.get('bpf_skb_ct_lookup')).toBe(false)
    expect(known.get('nat-info-types')).toBe(true)
    expect(report(true).get('nat-info-types')).toBe(false)
    const unloaded = report(false, [])
    expect(unloaded.get('bpf_skb_ct_lookup')).toBe('module nf_conntrack not loaded')
    expect(unloaded.get('nat-info-types')).toBe('module nf_conntrack and nf_nat not loaded')
  })
})

describe("modules' types", () => {
  /** BTF ids 1 to 4 are these; the file descriptor of id n is 100 + n. */
  const names = ['vmlinux', 'nf_conntrack', '', 'nf_nat']
  const machine = () =>
    new FakeKernel({
      BPF_BTF_GET_NEXT_ID: (request) => {
        const id = request.readU32(0) + 1
        request.u32(4, id)
        return id > names.length ? -2 : 0
      },
      BPF_BTF_GET_FD_BY_ID: (request) => 100 + request.readU32(0),
      BPF_OBJ_GET_INFO_BY_FD: (request) => {
        const info = pointee(request, 8)
        const name = names[request.readU32(0) - 101] ?? ''
        new DataView(info.buffer).setUint32(28, name === '' ? 0 : 1, true)
        request.pointers[0]?.inner[0]?.buffer.set(new TextEncoder().encode(name))
        return 0
      },
    })

  it('are found by name among all, in the order asked for', () => {
    const kernel = machine()
    const fds = openModuleBtf(kernel, ['nf_nat', 'nf_conntrack'])
    expect(fds.map((fd) => fd.number)).toEqual([104, 102])
    for (const fd of fds) fd.close()
    expect(kernel.closed.sort()).toEqual([101, 102, 103, 104])
  })

  it('cost nothing when there are none to find', () => {
    const kernel = machine()
    expect(openModuleBtf(kernel, [])).toEqual([])
    expect(kernel.requests).toEqual([])
  })

  it('that are gone are named, and nothing stays open', () => {
    const before = openFdCount()
    expect(() => openModuleBtf(machine(), ['nf_nat', 'gone'])).toThrow(/module gone/)
    expect(openFdCount()).toBe(before)
  })
})
