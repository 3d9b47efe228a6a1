; ingress.ts  return tc(ingressName, (b, skb) => {
   0: r8 = r1
; parse.ts  b.if(skb.protocol.ne(ETH_P_IP).or(skb.vlanPresent.ne(0)), () => b.return(TCX_NEXT))
   1: r0 = *(u16 *)(r1 + 16)
   2: if w0 != 8 goto L22
   3: r0 = *(u32 *)(r8 + 20)
   4: if w0 != 0 goto L22
; parse.ts  const packet = b.packet(skb)
   5: r0 = *(u32 *)(r8 + 76)
   6: r2 = *(u32 *)(r8 + 80)
; parse.ts  const ip = packet.header(Ipv4Header, { at: linkHeader, pull: true, keep: false, otherwise: TCX_NEXT })
   7: r1 = r0
   8: r1 += 34
   9: if r1 <= r2 goto L1
  10: r1 = r8
  11: w2 = 34
  12: call bpf_skb_pull_data
  13: if r0 != 0 goto L22
  14: r0 = *(u32 *)(r8 + 76)
  15: r2 = *(u32 *)(r8 + 80)
  16: r1 = r0
  17: r1 += 34
  18: if r1 > r2 goto L22
L1:
; parse.ts  const { protocol, source, destination } = ip
  19: r9 = *(u8 *)(r0 + 23)
  20: r1 = *(u32 *)(r0 + 26)
  21: *(u64 *)(r10 - 72) = r1
  22: r1 = *(u32 *)(r0 + 30)
  23: *(u64 *)(r10 - 80) = r1
; parse.ts  const transport = ip.versionAndLength.words.shl(2).add(linkHeader)
  24: r7 = *(u8 *)(r0 + 14)
; parse.ts  b.if(isTransport.not().or(ip.fragment.offset.ne(0)), () => b.return(TCX_NEXT))
  25: r1 = *(u16 *)(r0 + 20)
  26: if w9 == 6 goto L2
  27: if w9 != 17 goto L22
L2:
  28: if w1 & 65311 goto L22
; parse.ts  const transport = ip.versionAndLength.words.shl(2).add(linkHeader)
  29: w7 &= 15
  30: w7 <<= 2
; parse.ts  b.if(
  31: if w9 != 6 goto L4
; parse.ts  packet.require(transport.add(TcpHeader.size), { otherwise: TCX_NEXT })
  32: r0 += r7
  33: r1 = r0
  34: r1 += 34
  35: if r1 <= r2 goto L3
  36: r2 = r7
  37: w2 += 34
  38: r1 = r8
  39: call bpf_skb_pull_data
  40: if r0 != 0 goto L22
  41: r0 = *(u32 *)(r8 + 76)
  42: r2 = *(u32 *)(r8 + 80)
  43: r0 += r7
  44: r1 = r0
  45: r1 += 34
  46: if r1 > r2 goto L22
L3:
; parse.ts  flags.set(packet.header(TcpHeader, { at: transport, keep: false, otherwise: TCX_NEXT }).flags)
  47: r7 = *(u8 *)(r0 + 27)
  48: r6 = r0
  49: goto L6
L4:
; parse.ts  () => packet.require(transport.add(UdpHeader.size), { otherwise: TCX_NEXT }),
  50: r0 += r7
  51: r1 = r0
  52: r1 += 22
  53: if r1 <= r2 goto L5
  54: r2 = r7
  55: w2 += 22
  56: r1 = r8
  57: call bpf_skb_pull_data
  58: if r0 != 0 goto L22
  59: r6 = *(u32 *)(r8 + 76)
  60: r1 = *(u32 *)(r8 + 80)
  61: r6 += r7
  62: r0 = r6
  63: r0 += 22
  64: if r0 > r1 goto L22
  65: w7 = 0
  66: goto L6
L5:
  67: w7 = 0
  68: r6 = r0
L6:
; parse.ts  destinationPort: ports.destination,
  69: r0 = *(u16 *)(r6 + 16)
  70: *(u64 *)(r10 - 88) = r0
; ingress.ts  const frontend = b.lookup(
  71: r0 = *(u64 *)(r10 - 80)
  72: *(u32 *)(r10 - 24) = r0
  73: *(u32 *)(r10 - 20) = 0
  74: *(u64 *)(r10 - 16) = 0
  75: r0 = *(u64 *)(r10 - 88)
  76: *(u16 *)(r10 - 8) = r0
  77: *(u8 *)(r10 - 6) = r9
  78: *(u8 *)(r10 - 5) = 2
  79: r1 = map[lb_frontends] ll
  81: r2 = r10
  82: r2 += -24
  83: call bpf_map_lookup_elem
  84: if r0 == 0 goto L22
; parse.ts  const opening = flags.get().and(tcpFlags.syn | tcpFlags.ack | tcpFlags.rst | tcpFlags.fin)
  85: w7 &= 23
; parse.ts  sourcePort: ports.source,
  86: r2 = *(u16 *)(r6 + 14)
; connection.ts  tuple: b.stack(conntrack.Ipv4Tuple, { source, destination, sourcePort, destinationPort }),
  87: r1 = *(u64 *)(r10 - 72)
  88: *(u32 *)(r10 - 40) = r1
  89: r1 = *(u64 *)(r10 - 80)
  90: *(u32 *)(r10 - 36) = r1
  91: *(u16 *)(r10 - 32) = r2
  92: r1 = *(u64 *)(r10 - 88)
  93: *(u16 *)(r10 - 30) = r1
; connection.ts  options: b.stack(conntrack.LookupOptions, { netnsId: -1, protocol }),
  94: *(u32 *)(r10 - 52) = 0
  95: *(u8 *)(r10 - 47) = 0
  96: *(u16 *)(r10 - 46) = 0
  97: *(u32 *)(r10 - 56) = -1
  98: *(u8 *)(r10 - 48) = r9
; ingress.ts  const { service } = frontend
  99: r0 = *(u32 *)(r0 + 0)
 100: *(u64 *)(r10 - 96) = r0
 101: w0 = 0
 102: *(u64 *)(r10 - 104) = r0
L7:
; ingress.ts  b.acquire(lookup, [skb, tuple.tuple, Ipv4Tuple.size, tuple.options, LookupOptions.size], {
 103: r1 = r8
 104: r2 = r10
 105: r2 += -40
 106: w3 = 12
 107: r4 = r10
 108: r4 += -56
 109: w5 = 12
 110: call bpf_skb_ct_lookup
 111: r6 = r0
 112: if r0 == 0 goto L16
; connection.ts  const { mark } = ct
 113: r9 = *(u32 *)(r6 + 0)  ; nf_conn::mark
; connection.ts  mark.and(markPrefixMask).eq(markPrefix),
 114: r0 = r9
 115: w0 &= -16777216
; connection.ts  b.if(
 116: if w0 != 452984832 goto L11
; connection.ts  b.if(
 117: if w7 != 2 goto L8
; connection.ts  const finished = ct.tcpState.ge(conntrack.TCP_CONNTRACK_TIME_WAIT)
 118: r0 = *(u8 *)(r6 + 0)  ; nf_conn::proto.tcp.state
; connection.ts  b.if(
 119: if w0 < 7 goto L8
; account.ts  b.lookup(counterMap, counters[name], {
 120: *(u32 *)(r10 - 64) = 1
 121: r1 = map[lb_counters] ll
 123: r2 = r10
 124: r2 += -64
 125: call bpf_map_lookup_elem
 126: if r0 == 0 goto L12
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 127: r1 = *(u64 *)(r0 + 0)
 128: r1 += 1
 129: *(u64 *)(r0 + 0) = r1
 130: goto L12
L8:
; connection.ts  const left = ct.timeout.sub(b.jiffies().toU32()).toS32()
 131: r7 = *(u32 *)(r6 + 0)  ; nf_conn::timeout
 132: call bpf_jiffies64
 133: w7 -= w0
; connection.ts  b.if(left.lt(nearlyExpired), () => {
 134: if w7 s>= 25 goto L9
; connection.ts  b.kfunc(conntrack.changeTimeout, [ct, graceTime])
 135: r1 = r6
 136: w2 = 1000
 137: call bpf_ct_change_timeout
L9:
; connection.ts  b.kfunc(conntrack.release, [ct])
 138: r1 = r6
 139: call bpf_ct_release
; account.ts  const segments = b.variable(u32, skb.gsoSegs)
 140: r6 = *(u32 *)(r8 + 164)
; account.ts  b.if(segments.get().eq(0), () => segments.set(1))
 141: if w6 != 0 goto L10
 142: w6 = 1
L10:
; connection.ts  countTraffic(b, skb, mark.and(markBackendMask), 0)
 143: w9 &= 16777215
; account.ts  b.lookup(backendStats, backend, {
 144: *(u32 *)(r10 - 64) = r9
 145: r1 = map[lb_stats] ll
 147: r2 = r10
 148: r2 += -64
 149: call bpf_map_lookup_elem
 150: if r0 == 0 goto L22
; account.ts  packets: stats.packets.add(segments.get()),
 151: r1 = *(u64 *)(r0 + 8)
 152: r1 += r6
; account.ts  bytes: stats.bytes.add(skb.len),
 153: r3 = *(u64 *)(r0 + 16)
 154: r2 = *(u32 *)(r8 + 0)
 155: r3 += r2
; account.ts  b.assign(stats, {
 156: *(u64 *)(r0 + 8) = r1
 157: *(u64 *)(r0 + 16) = r3
 158: goto L22
L11:
; connection.ts  const established = ct.status.has(conntrack.IPS_SEEN_REPLY)
 159: r0 = *(u64 *)(r6 + 0)  ; nf_conn::status
; connection.ts  b.if(established.and(flow.opensConnection().not()), () => {
 160: if r0 & 2 goto L13
L12:
; connection.ts  b.kfunc(conntrack.changeTimeout, [ct, 0])
 161: r1 = r6
 162: w2 = 0
 163: call bpf_ct_change_timeout
; connection.ts  b.kfunc(conntrack.release, [ct])
 164: r1 = r6
 165: call bpf_ct_release
; ingress.ts  b.for(attempts, () => {
 166: r0 = *(u64 *)(r10 - 104)
 167: w0 += 1
 168: if w0 < 3 goto L14
 169: goto L15
L13:
; connection.ts  b.if(established.and(flow.opensConnection().not()), () => {
 170: if w7 == 2 goto L12
; connection.ts  b.kfunc(conntrack.release, [ct])
 171: r1 = r6
 172: call bpf_ct_release
; account.ts  b.lookup(counterMap, counters[name], {
 173: *(u32 *)(r10 - 64) = 0
 174: r1 = map[lb_counters] ll
 176: r2 = r10
 177: r2 += -64
 178: call bpf_map_lookup_elem
 179: if r0 == 0 goto L22
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 180: r1 = *(u64 *)(r0 + 0)
 181: r1 += 1
 182: *(u64 *)(r0 + 0) = r1
 183: goto L22
L14:
; ingress.ts  b.for(attempts, () => {
 184: *(u64 *)(r10 - 104) = r0
 185: goto L7
L15:
 186: w0 = 4
 187: goto L23
L16:
; schedule.ts  const service = b.lookup(services, serviceIndex, nobody)
 188: r0 = *(u64 *)(r10 - 96)
 189: *(u32 *)(r10 - 64) = r0
 190: r1 = map[lb_services] ll
 192: r2 = r10
 193: r2 += -64
 194: call bpf_map_lookup_elem
 195: r9 = r0
 196: if r0 == 0 goto L17
; schedule.ts  const ring = b.lookup(rings, serviceIndex, nobody)
 197: r0 = *(u64 *)(r10 - 96)
 198: *(u32 *)(r10 - 64) = r0
 199: r1 = map[lb_rings] ll
 201: r2 = r10
 202: r2 += -64
 203: call bpf_map_lookup_elem
 204: r6 = r0
 205: if r0 == 0 goto L17
; schedule.ts  const size = b.lookup(ring, 0, nobody).backend
 206: *(u32 *)(r10 - 64) = 0
 207: r1 = r6
 208: r2 = r10
 209: r2 += -64
 210: call bpf_map_lookup_elem
 211: if r0 == 0 goto L17
 212: r7 = *(u32 *)(r0 + 0)
; schedule.ts  b.if(size.eq(0), () => drop(b, 'dropNoBackend'))
 213: if w7 != 0 goto L18
L17:
 214: w0 = 3
 215: goto L23
L18:
; schedule.ts  service.scheduler.eq(schedulers['round-robin']),
 216: r0 = *(u8 *)(r9 + 3)
; schedule.ts  b.if(
 217: if w0 != 1 goto L19
; schedule.ts  const turn = b.lookup(turns, serviceIndex, nobody)
 218: r0 = *(u64 *)(r10 - 96)
 219: *(u32 *)(r10 - 64) = r0
 220: r1 = map[lb_turns] ll
 222: r2 = r10
 223: r2 += -64
 224: call bpf_map_lookup_elem
 225: if r0 == 0 goto L17
; schedule.ts  place.set(b.fetchAdd(turn, 'next', 1))
 226: w1 = 1
 227: w1 = atomic_fetch_add((u32 *)(r0 + 0), w1)
 228: goto L20
L19:
; schedule.ts  () => place.set(b.random()),
 229: call bpf_get_prandom_u32
 230: r1 = r0
L20:
; schedule.ts  return b.lookup(ring, place.get().mod(size).add(1), nobody).backend
 231: w1 %= w7
 232: w1 += 1
 233: *(u32 *)(r10 - 64) = r1
 234: r1 = r6
 235: r2 = r10
 236: r2 += -64
 237: call bpf_map_lookup_elem
 238: if r0 == 0 goto L17
 239: r0 = *(u32 *)(r0 + 0)
; open-by-mark.ts  b.assign(skb, { priority: backend.or(markPrefix) })
 240: r1 = r0
 241: w1 |= 452984832
 242: *(u32 *)(r8 + 32) = r1
; account.ts  const segments = b.variable(u32, skb.gsoSegs)
 243: r6 = *(u32 *)(r8 + 164)
; account.ts  b.if(segments.get().eq(0), () => segments.set(1))
 244: if w6 != 0 goto L21
 245: w6 = 1
L21:
; account.ts  b.lookup(backendStats, backend, {
 246: *(u32 *)(r10 - 64) = r0
 247: r1 = map[lb_stats] ll
 249: r2 = r10
 250: r2 += -64
 251: call bpf_map_lookup_elem
 252: if r0 == 0 goto L22
; account.ts  packets: stats.packets.add(segments.get()),
 253: r1 = *(u64 *)(r0 + 8)
 254: r1 += r6
; account.ts  bytes: stats.bytes.add(skb.len),
 255: r3 = *(u64 *)(r0 + 16)
 256: r2 = *(u32 *)(r8 + 0)
 257: r3 += r2
; account.ts  ...(opened === 1 ? { connections: stats.connections.add(1) } : {}),
 258: r2 = *(u64 *)(r0 + 0)
 259: r2 += 1
; account.ts  b.assign(stats, {
 260: *(u64 *)(r0 + 8) = r1
 261: *(u64 *)(r0 + 16) = r3
 262: *(u64 *)(r0 + 0) = r2
L22:
; parse.ts  b.if(skb.protocol.ne(ETH_P_IP).or(skb.vlanPresent.ne(0)), () => b.return(TCX_NEXT))
 263: w0 = -1
 264: exit
L23:
; account.ts  b.lookup(counterMap, counters[name], {
 265: *(u32 *)(r10 - 64) = r0
 266: r1 = map[lb_counters] ll
 268: r2 = r10
 269: r2 += -64
 270: call bpf_map_lookup_elem
 271: if r0 == 0 goto L24
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 272: r1 = *(u64 *)(r0 + 0)
 273: r1 += 1
 274: *(u64 *)(r0 + 0) = r1
L24:
; account.ts  b.return(TC_ACT_SHOT)
 275: w0 = 2
 276: exit
