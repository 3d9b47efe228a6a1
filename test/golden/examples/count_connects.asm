; fentry-connects.ts  (b, { sk }) => {
   0: r0 = *(u64 *)(r1 + 0)
; fentry-connects.ts  const port = b.lookup(connects, sk.destinationPort.toHost().toU32(), { otherwise: 0 })
   1: r0 = *(u16 *)(r0 + 0)  ; sock::__sk_common.skc_dport
   2: r0 = be16 r0
   3: *(u32 *)(r10 - 8) = r0
   4: r1 = map[connects] ll
   6: r2 = r10
   7: r2 += -8
   8: call bpf_map_lookup_elem
   9: if r0 == 0 goto L1
; fentry-connects.ts  b.atomicAdd(port, { count: 1 })
  10: r1 = 1
  11: lock *(u64 *)(r0 + 0) += r1
L1:
; fentry-connects.ts  const port = b.lookup(connects, sk.destinationPort.toHost().toU32(), { otherwise: 0 })
  12: w0 = 0
  13: exit
