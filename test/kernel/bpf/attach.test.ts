import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmdirSync } from 'node:fs'
import { afterAll, beforeAll, expect } from 'vitest'
import { mov64 } from '../../../src/asm/isa/alu.ts'
import { r0 } from '../../../src/asm/isa/registers.ts'
import { u32, u64 } from '../../../src/asm/layout/scalar.ts'
import { codecOf } from '../../../src/asm/layout/struct.ts'
import type { ProgramSpec } from '../../../src/asm/program.ts'
import { BpfMap } from '../../../src/loader/bpf/map.ts'
import { hasFunctionTracing } from '../../../src/loader/kernel/program-probes.ts'
import { inNamespace } from '../../../src/loader/netns/namespace.ts'
import { BpfLink } from '../../../src/loader/program/link.ts'
import { attachCgroup } from '../../../src/loader/program/link-cgroup.ts'
import { attachNamespace } from '../../../src/loader/program/link-netns.ts'
import { attachKprobe, attachTracepoint } from '../../../src/loader/program/link-perf-event.ts'
import { attachTracing } from '../../../src/loader/program/link-tracing.ts'
import { attachXdp } from '../../../src/loader/program/link-xdp.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import type { BpfProgram } from '../../../src/loader/program/program.ts'
import { attachSocketFilter } from '../../../src/loader/program/socket-filter.ts'
import { whyNoKernelTests } from '../support/availability.ts'
import { cgroupRoot } from '../support/cgroups.ts'
import { describe, it } from '../support/kernel-test.ts'
import { run, testNamespaces } from '../support/namespaces.ts'
import { failOnLeakedFds, privatePinDirectory } from './fixture.ts'
import { counting, hits } from './sample-programs.ts'

const pins = privatePinDirectory()
const namespaces = testNamespaces()
failOnLeakedFds()

/** Why programs cannot be attached to functions here; undefined where they can. */
const noFunctionTracing =
  whyNoKernelTests === undefined && !hasFunctionTracing()
    ? ' (this kernel refuses fentry programs)'
    : undefined

const functionTest = noFunctionTracing === undefined ? it : it.skip

type Kind = Pick<ProgramSpec, 'type' | 'attach'>

/** Counts its runs and returns a constant. */
function counter(kind: Kind, result: number): ProgramSpec {
  const spec = counting('count')
  const instructions = spec.instructions.map((instruction) =>
    instruction.opcode === 0xb7 && instruction.imm === -1 ? mov64(r0, result) : instruction,
  )
  return { ...spec, ...kind, instructions }
}

/** Loads a counting program, and tells how often it has run. */
function load(kind: Kind, result = 0) {
  const map = BpfMap.create(hits, { key: codecOf(u32), value: codecOf(u64) })
  let program: BpfProgram
  try {
    program = loadProgram(counter(kind, result), { maps: new Map([['hits', map]]) })
  } catch (error) {
    map.close()
    throw error
  }
  return {
    program,
    runs: () => map.get(0) ?? 0n,
    [Symbol.dispose]: () => {
      program.close()
      map.close()
    },
  }
}

/** A link runs its program while it is open, and not after. */
function check(attach: () => BpfLink, runs: () => bigint, cause: () => void): void {
  const link = attach()
  try {
    const before = runs()
    cause()
    expect(runs()).toBeGreaterThan(before)
  } finally {
    link.close()
  }
  const after = runs()
  cause()
  expect(runs()).toBe(after)
}

const lo = 1
const execute = (): void => {
  execFileSync('true')
}
const failing = (fields: object) => expect.objectContaining(fields)

