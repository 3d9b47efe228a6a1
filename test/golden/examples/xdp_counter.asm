; xdp-packet-counter.ts  const ip = b.packet(ctx).ipv4({ otherwise: XDP_PASS })
   0: r2 = *(u32 *)(r1 + 0)
   1: r1 = *(u32 *)(r1 + 4)
   2: r0 = r2
   3: r0 += 34
   4: if r0 > r1 goto L1
   5: r0 = *(u16 *)(r2 + 12)
   6: if w0 != 8 goto L1
   7: r0 = *(u8 *)(r2 + 14)
   8: w0 += -69
   9: if w0 > 10 goto L1
  10: r0 = *(u8 *)(r2 + 23)
; xdp-packet-counter.ts  const seen = b.lookup(packetsByProtocol, ip.protocol.toU32(), { otherwise: XDP_PASS })
  11: *(u32 *)(r10 - 8) = r0
  12: r1 = map[by_protocol] ll
  14: r2 = r10
  15: r2 += -8
  16: call bpf_map_lookup_elem
  17: if r0 == 0 goto L1
; xdp-packet-counter.ts  b.atomicAdd(seen, { packets: 1 })
  18: r1 = 1
  19: lock *(u64 *)(r0 + 0) += r1
L1:
; xdp-packet-counter.ts  const ip = b.packet(ctx).ipv4({ otherwise: XDP_PASS })
  20: w0 = 2
  21: exit
