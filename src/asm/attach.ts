/**
 * Where programs are attached, by the names that libbpf and bpftool use; numbers from `enum bpf_attach_type`
 * (include/uapi/linux/bpf.h).
 */
export const attachTypes = {
  cgroup_inet_ingress: 0,
  cgroup_inet_egress: 1,
  cgroup_inet_sock_create: 2,
  cgroup_sock_ops: 3,
  cgroup_inet4_bind: 8,
  cgroup_inet6_bind: 9,
  cgroup_inet4_connect: 10,
  cgroup_inet6_connect: 11,
  cgroup_inet4_post_bind: 12,
  cgroup_inet6_post_bind: 13,
  cgroup_udp4_sendmsg: 14,
  cgroup_udp6_sendmsg: 15,
  flow_dissector: 17,
  cgroup_udp4_recvmsg: 19,
  cgroup_udp6_recvmsg: 20,
  trace_raw_tp: 23,
  trace_fentry: 24,
  trace_fexit: 25,
  modify_return: 26,
  lsm_mac: 27,
  cgroup_inet4_getpeername: 29,
  cgroup_inet6_getpeername: 30,
  cgroup_inet4_getsockname: 31,
  cgroup_inet6_getsockname: 32,
  cgroup_inet_sock_release: 34,
  sk_lookup: 36,
  xdp: 37,
  perf_event: 41,
  tcx_ingress: 46,
  tcx_egress: 47,
} as const

/** A place where programs can be attached. */
export type AttachType = keyof typeof attachTypes

/** What a program is meant to be attached to, as far as the program itself decides that. */
export interface AttachSpec {
  /** Where: the kernel verifies some program types by it (`expected_attach_type`). */
  readonly type?: AttachType
  /** What, by its name in the kernel. */
  readonly target?: AttachTarget
}

/** Something of the kernel that a program is attached to. */
export type AttachTarget =
  /** A function with an entry in the kernel's BTF, for fentry, fexit and fmod_ret. */
  | {
      readonly kind: 'function'
      readonly name: string
      /** What the program takes the function's prototype for, in the notation of a kfunc; not checked when absent. */
      readonly parameters?: readonly string[]
      readonly returns?: string
    }
  /** A hook of the Linux security modules, without the prefix `bpf_lsm_`: `file_open`. */
  | {
      readonly kind: 'lsm'
      readonly name: string
      readonly parameters?: readonly string[]
      readonly returns?: string
    }
  /** A tracepoint whose arguments come as they are; `typed`: as the pointers of the kernel's BTF (`tp_btf`). */
  | {
      readonly kind: 'raw-tracepoint'
      readonly name: string
      readonly typed: boolean
      readonly parameters?: readonly string[]
    }
  /** A tracepoint as tracefs lists it: `sched:sched_process_exec`. */
  | { readonly kind: 'tracepoint'; readonly category: string; readonly name: string }
  /** Any instruction of the kernel; `returning`: where the function returns. */
  | { readonly kind: 'kprobe'; readonly name: string; readonly offset: number; readonly returning: boolean }
