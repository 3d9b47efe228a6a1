import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { attachTypes } from '../../asm/attach.ts'
import { mov64 } from '../../asm/isa/alu.ts'
import { encode } from '../../asm/isa/encode.ts'
import { exit } from '../../asm/isa/jump.ts'
import { r0 } from '../../asm/isa/registers.ts'
import { programTypes } from '../../asm/program.ts'
import { bpfError } from '../bpf/error.ts'
import { Fd } from '../bpf/fd.ts'
import { linkCreate } from '../bpf/link-commands.ts'
import { progLoad } from '../bpf/program-commands.ts'
import type { BpfSyscall } from '../bpf/syscall.ts'
import type { Feature, FeatureContext } from './features.ts'
import { hasFunctionTracing, hasSecurityHooks, loadsProgram, type ProgramProbe } from './program-probes.ts'
import { UnsupportedFeatureError } from './unsupported-feature-error.ts'

const authors = 'for programs of your own'
const newer = 'Use a newer kernel.'

/** Types of programs and ways to attach them, besides TC: the features by name. */
export const programFeatures = {
  xdp: typeFeature('XDP programs', '4.8', 'programs that see packets as the driver received them', {
    type: 'xdp',
    attach: 'xdp',
  }),
  'socket-filter': typeFeature('socket filters', '3.19', 'programs that choose what a socket receives', {
    type: 'socket_filter',
  }),
  'cgroup-skb': typeFeature(
    'packet programs of cgroups',
    '4.10',
    'programs that see the packets of a cgroup',
    {
      type: 'cgroup_skb',
      attach: 'cgroup_inet_egress',
      result: 1,
      otherwise: 'Use a kernel built with CONFIG_CGROUP_BPF=y.',
    },
  ),
  'cgroup-sock-addr': typeFeature(
    'address programs of cgroups',
    '4.17',
    'programs that see and change the addresses of connect, bind and sendmsg',
    {
      type: 'cgroup_sock_addr',
      attach: 'cgroup_inet4_connect',
      result: 1,
      otherwise: 'Use a kernel built with CONFIG_CGROUP_BPF=y.',
    },
  ),
  'sk-lookup': typeFeature(
    'socket lookup programs',
    '5.9',
    'programs that choose the socket of a connection',
    {
      type: 'sk_lookup',
      attach: 'sk_lookup',
      result: 1,
    },
  ),
  tracepoint: typeFeature('tracepoint programs', '4.7', 'programs that run at tracepoints', {
    type: 'tracepoint',
    otherwise: 'Use a kernel built with CONFIG_BPF_EVENTS=y.',
  }),
  'raw-tracepoint': typeFeature(
    'raw tracepoint programs',
    '4.17',
    'programs that run at tracepoints, with their arguments',
    { type: 'raw_tracepoint', otherwise: 'Use a kernel built with CONFIG_BPF_EVENTS=y.' },
  ),
  'tp-btf': {
    name: 'typed tracepoint programs',
    since: '5.5',
    what: 'programs that run at tracepoints and read kernel structs directly',
    why: authors,
    otherwise: 'Use raw tracepoint programs, which read them with bpf_probe_read_kernel.',
    probe: ({ bpf, kernel }) => {
      const btfId = findBtf(kernel, 'btf_trace_sched_process_exec', 'typedef')
      return btfId !== undefined && loadsProgram('tracing', { attach: 'trace_raw_tp', btfId }, bpf)
    },
  },
  fentry: {
    name: 'programs on kernel functions (fentry, fexit)',
    since: '5.5',
    what: 'programs that run where a kernel function starts or returns, with its typed arguments',
    why: authors,
    otherwise:
      'Use kprobes. Where the kernel is new enough, it was built without CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS, or a security policy forbids it.',
    probe: ({ bpf, kernel }) => hasBtf(kernel) && hasFunctionTracing(bpf, kernel),
  },
  kprobe: {
    name: 'kprobes by perf_event_open',
    since: '4.17',
    what: 'programs that run at any instruction of the kernel',
    why: authors,
    otherwise: 'Use a kernel built with CONFIG_KPROBE_EVENTS=y, or fentry programs.',
    probe: ({ bpf }) => existsSync('/sys/bus/event_source/devices/kprobe') && loadsProgram('kprobe', {}, bpf),
  },
  lsm: {
    name: 'security policies',
    since: '5.7',
    what: 'programs that are asked whether something may be done',
    why: authors,
    otherwise:
      'Use a kernel built with CONFIG_BPF_LSM=y; bpf must be in the list of security modules (boot with lsm=…,bpf).',
    probe: ({ bpf, kernel }) => hasBtf(kernel) && hasSecurityHooks(bpf, kernel),
  },
  syscall: typeFeature(
    'programs run by user space',
    '5.14',
    'programs that are called with memory of the caller',
    {
      type: 'syscall',
      sleepable: true,
    },
  ),
  'perf-event-links': {
    name: 'links of tracepoints and kprobes',
    since: '5.15',
    what: 'programs are attached to perf events by links',
    why: authors,
    otherwise: newer,
    probe: ({ bpf }) => hasPerfEventLinks(bpf),
  },
} as const satisfies Record<string, Feature>

type TypeProbe = ProgramProbe & {
  readonly type: Parameters<typeof loadsProgram>[0]
  readonly otherwise?: string
}

function typeFeature(
  name: string,
  since: string,
  what: string,
  { type, otherwise = newer, ...probe }: TypeProbe,
): Feature {
  return { name, since, what, why: authors, otherwise, probe: ({ bpf }) => loadsProgram(type, probe, bpf) }
}

function hasBtf(kernel: FeatureContext['kernel']): boolean {
  return findBtf(kernel, 'task_struct', 'struct') !== undefined
}

function findBtf(
  kernel: FeatureContext['kernel'],
  name: string,
  kind: 'typedef' | 'struct',
): number | undefined {
  try {
    return kernel.vmlinux.findByName(name, kind)
  } catch (error) {
    if (error instanceof UnsupportedFeatureError) return undefined
    throw error
  }
}

/**
 * Asks for a link to a descriptor that cannot be one: a kernel with such links looks at it (EBADF), one without does not
 * know the attach type (EINVAL).
 */
function hasPerfEventLinks(bpf: BpfSyscall): boolean {
  const { result } = progLoad(bpf, {
    type: programTypes.tracepoint,
    name: 'link_probe',
    instructions: encode([mov64(r0, 0), exit()]),
    license: 'GPL',
  })
  if (result === -constants.errno.EPERM)
    throw bpfError('BPF_PROG_LOAD', -result, 'find out whether the kernel has perf event links')
  if (result < 0) return false
  using program = new Fd(result, 'program "link_probe"', bpf)
  const noDescriptor = 0xffff_ffff
  const link = linkCreate(bpf, {
    programFd: program.number,
    target: noDescriptor,
    attachType: attachTypes.perf_event,
  })
  return link === -constants.errno.EBADF
}
