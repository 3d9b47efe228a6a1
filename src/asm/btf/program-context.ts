import type { ProgramType } from '../program.ts'
import type { BtfWriter } from './writer.ts'

/**
 * By program type, the struct that its first argument points to (include/linux/bpf_types.h). The kernel compares
 * the name only, so the struct needs no members.
 */
const contextStructs: Readonly<Partial<Record<ProgramType, string>>> = {
  socket_filter: '__sk_buff',
  sched_cls: '__sk_buff',
  sched_act: '__sk_buff',
  cgroup_skb: '__sk_buff',
  xdp: 'xdp_md',
  cgroup_sock_addr: 'bpf_sock_addr',
  raw_tracepoint: 'bpf_raw_tracepoint_args',
  cgroup_sock: 'bpf_sock',
  sock_ops: 'bpf_sock_ops',
  flow_dissector: '__sk_buff',
  sk_lookup: 'bpf_sk_lookup',
}

/** Adds the type of a program's first argument. @returns the pointer's id */
export function addContextPointer(writer: BtfWriter, type: ProgramType): number {
  const struct = contextStructs[type]
  if (struct !== undefined) return writer.ptr(writer.struct(struct, 0, []))
  switch (type) {
    case 'kprobe':
      return writer.ptr(writer.typedef('bpf_user_pt_regs_t', writer.struct('pt_regs', 0, [])))
    case 'tracing':
    case 'lsm':
      // An array of arguments, 64 bits each.
      return writer.ptr(writer.int('unsigned long long', 8))
    default:
      return writer.ptr(0)
  }
}
