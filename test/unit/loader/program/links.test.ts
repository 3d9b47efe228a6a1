import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { AttachSpec } from '../../../../src/asm/attach.ts'
import { linkTypes } from '../../../../src/loader/bpf/constants.ts'
import { Fd, openFdCount } from '../../../../src/loader/bpf/fd.ts'
import type { BpfRequest } from '../../../../src/loader/bpf/request.ts'
import { securityModules } from '../../../../src/loader/kernel/program-probes.ts'
import { BpfLink } from '../../../../src/loader/program/link.ts'
import { attachCgroup } from '../../../../src/loader/program/link-cgroup.ts'
import { attachNamespace } from '../../../../src/loader/program/link-netns.ts'
import { attachKprobe, attachTracepoint } from '../../../../src/loader/program/link-perf-event.ts'
import { attachTracing } from '../../../../src/loader/program/link-tracing.ts'
import { attachXdp } from '../../../../src/loader/program/link-xdp.ts'
import { FakeKernel, pointee } from '../bpf/fake-kernel.ts'

const EBUSY = 16
const ENOENT = 2

function program(attach?: AttachSpec) {
  return { fd: new Fd(8, 'program "p"', new FakeKernel()), name: 'p', attach }
}

const failing = (fields: object) => expect.objectContaining(fields)

afterEach(() => {
  expect(openFdCount()).toBe(0)
})

describe('links', () => {
  it('of XDP name the interface, the attach type and the mode', () => {
    const kernel = new FakeKernel({ BPF_LINK_CREATE: () => 9 })
    using target = program().fd
    using _link = attachXdp({ fd: target, name: 'p' }, { ifindex: 3, mode: 'native' }, kernel)
    const [request] = kernel.requests as [BpfRequest]
    expect([0, 4, 8, 12].map((offset) => request.readU32(offset))).toEqual([8, 3, 37, 4])
  })

  it('of XDP that another program has say so', () => {
    using fd = program().fd
    const kernel = new FakeKernel({ BPF_LINK_CREATE: () => -EBUSY })
    expect(() => attachXdp({ fd, name: 'p' }, { ifindex: 3 }, kernel)).toThrow(
      failing({
        message: 'attach program "p" to XDP of interface 3: EBUSY from bpf(BPF_LINK_CREATE)',
        hint: 'The interface has an XDP program; update its link, or detach it first (ip link set dev … xdp off).',
      }),
    )
  })

  it('of tracing name the tracepoint, or nothing where the program says it', () => {
    const kernel = new FakeKernel({ BPF_RAW_TRACEPOINT_OPEN: () => 9 })
    const target = { kind: 'raw-tracepoint', name: 'sched_exec' } as const
    const raw = program({ target: { ...target, typed: false } })
    const typed = program({ type: 'trace_raw_tp', target: { ...target, typed: true } })
    for (const of of [raw, typed]) attachTracing(of, undefined, kernel).close()
    const [first, second] = kernel.requests as [BpfRequest, BpfRequest]
    expect(new TextDecoder().decode(pointee(first, 0))).toBe('sched_exec\0')
    expect(second.pointers).toEqual([])
    for (const { fd } of [raw, typed]) fd.close()
  })

  it.runIf(process.platform === 'linux')('of network namespaces are made for the own one', () => {
    const kernel = new FakeKernel({ BPF_LINK_CREATE: () => 9 })
    using fd = program().fd
    attachNamespace({ fd, name: 'p' }, 'sk_lookup', kernel).close()
    expect(kernel.requests[0]?.readU32(8)).toBe(36)
  })

  it('that are pinned are checked for their kind', () => {
    const info = (type: number) => (request: BpfRequest) => {
      new DataView(pointee(request, 8).buffer).setUint32(0, type, true)
      return 0
    }
    const kernel = new FakeKernel({ BPF_OBJ_GET: () => 9, BPF_OBJ_GET_INFO_BY_FD: info(linkTypes.xdp) })
    kernel.kind = 'link'
    BpfLink.openPinned('/pin', 'xdp', kernel).close()
    expect(() => BpfLink.openPinned('/pin', 'cgroup', kernel)).toThrow(
      failing({ code: 'PIN_KIND', message: '/pin is the pin of a xdp link, not of a cgroup link' }),
    )
    expect(kernel.closed).toEqual([9, 9])
  })
})

describe('programs that do not say what they are for', () => {
  it.each<[string, (p: ReturnType<typeof program>) => unknown, AttachSpec | undefined, string, string]>([
    [
      'cgroup',
      (p) => attachCgroup(p, { path: '/' }),
      undefined,
      'program "p" does not say where in a cgroup it belongs',
      "Give a type, such as 'cgroup_inet4_connect'.",
    ],
    [
      'tracepoint',
      (p) => attachTracepoint(p),
      undefined,
      'program "p" does not say which tracepoint it is for',
      'Give it to the function that attaches.',
    ],
    [
      'kprobe',
      (p) => attachKprobe(p),
      undefined,
      'program "p" does not say which kprobe it is for',
      'Give it to the function that attaches.',
    ],
    [
      'tracing of a kprobe',
      (p) => attachTracing(p),
      { target: { kind: 'kprobe', name: 'f', offset: 0, returning: false } },
      'program "p" is no tracing program',
      'Attach it with attachKprobe.',
    ],
  ])('%s', (_, attach, spec, message, hint) => {
    const p = program(spec)
    expect(() => attach(p)).toThrow(failing({ code: 'ATTACH_TYPE', message, hint }))
    p.fd.close()
  })
})

describe('what is not there', () => {
  it('a tracepoint is named', () => {
    const p = program()
    const kernel = new FakeKernel({ BPF_RAW_TRACEPOINT_OPEN: () => -ENOENT })
    expect(() => attachTracing(p, 'sched_nothing', kernel)).toThrow(
      failing({ hint: 'There is no such tracepoint, or its module is not loaded.' }),
    )
    p.fd.close()
  })
})

describe('the list of security modules', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsbpf-lsm-'))
  const list = join(directory, 'lsm')
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  it('is read where securityfs is mounted', () => {
    writeFileSync(list, 'capability,landlock,bpf\n')
    expect(securityModules(list)).toEqual(['capability', 'landlock', 'bpf'])
    rmSync(list)
    expect(securityModules(list)).toBeUndefined()
  })
})
