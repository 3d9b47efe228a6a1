; cgroup-egress-bytes.ts  export const cgroupEgressBytes = cgroupSkb('egress_bytes', 'egress', (b, skb) => {
   0: r6 = r1
; cgroup-egress-bytes.ts  const total = b.lookup(sent, 0, { otherwise: CGROUP_ALLOW })
   1: *(u32 *)(r10 - 8) = 0
   2: r1 = map[sent] ll
   4: r2 = r10
   5: r2 += -8
   6: call bpf_map_lookup_elem
   7: if r0 == 0 goto L1
; cgroup-egress-bytes.ts  b.atomicAdd(total, { packets: 1, bytes: skb.len })
   8: r1 = *(u32 *)(r6 + 0)
   9: r2 = 1
  10: lock *(u64 *)(r0 + 0) += r2
  11: lock *(u64 *)(r0 + 8) += r1
L1:
; cgroup-egress-bytes.ts  const total = b.lookup(sent, 0, { otherwise: CGROUP_ALLOW })
  12: w0 = 1
  13: exit
