; socket-filter-short-datagrams.ts  export const socketFilterShortDatagrams = socketFilter('short_datagrams', (b, skb) => {
   0: r6 = r1
; socket-filter-short-datagrams.ts  const udp = b.stack(UdpHeader)
   1: *(u64 *)(r10 - 8) = 0
; socket-filter-short-datagrams.ts  b.if(b.helpers.skb_load_bytes({ skb, offset: 0, to: udp }).ne(0), () => b.return(0))
   2: w2 = 0
   3: r3 = r10
   4: r3 += -8
   5: w4 = 8
   6: call bpf_skb_load_bytes
   7: if r0 != 0 goto L1
; socket-filter-short-datagrams.ts  const count = b.lookup(datagrams, 0, { otherwise: 0 })
   8: *(u32 *)(r10 - 16) = 0
   9: r1 = map[datagrams] ll
  11: r2 = r10
  12: r2 += -16
  13: call bpf_map_lookup_elem
  14: if r0 == 0 goto L1
; socket-filter-short-datagrams.ts  b.if(udp.length.toHost().gt(longestDatagram + UdpHeader.size), () => {
  15: r1 = *(u16 *)(r10 - 4)
  16: r1 = be16 r1
  17: if w1 <= 108 goto L2
; socket-filter-short-datagrams.ts  b.atomicAdd(count, { dropped: 1 })
  18: r1 = 1
  19: lock *(u64 *)(r0 + 8) += r1
L1:
; socket-filter-short-datagrams.ts  b.if(b.helpers.skb_load_bytes({ skb, offset: 0, to: udp }).ne(0), () => b.return(0))
  20: w0 = 0
  21: exit
L2:
; socket-filter-short-datagrams.ts  b.atomicAdd(count, { passed: 1 })
  22: r1 = 1
  23: lock *(u64 *)(r0 + 0) += r1
; socket-filter-short-datagrams.ts  b.return(skb.len)
  24: r0 = *(u32 *)(r6 + 0)
  25: exit