describe('XDP', () => {
  const XDP_PASS = 2

  it.each(['generic', undefined] as const)('on an interface (mode: %s)', (mode) => {
    const namespace = namespaces.create('xdp')
    using counted = load({ type: 'xdp', attach: { type: 'xdp' } }, XDP_PASS)
    const attach = () =>
      inNamespace(namespace, () =>
        attachXdp(counted.program, { ifindex: lo, ...(mode !== undefined && { mode }) }),
      )
    check(attach, counted.runs, () => run(namespace, 'bash', '-c', 'echo > /dev/udp/127.0.0.1/9'))
  })

  it('gets another program in its place, is pinned and found again', () => {
    const namespace = namespaces.create('xdp')
    using first = load({ type: 'xdp', attach: { type: 'xdp' } }, XDP_PASS)
    using second = load({ type: 'xdp', attach: { type: 'xdp' } }, XDP_PASS)
    inNamespace(namespace, () => {
      const path = `${pins}/xdp`
      {
        using link = attachXdp(first.program, { ifindex: lo })
        expect(() => attachXdp(second.program, { ifindex: lo })).toThrow(failing({ errnoName: 'EBUSY' }))
        link.update(second.program, first.program)
        link.pin(path)
      }
      using link = BpfLink.openPinned(path, 'xdp')
      expect(link.info()).toMatchObject({ type: 6, ifindex: lo, programId: second.program.id })
      using again = BpfLink.openId(link.id)
      expect(again?.id).toBe(link.id)
      expect(() => BpfLink.openPinned(path, 'tcx')).toThrow(
        `${path} is the pin of a xdp link, not of a tcx link`,
      )
      link.detach()
      expect(link.info().ifindex).toBe(0)
    })
  })

  it('says which interface is missing', () => {
    using counted = load({ type: 'xdp' }, XDP_PASS)
    expect(() => attachXdp(counted.program, { ifindex: 4711 })).toThrow(
      failing({
        message: 'attach program "count" to XDP of interface 4711: EINVAL from bpf(BPF_LINK_CREATE)',
        hint: expect.stringMatching(/^There is no such interface in this network namespace/),
      }),
    )
  })
})

describe('cgroups', () => {
  const path = `${cgroupRoot}/tsbpf-test-${process.pid}`
  beforeAll(() => {
    mkdirSync(path)
  })
  afterAll(() => {
    rmdirSync(path)
  })
  const inCgroup = (command: string) =>
    execFileSync('bash', ['-c', `echo $$ > ${path}/cgroup.procs; ${command}`], { stdio: 'pipe' })

  it('filter packets', () => {
    using counted = load({ type: 'cgroup_skb', attach: { type: 'cgroup_inet_egress' } }, 1)
    const send = () => inCgroup('echo > /dev/udp/127.0.0.1/9')
    check(() => attachCgroup(counted.program, { path }), counted.runs, send)
  })

  it('see connects, and refuse them', () => {
    using counted = load({ type: 'cgroup_sock_addr', attach: { type: 'cgroup_inet4_connect' } }, 0)
    const connect = () => inCgroup('(echo > /dev/tcp/127.0.0.1/9) 2>&1 || true').toString()
    {
      using link = attachCgroup(counted.program, { path })
      expect(link.info()).toMatchObject({ type: 3, attachType: 10 })
      expect(link.info().cgroupId).toBeGreaterThan(0n)
      expect(connect()).toMatch(/Operation not permitted/)
      expect(counted.runs()).toBe(1n)
    }
    expect(connect()).toMatch(/Connection refused/)
  })

  it('that are not there are named', () => {
    using counted = load({ type: 'cgroup_skb', attach: { type: 'cgroup_inet_egress' } }, 1)
    expect(() => attachCgroup(counted.program, { path: `${path}/none` })).toThrow(
      failing({
        code: 'ATTACH_TARGET',
        message: `there is no cgroup at ${path}/none: ENOENT: no such file or directory, open '${path}/none'`,
      }),
    )
    expect(() => attachCgroup(counted.program, { path: '/proc' })).toThrow(
      failing({
        message:
          'attach program "count" to cgroup_inet_egress of cgroup /proc: EBADF from bpf(BPF_LINK_CREATE)',
        hint: 'The path is not a cgroup of version 2 (see `mount -t cgroup2`).',
      }),
    )
  })
})

