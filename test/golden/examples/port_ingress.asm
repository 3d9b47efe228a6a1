; tc-port-redirector.ts  return tc(`port_${direction}`, (b, skb) => {
   0: r7 = r1
; tc-port-redirector.ts  const packet = b.packet(skb)
   1: r0 = *(u32 *)(r1 + 76)
   2: r2 = *(u32 *)(r1 + 80)
; tc-port-redirector.ts  const ip = packet.ipv4({ otherwise: TCX_NEXT })
   3: r1 = r0
   4: r1 += 34
   5: if r1 <= r2 goto L1
   6: r1 = r7
   7: w2 = 34
   8: call bpf_skb_pull_data
   9: if r0 != 0 goto L3
  10: r0 = *(u32 *)(r7 + 76)
  11: r2 = *(u32 *)(r7 + 80)
  12: r1 = r0
  13: r1 += 34
  14: if r1 > r2 goto L3
L1:
  15: r1 = *(u16 *)(r0 + 12)
  16: if w1 != 8 goto L3
  17: r6 = *(u8 *)(r0 + 14)
  18: r1 = r6
  19: w1 += -69
  20: if w1 > 10 goto L3
  21: r1 = *(u8 *)(r0 + 23)
; tc-port-redirector.ts  const tcp = ip.tcp()
  22: if w1 != 6 goto L3
; tc-port-redirector.ts  const ip = packet.ipv4({ otherwise: TCX_NEXT })
  23: r1 = *(u16 *)(r0 + 20)
; tc-port-redirector.ts  const tcp = ip.tcp()
  24: if w1 & 65311 goto L3
; tc-port-redirector.ts  const ip = packet.ipv4({ otherwise: TCX_NEXT })
  25: w6 &= 15
  26: w6 <<= 2
; tc-port-redirector.ts  const tcp = ip.tcp()
  27: r0 += r6
  28: r1 = r0
  29: r1 += 34
  30: if r1 <= r2 goto L2
  31: r2 = r6
  32: w2 += 34
  33: r1 = r7
  34: call bpf_skb_pull_data
  35: if r0 != 0 goto L3
  36: r1 = *(u32 *)(r7 + 76)
  37: r3 = *(u32 *)(r7 + 80)
  38: r0 = r1
  39: r0 += r6
  40: r2 = r0
  41: r2 += 34
  42: if r2 > r3 goto L3
  43: r1 += 34
  44: if r1 > r3 goto L3
L2:
; tc-port-redirector.ts  b.if(tcp[field].ne(old), () => b.return(TCX_NEXT))
  45: r4 = *(u16 *)(r0 + 16)
  46: if w4 != 20480 goto L3
; tc-port-redirector.ts  const change = b.checksumChange().replace(tcp[field], fresh)
  47: r4 ^= 65535
  48: r4 += 36895
; tc-port-redirector.ts  b.assign(tcp, { [field]: fresh })
  49: *(u16 *)(r0 + 16) = -28641
; tc-port-redirector.ts  const at = ip.end.add(TcpHeader.fields.checksum.offset)
  50: r2 = r6
  51: w2 += 30
; tc-port-redirector.ts  packet.updateL4Checksum({ at, change, otherwise: TC_ACT_SHOT })
  52: r1 = r7
  53: r3 = 0
  54: r5 = 0
  55: call bpf_l4_csum_replace
  56: if r0 == 0 goto L3
  57: w0 = 2
  58: exit
L3:
; tc-port-redirector.ts  const ip = packet.ipv4({ otherwise: TCX_NEXT })
  59: w0 = -1
  60: exit
