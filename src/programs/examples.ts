import type { ProgramSpec } from '../asm/program.ts'

/** The example programs by name, one for each type of program; each is read and compiled when it is asked for. */
export const examples: Readonly<Record<string, () => Promise<ProgramSpec>>> = {
  xdp_counter: async () => (await import('./examples/xdp-packet-counter.ts')).xdpPacketCounter,
  port_ingress: async () =>
    (await import('./examples/tc-port-redirector.ts')).tcPortRedirector('ingress', 80, 8080),
  short_datagrams: async () =>
    (await import('./examples/socket-filter-short-datagrams.ts')).socketFilterShortDatagrams,
  egress_bytes: async () => (await import('./examples/cgroup-egress-bytes.ts')).cgroupEgressBytes,
  connect4_redir: async () => (await import('./examples/connect4-redirect.ts')).connect4Redirect,
  note_execs: async () => (await import('./examples/tracepoint-execs.ts')).tracepointExecs,
  syscalls: async () => (await import('./examples/raw-tracepoint-syscalls.ts')).rawTracepointSyscalls,
  note_parents: async () => (await import('./examples/tp-btf-parents.ts')).tpBtfParents,
  count_connects: async () => (await import('./examples/fentry-connects.ts')).fentryConnects,
  read_bytes: async () => (await import('./examples/fexit-read-bytes.ts')).fexitReadBytes,
  note_unlinks: async () => (await import('./examples/kprobe-unlinks.ts')).kprobeUnlinks,
  no_raw_sockets: async () => (await import('./examples/lsm-no-raw-sockets.ts')).lsmNoRawSockets(65_534),
  sum: async () => (await import('./examples/syscall-sum.ts')).syscallSum,
}
