import type { Callee, MemorySpace } from '../../ir/graph.ts'

/**
 * Helper functions by the kernel's names; numbers from `___BPF_FUNC_MAPPER` (include/uapi/linux/bpf.h), effects
 * from `bpf_helper_changes_pkt_data` (net/core/filter.c) and the helpers' documentation there.
 */
export const helpers = {
  map_lookup_elem: helper('map_lookup_elem', 1),
  map_update_elem: helper('map_update_elem', 2, ['map']),
  map_delete_elem: helper('map_delete_elem', 3, ['map']),
  ktime_get_ns: helper('ktime_get_ns', 5, [], true),
  get_prandom_u32: helper('get_prandom_u32', 7, [], true),
  get_smp_processor_id: helper('get_smp_processor_id', 8, [], true),
  redirect: helper('redirect', 23),
  skb_load_bytes: helper('skb_load_bytes', 26, ['frame']),
  skb_pull_data: helper('skb_pull_data', 39, ['packet', 'context']),
  jiffies64: helper('jiffies64', 118, [], true),
} as const

function helper(
  name: string,
  number: number,
  writes: readonly MemorySpace[] = [],
  removable = false,
): Callee {
  return { kind: 'helper', name: `bpf_${name}`, number, writes, removable }
}