describe('tracing', () => {
  it('raw tracepoints', () => {
    const target = { kind: 'raw-tracepoint', name: 'sched_process_exec', typed: false } as const
    using counted = load({ type: 'raw_tracepoint', attach: { target } })
    check(() => attachTracing(counted.program), counted.runs, execute)
    expect(() => attachTracing(counted.program, 'sched_nothing')).toThrow(
      failing({
        message:
          'attach program "count" to raw tracepoint sched_nothing: ENOENT from bpf(BPF_RAW_TRACEPOINT_OPEN)',
        hint: 'There is no such tracepoint, or its module is not loaded.',
      }),
    )
  })

  it('typed tracepoints', () => {
    const target = { kind: 'raw-tracepoint', name: 'sched_process_exec', typed: true } as const
    using counted = load({ type: 'tracing', attach: { type: 'trace_raw_tp', target } })
    check(() => attachTracing(counted.program), counted.runs, execute)
  })

  functionTest.each(['trace_fentry', 'trace_fexit'] as const)(
    `functions: %s${noFunctionTracing ?? ''}`,
    (type) => {
      const target = { kind: 'function', name: 'vfs_read' } as const
      using counted = load({ type: 'tracing', attach: { type, target } })
      check(
        () => attachTracing(counted.program),
        counted.runs,
        () => {
          readFileSync('/proc/self/status')
        },
      )
      using link = attachTracing(counted.program)
      expect(() => link.detach()).toThrow(
        failing({ hint: 'Links of this kind end when they are closed and no pin is left.' }),
      )
    },
  )

  it('functions that are not there are named, with those that may be meant', () => {
    const kind = (name: string): Kind => ({
      type: 'tracing',
      attach: { type: 'trace_fentry', target: { kind: 'function', name } },
    })
    expect(() => load(kind('vfs_raed'))).toThrow(
      failing({
        message: `function "vfs_raed" is not in this kernel's BTF`,
        hint: expect.stringMatching(/^Did you mean .*\bvfs_read\b.*\? Static functions/),
      }),
    )
  })

  it('ordinary tracepoints', () => {
    const target = { kind: 'tracepoint', category: 'sched', name: 'sched_process_exec' } as const
    using counted = load({ type: 'tracepoint', attach: { target } })
    check(() => attachTracepoint(counted.program), counted.runs, execute)
    const other = { category: 'sched', name: 'sched_proces_exec' }
    expect(() => attachTracepoint(counted.program, other)).toThrow(
      failing({
        message: 'this kernel has no tracepoint sched:sched_proces_exec',
        hint: expect.stringMatching(/^Did you mean sched:sched_process_exec/),
      }),
    )
  })

  it('kprobes, or the reason why there are none', () => {
    const target = { kind: 'kprobe', name: 'vfs_read', offset: 0, returning: false } as const
    using counted = load({ type: 'kprobe', attach: { target } })
    const read = () => {
      readFileSync('/proc/self/status')
    }
    let missing: unknown
    try {
      openSync('/sys/bus/event_source/devices/kprobe/type', 'r')
    } catch (error) {
      missing = error
    }
    if (missing === undefined) check(() => attachKprobe(counted.program), counted.runs, read)
    else
      expect(() => attachKprobe(counted.program)).toThrow(
        'this kernel has no kprobes by perf_event_open; Linux 4.17 and later do',
      )
  })
})

describe('network namespaces', () => {
  it('choose sockets', () => {
    const namespace = namespaces.create('lookup')
    using counted = load({ type: 'sk_lookup', attach: { type: 'sk_lookup' } }, 1)
    check(
      () => inNamespace(namespace, () => attachNamespace(counted.program, 'sk_lookup')),
      counted.runs,
      () => run(namespace, 'bash', '-c', '(echo > /dev/tcp/127.0.0.1/9) 2>/dev/null || true'),
    )
  })
})

describe('sockets', () => {
  it('that are none are refused', () => {
    using counted = load({ type: 'socket_filter' })
    const file = openSync('/dev/null', 'r')
    try {
      expect(() => attachSocketFilter(counted.program, file)).toThrow(
        failing({
          message: `attach program "count" to socket ${file}: ENOTSOCK from setsockopt`,
          hint: 'The descriptor is not a socket.',
        }),
      )
    } finally {
      closeSync(file)
    }
  })
})
