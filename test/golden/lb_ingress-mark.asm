; ingress.ts  return tc(ingressName, (b, skb) => {
   0: r7 = r1
; parse.ts  b.if(skb.protocol.ne(ETH_P_IP).or(skb.vlanPresent.ne(0)), () => b.return(TCX_NEXT))
   1: r1 = *(u16 *)(r7 + 16)
   2: r0 = *(u32 *)(r7 + 20)
   3: if w1 != 8 goto L22
   4: if w0 != 0 goto L22
; parse.ts  const packet = b.packet(skb)
   5: r0 = *(u32 *)(r7 + 76)
   6: r3 = *(u32 *)(r7 + 80)
; parse.ts  packet.require(linkHeader + Ipv4Header.size, { otherwise: TCX_NEXT })
   7: r1 = r0
   8: r1 += 34
   9: if r1 <= r3 goto L1
  10: r1 = r7
  11: w2 = 34
  12: call bpf_skb_pull_data
  13: if r0 != 0 goto L22
  14: r0 = *(u32 *)(r7 + 76)
  15: r3 = *(u32 *)(r7 + 80)
; parse.ts  const ip = packet.header(Ipv4Header, { at: linkHeader, otherwise: TCX_NEXT })
  16: r1 = r0
  17: r1 += 34
  18: if r1 > r3 goto L22
L1:
; parse.ts  const { protocol, source, destination } = ip
  19: r6 = *(u8 *)(r0 + 23)
  20: r1 = *(u32 *)(r0 + 26)
  21: *(u64 *)(r10 - 72) = r1
  22: r1 = *(u32 *)(r0 + 30)
  23: *(u64 *)(r10 - 80) = r1
; parse.ts  const transport = ip.versionAndLength.and(0x0f).shl(2).add(linkHeader)
  24: r8 = *(u8 *)(r0 + 14)
  25: w8 &= 15
  26: w8 <<= 2
; parse.ts  b.if(isTransport.not().or(ip.fragment.has(IPV4_FRAGMENT_OFFSET)), () => b.return(TCX_NEXT))
  27: r1 = *(u16 *)(r0 + 20)
  28: if w6 == 6 goto L2
  29: if w6 != 17 goto L22
L2:
  30: if w1 & 65311 goto L22
; parse.ts  b.if(
  31: if w6 != 6 goto L5
; parse.ts  packet.require(transport.add(TcpHeader.size), { otherwise: TCX_NEXT })
  32: r2 = r8
  33: w2 += 34
  34: r0 += r8
  35: r1 = r0
  36: r1 += 34
  37: if r1 <= r3 goto L3
  38: r1 = r7
  39: call bpf_skb_pull_data
  40: if r0 != 0 goto L22
  41: r0 = *(u32 *)(r7 + 76)
  42: r3 = *(u32 *)(r7 + 80)
; parse.ts  flags.set(packet.header(TcpHeader, { at: transport, otherwise: TCX_NEXT }).flags)
  43: r0 += r8
  44: r1 = r0
  45: r1 += 14
  46: r2 = r0
  47: r2 += 34
  48: if r2 <= r3 goto L4
  49: goto L22
L3:
  50: r1 = r0
  51: r1 += 14
L4:
  52: r9 = *(u8 *)(r0 + 27)
  53: goto L7
L5:
; parse.ts  () => packet.require(transport.add(UdpHeader.size), { otherwise: TCX_NEXT }),
  54: r2 = r8
  55: w2 += 22
  56: r0 += r8
  57: r1 = r0
  58: r1 += 22
  59: if r1 <= r3 goto L6
  60: r1 = r7
  61: call bpf_skb_pull_data
  62: if r0 != 0 goto L22
  63: r0 = *(u32 *)(r7 + 76)
  64: r2 = *(u32 *)(r7 + 80)
; parse.ts  const ports = packet.header(PortPair, { at: transport, otherwise: TCX_NEXT })
  65: r0 += r8
  66: r1 = r0
  67: r1 += 14
  68: r0 += 18
  69: if r0 > r2 goto L22
  70: w9 = 0
  71: goto L7
L6:
  72: r1 = r0
  73: r1 += 14
  74: w9 = 0
L7:
; parse.ts  const opening = flags.get().and(tcpFlags.syn | tcpFlags.ack | tcpFlags.rst | tcpFlags.fin)
  75: w9 &= 23
; parse.ts  sourcePort: ports.source,
  76: r0 = *(u16 *)(r1 + 0)
  77: *(u64 *)(r10 - 88) = r0
; parse.ts  destinationPort: ports.destination,
  78: r8 = *(u16 *)(r1 + 2)
; ingress.ts  const frontend = b.lookup(
  79: r0 = *(u64 *)(r10 - 80)
  80: *(u32 *)(r10 - 24) = r0
  81: *(u32 *)(r10 - 20) = 0
  82: *(u32 *)(r10 - 16) = 0
  83: *(u32 *)(r10 - 12) = 0
  84: *(u16 *)(r10 - 8) = r8
  85: *(u8 *)(r10 - 6) = r6
  86: *(u8 *)(r10 - 5) = 2
  87: r1 = map[lb_frontends] ll
  89: r2 = r10
  90: r2 += -24
  91: call bpf_map_lookup_elem
  92: if r0 == 0 goto L22
; connection.ts  tuple: b.stack(conntrack.Ipv4Tuple, { source, destination, sourcePort, destinationPort }),
  93: r1 = *(u64 *)(r10 - 72)
  94: *(u32 *)(r10 - 40) = r1
  95: r1 = *(u64 *)(r10 - 80)
  96: *(u32 *)(r10 - 36) = r1
  97: r1 = *(u64 *)(r10 - 88)
  98: *(u16 *)(r10 - 32) = r1
  99: *(u16 *)(r10 - 30) = r8
; connection.ts  options: b.stack(conntrack.LookupOptions, { netnsId: -1, protocol }),
 100: *(u32 *)(r10 - 52) = 0
 101: *(u8 *)(r10 - 47) = 0
 102: *(u16 *)(r10 - 46) = 0
 103: *(u32 *)(r10 - 56) = -1
 104: *(u8 *)(r10 - 48) = r6
; ingress.ts  const { service } = frontend
 105: r0 = *(u32 *)(r0 + 0)
 106: *(u64 *)(r10 - 96) = r0
 107: w0 = 0
 108: *(u64 *)(r10 - 104) = r0
L8:
; ingress.ts  b.acquire(lookup, [skb, tuple.tuple, Ipv4Tuple.size, tuple.options, LookupOptions.size], {
 109: r1 = r7
 110: r2 = r10
 111: r2 += -40
 112: w3 = 12
 113: r4 = r10
 114: r4 += -56
 115: w5 = 12
 116: call bpf_skb_ct_lookup
 117: r6 = r0
 118: if r6 == 0 goto L16
; connection.ts  const { mark } = ct
 119: r8 = *(u32 *)(r6 + 0)  ; nf_conn::mark
; connection.ts  mark.and(markPrefixMask).eq(markPrefix),
 120: r0 = r8
 121: w0 &= -16777216
; connection.ts  b.if(
 122: if w0 != 452984832 goto L12
; connection.ts  const finished = ct.tcpState.ge(conntrack.TCP_CONNTRACK_TIME_WAIT)
 123: r0 = *(u8 *)(r6 + 0)  ; nf_conn::proto.tcp.state
; connection.ts  b.if(
 124: if w9 != 2 goto L9
 125: if w0 < 7 goto L9
; account.ts  b.lookup(counterMap, counters[name], {
 126: *(u32 *)(r10 - 64) = 1
 127: r1 = map[lb_counters] ll
 129: r2 = r10
 130: r2 += -64
 131: call bpf_map_lookup_elem
 132: if r0 == 0 goto L14
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 133: r1 = *(u64 *)(r0 + 0)
 134: r1 += 1
 135: *(u64 *)(r0 + 0) = r1
 136: goto L14
L9:
; connection.ts  const left = ct.timeout.sub(b.jiffies().toU32()).toS32()
 137: r9 = *(u32 *)(r6 + 0)  ; nf_conn::timeout
 138: call bpf_jiffies64
 139: w0 = w0
 140: w9 -= w0
; connection.ts  b.if(left.lt(nearlyExpired), () => {
 141: if w9 s>= 25 goto L10
; connection.ts  b.kfunc(conntrack.changeTimeout, [ct, graceTime])
 142: r1 = r6
 143: w2 = 1000
 144: call bpf_ct_change_timeout
L10:
; connection.ts  b.kfunc(conntrack.release, [ct])
 145: r1 = r6
 146: call bpf_ct_release
; connection.ts  countTraffic(b, skb, mark.and(markBackendMask), 0)
 147: w8 &= 16777215
; account.ts  const segments = b.variable(u32, skb.gsoSegs)
 148: r6 = *(u32 *)(r7 + 164)
; account.ts  b.if(segments.get().eq(0), () => segments.set(1))
 149: if w6 != 0 goto L11
 150: w6 = 1
L11:
; account.ts  b.lookup(backendStats, backend, {
 151: *(u32 *)(r10 - 64) = r8
 152: r1 = map[lb_stats] ll
 154: r2 = r10
 155: r2 += -64
 156: call bpf_map_lookup_elem
 157: if r0 == 0 goto L22
; account.ts  packets: stats.packets.add(segments.get()),
 158: r1 = *(u64 *)(r0 + 8)
 159: r1 += r6
; account.ts  bytes: stats.bytes.add(skb.len),
 160: r3 = *(u64 *)(r0 + 16)
 161: r2 = *(u32 *)(r7 + 0)
 162: r3 += r2
; account.ts  b.assign(stats, {
 163: *(u64 *)(r0 + 8) = r1
 164: *(u64 *)(r0 + 16) = r3
 165: goto L22
L12:
; connection.ts  const established = ct.status.has(conntrack.IPS_SEEN_REPLY)
 166: r0 = *(u64 *)(r6 + 0)  ; nf_conn::status
; connection.ts  b.if(established.and(flow.opensConnection().not()), () => {
 167: if r0 & 2 goto L13
 168: goto L14
L13:
 169: if w9 == 2 goto L14
; connection.ts  b.kfunc(conntrack.release, [ct])
 170: r1 = r6
 171: call bpf_ct_release
; account.ts  b.lookup(counterMap, counters[name], {
 172: *(u32 *)(r10 - 64) = 0
 173: r1 = map[lb_counters] ll
 175: r2 = r10
 176: r2 += -64
 177: call bpf_map_lookup_elem
 178: if r0 == 0 goto L22
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 179: r1 = *(u64 *)(r0 + 0)
 180: r1 += 1
 181: *(u64 *)(r0 + 0) = r1
 182: goto L22
L14:
; connection.ts  b.kfunc(conntrack.changeTimeout, [ct, 0])
 183: r1 = r6
 184: w2 = 0
 185: call bpf_ct_change_timeout
; connection.ts  b.kfunc(conntrack.release, [ct])
 186: r1 = r6
 187: call bpf_ct_release
; ingress.ts  b.for(attempts, () => {
 188: r0 = *(u64 *)(r10 - 104)
 189: w0 += 1
 190: if w0 >= 3 goto L15
 191: *(u64 *)(r10 - 104) = r0
 192: goto L8
L15:
 193: w0 = 4
 194: goto L27
L16:
; schedule.ts  const service = b.lookup(services, serviceIndex, nobody)
 195: r0 = *(u64 *)(r10 - 96)
 196: *(u32 *)(r10 - 64) = r0
 197: r1 = map[lb_services] ll
 199: r2 = r10
 200: r2 += -64
 201: call bpf_map_lookup_elem
 202: r9 = r0
 203: if r9 == 0 goto L26
; schedule.ts  const ring = b.lookup(rings, serviceIndex, nobody)
 204: r0 = *(u64 *)(r10 - 96)
 205: *(u32 *)(r10 - 64) = r0
 206: r1 = map[lb_rings] ll
 208: r2 = r10
 209: r2 += -64
 210: call bpf_map_lookup_elem
 211: r6 = r0
 212: if r6 == 0 goto L25
; schedule.ts  const size = b.lookup(ring, 0, nobody).backend
 213: *(u32 *)(r10 - 64) = 0
 214: r1 = r6
 215: r2 = r10
 216: r2 += -64
 217: call bpf_map_lookup_elem
 218: if r0 == 0 goto L24
 219: r8 = *(u32 *)(r0 + 0)
; schedule.ts  b.if(size.eq(0), () => drop(b, 'dropNoBackend'))
 220: if w8 != 0 goto L17
 221: w0 = 3
 222: goto L27
L17:
; schedule.ts  service.scheduler.eq(schedulers['round-robin']),
 223: r0 = *(u8 *)(r9 + 3)
; schedule.ts  b.if(
 224: if w0 != 1 goto L19
; schedule.ts  const turn = b.lookup(turns, serviceIndex, nobody)
 225: r0 = *(u64 *)(r10 - 96)
 226: *(u32 *)(r10 - 64) = r0
 227: r1 = map[lb_turns] ll
 229: r2 = r10
 230: r2 += -64
 231: call bpf_map_lookup_elem
 232: if r0 == 0 goto L18
; schedule.ts  place.set(b.fetchAdd(turn, 'next', 1))
 233: w1 = 1
 234: w1 = atomic_fetch_add((u32 *)(r0 + 0), w1)
 235: goto L20
L18:
 236: w0 = 3
 237: goto L27
L19:
; schedule.ts  () => place.set(b.random()),
 238: call bpf_get_prandom_u32
 239: r1 = r0
L20:
; schedule.ts  return b.lookup(ring, place.get().mod(size).add(1), nobody).backend
 240: w1 %= w8
 241: w1 += 1
 242: *(u32 *)(r10 - 64) = r1
 243: r1 = r6
 244: r2 = r10
 245: r2 += -64
 246: call bpf_map_lookup_elem
 247: if r0 == 0 goto L23
 248: r0 = *(u32 *)(r0 + 0)
; open-by-mark.ts  b.assign(skb, { priority: backend.or(markPrefix) })
 249: r1 = r0
 250: w1 |= 452984832
 251: *(u32 *)(r7 + 32) = r1
; account.ts  const segments = b.variable(u32, skb.gsoSegs)
 252: r6 = *(u32 *)(r7 + 164)
; account.ts  b.if(segments.get().eq(0), () => segments.set(1))
 253: if w6 != 0 goto L21
 254: w6 = 1
L21:
; account.ts  b.lookup(backendStats, backend, {
 255: *(u32 *)(r10 - 64) = r0
 256: r1 = map[lb_stats] ll
 258: r2 = r10
 259: r2 += -64
 260: call bpf_map_lookup_elem
 261: if r0 == 0 goto L22
; account.ts  packets: stats.packets.add(segments.get()),
 262: r1 = *(u64 *)(r0 + 8)
 263: r1 += r6
; account.ts  bytes: stats.bytes.add(skb.len),
 264: r3 = *(u64 *)(r0 + 16)
 265: r2 = *(u32 *)(r7 + 0)
 266: r3 += r2
; account.ts  ...(opened === 1 ? { connections: stats.connections.add(1) } : {}),
 267: r2 = *(u64 *)(r0 + 0)
 268: r2 += 1
; account.ts  b.assign(stats, {
 269: *(u64 *)(r0 + 8) = r1
 270: *(u64 *)(r0 + 16) = r3
 271: *(u64 *)(r0 + 0) = r2
L22:
; parse.ts  b.if(skb.protocol.ne(ETH_P_IP).or(skb.vlanPresent.ne(0)), () => b.return(TCX_NEXT))
 272: w0 = -1
 273: exit
L23:
; account.ts  b.assign(stats, {
 274: w0 = 3
 275: goto L27
L24:
 276: w0 = 3
 277: goto L27
L25:
 278: w0 = 3
 279: goto L27
L26:
 280: w0 = 3
L27:
; account.ts  b.lookup(counterMap, counters[name], {
 281: *(u32 *)(r10 - 64) = r0
 282: r1 = map[lb_counters] ll
 284: r2 = r10
 285: r2 += -64
 286: call bpf_map_lookup_elem
 287: if r0 == 0 goto L28
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 288: r1 = *(u64 *)(r0 + 0)
 289: r1 += 1
 290: *(u64 *)(r0 + 0) = r1
L28:
; account.ts  b.return(TC_ACT_SHOT)
 291: w0 = 2
 292: exit
