/**
 * Program types that have helpers in common, as the kernel's `*_func_proto` functions give them out (net/core/filter.c,
 * kernel/bpf/helpers.c, kernel/trace/bpf_trace.c and others; Linux 6.18). Which of them a type has can depend on the
 * attach point as well: the table then says what some attach point of the type has. Older kernels give out fewer;
 * the loader says so. A kernel test compares these sets with what the running kernel answers.
 */

const tracers = [
  'kprobe',
  'tracepoint',
  'perf_event',
  'raw_tracepoint',
  'raw_tracepoint_writable',
  'tracing',
  'lsm',
] as const
const tunnels = ['lwt_in', 'lwt_out', 'lwt_xmit', 'lwt_seg6local'] as const
const trafficControl = ['sched_cls', 'sched_act'] as const
const cgroupWithResult = [
  'cgroup_sock',
  'cgroup_device',
  'cgroup_sock_addr',
  'cgroup_sysctl',
  'cgroup_sockopt',
] as const
/** What looks at sockets through `bpf_sk_base_func_proto`. */
const network = [
  'socket_filter',
  ...trafficControl,
  'xdp',
  'cgroup_skb',
  ...tunnels,
  'sock_ops',
  'sk_skb',
  'sk_msg',
  'cgroup_sock_addr',
  'flow_dissector',
  'sk_lookup',
] as const
/** All but `netfilter`, `flow_dissector`, `sk_reuseport` and `struct_ops`. */
const withPerfEvents = [
  'socket_filter',
  ...trafficControl,
  'xdp',
  'cgroup_skb',
  ...tunnels,
  'sock_ops',
  'sk_skb',
  'sk_msg',
  ...cgroupWithResult,
  'sk_lookup',
  ...tracers,
  'syscall',
] as const

/** The sets of the helper table. */
export const on = {
  /** Every type, `lirc_mode2` excepted, which has a short list of its own. */
  everything: [...withPerfEvents, 'flow_dissector', 'sk_reuseport', 'netfilter', 'struct_ops'],
  withPerfEvents,
  /** `ktime_get_coarse_ns`: types in a network context. */
  network: [...network, 'cgroup_sock', 'cgroup_sysctl', 'sk_reuseport'],
  /** `skc_to_*`. */
  socketCasts: [...network, 'tracing', 'lsm', 'syscall'],
  socketStorage: [
    ...trafficControl,
    'cgroup_skb',
    'cgroup_sock',
    'sock_ops',
    'sk_msg',
    'cgroup_sock_addr',
    'cgroup_sockopt',
    'tracing',
    'lsm',
    'syscall',
  ],
  socketStorageDelete: [
    ...trafficControl,
    'cgroup_skb',
    'sock_ops',
    'sk_msg',
    'cgroup_sock_addr',
    'cgroup_sockopt',
    'tracing',
    'lsm',
    'syscall',
  ],
  netnsCookie: [
    'socket_filter',
    ...trafficControl,
    'cgroup_skb',
    'cgroup_sock',
    'sock_ops',
    'sk_msg',
    'cgroup_sock_addr',
    'cgroup_sockopt',
  ],
  socketCookie: [
    'socket_filter',
    ...trafficControl,
    'cgroup_skb',
    'cgroup_sock',
    'sock_ops',
    'sk_skb',
    'cgroup_sock_addr',
    'sk_reuseport',
    'tracing',
    'lsm',
    'syscall',
  ],
  cgroupStorage: ['cgroup_skb', 'sock_ops', ...cgroupWithResult, 'lsm'],
  cgroupResult: [...cgroupWithResult, 'lsm'],
  socketRelease: [...trafficControl, 'xdp', 'cgroup_skb', 'sk_skb', 'cgroup_sock_addr', 'sk_lookup'],
  socketLookup: [...trafficControl, 'xdp', 'cgroup_skb', 'sk_skb', 'cgroup_sock_addr'],
  packetReaders: [
    'socket_filter',
    ...trafficControl,
    'cgroup_skb',
    ...tunnels,
    'sk_skb',
    'flow_dissector',
    'sk_reuseport',
  ],
  relativeReaders: ['socket_filter', ...trafficControl, 'cgroup_skb', 'sk_reuseport'],
  stackTraces: [...tracers, 'syscall'],
  attachCookie: tracers,
  checksums: [...trafficControl, 'xdp', ...tunnels],
  pullers: [...trafficControl, ...tunnels, 'sk_skb'],
  tcpSockets: [...trafficControl, 'cgroup_skb', 'sock_ops', 'cgroup_sockopt'],
  routed: [...trafficControl, ...tunnels],
  socketOptions: ['sock_ops', 'cgroup_sock_addr', 'cgroup_sockopt', 'lsm'],
  socketOwner: ['socket_filter', ...trafficControl, 'cgroup_skb', 'sk_skb'],
  redirecting: [...trafficControl, 'xdp', 'lwt_xmit'],
  resizing: [...trafficControl, 'lwt_xmit', 'sk_skb'],
  roomAdjusting: [...trafficControl, 'sk_skb'],
  forwarding: [...trafficControl, 'xdp'],
  transmitting: [...trafficControl, 'lwt_xmit'],
  fullSockets: [...trafficControl, 'cgroup_skb'],
  socketAssigning: [...trafficControl, 'sk_lookup'],
  trafficControl,
  xdp: ['xdp'],
  bufferLength: ['xdp', 'tracing', 'lsm', 'syscall'],
  cgroupSkb: ['cgroup_skb'],
  binding: ['cgroup_sock_addr'],
  streams: ['sk_skb'],
  messages: ['sk_msg'],
  sockOps: ['sock_ops'],
  sysctl: ['cgroup_sysctl'],
  encapsulating: ['lwt_in', 'lwt_xmit'],
  seg6: ['lwt_seg6local'],
  reuseport: ['sk_reuseport'],
  lirc: ['lirc_mode2'],
  perfEvents: ['perf_event'],
  kprobes: ['kprobe'],
  userWriters: tracers,
  typedTracing: ['tracing', 'lsm', 'syscall'],
  tracing: ['tracing'],
  trampolines: ['tracing', 'lsm'],
  security: ['lsm'],
  syscall: ['syscall'],
  structOps: ['struct_ops'],
} as const

/** A program type of the kernel that the table knows. */
export type HelperProgram = (typeof on)[keyof typeof on][number]
