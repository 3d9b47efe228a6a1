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
  74: *(u32 *)(r10 - 16) = 0
  75: *(u32 *)(r10 - 12) = 0
  76: r0 = *(u64 *)(r10 - 88)
  77: *(u16 *)(r10 - 8) = r0
  78: *(u8 *)(r10 - 6) = r9
  79: *(u8 *)(r10 - 5) = 2
  80: r1 = map[lb_frontends] ll
  82: r2 = r10
  83: r2 += -24
  84: call bpf_map_lookup_elem
  85: if r0 == 0 goto L22
; parse.ts  const opening = flags.get().and(tcpFlags.syn | tcpFlags.ack | tcpFlags.rst | tcpFlags.fin)
  86: w7 &= 23
; parse.ts  sourcePort: ports.source,
  87: r2 = *(u16 *)(r6 + 14)
; connection.ts  tuple: b.stack(conntrack.Ipv4Tuple, { source, destination, sourcePort, destinationPort }),
  88: r1 = *(u64 *)(r10 - 72)
  89: *(u32 *)(r10 - 40) = r1
  90: r1 = *(u64 *)(r10 - 80)
  91: *(u32 *)(r10 - 36) = r1
  92: *(u16 *)(r10 - 32) = r2
  93: r1 = *(u64 *)(r10 - 88)
  94: *(u16 *)(r10 - 30) = r1
; connection.ts  options: b.stack(conntrack.LookupOptions, { netnsId: -1, protocol }),
  95: *(u32 *)(r10 - 52) = 0
  96: *(u8 *)(r10 - 47) = 0
  97: *(u16 *)(r10 - 46) = 0
  98: *(u32 *)(r10 - 56) = -1
  99: *(u8 *)(r10 - 48) = r9
; ingress.ts  const { service } = frontend
 100: r0 = *(u32 *)(r0 + 0)
 101: *(u64 *)(r10 - 96) = r0
 102: w0 = 0
 103: *(u64 *)(r10 - 104) = r0
L7:
; ingress.ts  b.acquire(lookup, [skb, tuple.tuple, Ipv4Tuple.size, tuple.options, LookupOptions.size], {
 104: r1 = r8
 105: r2 = r10
 106: r2 += -40
 107: w3 = 12
 108: r4 = r10
 109: r4 += -56
 110: w5 = 12
 111: call bpf_skb_ct_lookup
 112: r6 = r0
 113: if r0 == 0 goto L16
; connection.ts  const { mark } = ct
 114: r9 = *(u32 *)(r6 + 0)  ; nf_conn::mark
; connection.ts  mark.and(markPrefixMask).eq(markPrefix),
 115: r0 = r9
 116: w0 &= -16777216
; connection.ts  b.if(
 117: if w0 != 452984832 goto L11
; connection.ts  b.if(
 118: if w7 != 2 goto L8
; connection.ts  const finished = ct.tcpState.ge(conntrack.TCP_CONNTRACK_TIME_WAIT)
 119: r0 = *(u8 *)(r6 + 0)  ; nf_conn::proto.tcp.state
; connection.ts  b.if(
 120: if w0 < 7 goto L8
; account.ts  b.lookup(counterMap, counters[name], {
 121: *(u32 *)(r10 - 64) = 1
 122: r1 = map[lb_counters] ll
 124: r2 = r10
 125: r2 += -64
 126: call bpf_map_lookup_elem
 127: if r0 == 0 goto L12
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 128: r1 = *(u64 *)(r0 + 0)
 129: r1 += 1
 130: *(u64 *)(r0 + 0) = r1
 131: goto L12
L8:
; connection.ts  const left = ct.timeout.sub(b.jiffies().toU32()).toS32()
 132: r7 = *(u32 *)(r6 + 0)  ; nf_conn::timeout
 133: call bpf_jiffies64
 134: w7 -= w0
; connection.ts  b.if(left.lt(nearlyExpired), () => {
 135: if w7 s>= 25 goto L9
; connection.ts  b.kfunc(conntrack.changeTimeout, [ct, graceTime])
 136: r1 = r6
 137: w2 = 1000
 138: call bpf_ct_change_timeout
L9:
; connection.ts  b.kfunc(conntrack.release, [ct])
 139: r1 = r6
 140: call bpf_ct_release
; account.ts  const segments = b.variable(u32, skb.gsoSegs)
 141: r6 = *(u32 *)(r8 + 164)
; account.ts  b.if(segments.get().eq(0), () => segments.set(1))
 142: if w6 != 0 goto L10
 143: w6 = 1
L10:
; connection.ts  countTraffic(b, skb, mark.and(markBackendMask), 0)
 144: w9 &= 16777215
; account.ts  b.lookup(backendStats, backend, {
 145: *(u32 *)(r10 - 64) = r9
 146: r1 = map[lb_stats] ll
 148: r2 = r10
 149: r2 += -64
 150: call bpf_map_lookup_elem
 151: if r0 == 0 goto L22
; account.ts  packets: stats.packets.add(segments.get()),
 152: r1 = *(u64 *)(r0 + 8)
 153: r1 += r6
; account.ts  bytes: stats.bytes.add(skb.len),
 154: r3 = *(u64 *)(r0 + 16)
 155: r2 = *(u32 *)(r8 + 0)
 156: r3 += r2
; account.ts  b.assign(stats, {
 157: *(u64 *)(r0 + 8) = r1
 158: *(u64 *)(r0 + 16) = r3
 159: goto L22
L11:
; connection.ts  const established = ct.status.has(conntrack.IPS_SEEN_REPLY)
 160: r0 = *(u64 *)(r6 + 0)  ; nf_conn::status
; connection.ts  b.if(established.and(flow.opensConnection().not()), () => {
 161: if r0 & 2 goto L13
L12:
; connection.ts  b.kfunc(conntrack.changeTimeout, [ct, 0])
 162: r1 = r6
 163: w2 = 0
 164: call bpf_ct_change_timeout
; connection.ts  b.kfunc(conntrack.release, [ct])
 165: r1 = r6
 166: call bpf_ct_release
; ingress.ts  b.for(attempts, () => {
 167: r0 = *(u64 *)(r10 - 104)
 168: w0 += 1
 169: if w0 < 3 goto L14
 170: goto L15
L13:
; connection.ts  b.if(established.and(flow.opensConnection().not()), () => {
 171: if w7 == 2 goto L12
; connection.ts  b.kfunc(conntrack.release, [ct])
 172: r1 = r6
 173: call bpf_ct_release
; account.ts  b.lookup(counterMap, counters[name], {
 174: *(u32 *)(r10 - 64) = 0
 175: r1 = map[lb_counters] ll
 177: r2 = r10
 178: r2 += -64
 179: call bpf_map_lookup_elem
 180: if r0 == 0 goto L22
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 181: r1 = *(u64 *)(r0 + 0)
 182: r1 += 1
 183: *(u64 *)(r0 + 0) = r1
 184: goto L22
L14:
; ingress.ts  b.for(attempts, () => {
 185: *(u64 *)(r10 - 104) = r0
 186: goto L7
L15:
 187: w0 = 4
 188: goto L23
L16:
; schedule.ts  const service = b.lookup(services, serviceIndex, nobody)
 189: r0 = *(u64 *)(r10 - 96)
 190: *(u32 *)(r10 - 64) = r0
 191: r1 = map[lb_services] ll
 193: r2 = r10
 194: r2 += -64
 195: call bpf_map_lookup_elem
 196: r9 = r0
 197: if r0 == 0 goto L17
; schedule.ts  const ring = b.lookup(rings, serviceIndex, nobody)
 198: r0 = *(u64 *)(r10 - 96)
 199: *(u32 *)(r10 - 64) = r0
 200: r1 = map[lb_rings] ll
 202: r2 = r10
 203: r2 += -64
 204: call bpf_map_lookup_elem
 205: r6 = r0
 206: if r0 == 0 goto L17
; schedule.ts  const size = b.lookup(ring, 0, nobody).backend
 207: *(u32 *)(r10 - 64) = 0
 208: r1 = r6
 209: r2 = r10
 210: r2 += -64
 211: call bpf_map_lookup_elem
 212: if r0 == 0 goto L17
 213: r7 = *(u32 *)(r0 + 0)
; schedule.ts  b.if(size.eq(0), () => drop(b, 'dropNoBackend'))
 214: if w7 != 0 goto L18
L17:
 215: w0 = 3
 216: goto L23
L18:
; schedule.ts  service.scheduler.eq(schedulers['round-robin']),
 217: r0 = *(u8 *)(r9 + 3)
; schedule.ts  b.if(
 218: if w0 != 1 goto L19
; schedule.ts  const turn = b.lookup(turns, serviceIndex, nobody)
 219: r0 = *(u64 *)(r10 - 96)
 220: *(u32 *)(r10 - 64) = r0
 221: r1 = map[lb_turns] ll
 223: r2 = r10
 224: r2 += -64
 225: call bpf_map_lookup_elem
 226: if r0 == 0 goto L17
; schedule.ts  place.set(b.fetchAdd(turn, 'next', 1))
 227: w1 = 1
 228: w1 = atomic_fetch_add((u32 *)(r0 + 0), w1)
 229: goto L20
L19:
; schedule.ts  () => place.set(b.random()),
 230: call bpf_get_prandom_u32
 231: r1 = r0
L20:
; schedule.ts  return b.lookup(ring, place.get().mod(size).add(1), nobody).backend
 232: w1 %= w7
 233: w1 += 1
 234: *(u32 *)(r10 - 64) = r1
 235: r1 = r6
 236: r2 = r10
 237: r2 += -64
 238: call bpf_map_lookup_elem
 239: if r0 == 0 goto L17
 240: r0 = *(u32 *)(r0 + 0)
; open-by-mark.ts  b.assign(skb, { priority: backend.or(markPrefix) })
 241: r1 = r0
 242: w1 |= 452984832
 243: *(u32 *)(r8 + 32) = r1
; account.ts  const segments = b.variable(u32, skb.gsoSegs)
 244: r6 = *(u32 *)(r8 + 164)
; account.ts  b.if(segments.get().eq(0), () => segments.set(1))
 245: if w6 != 0 goto L21
 246: w6 = 1
L21:
; account.ts  b.lookup(backendStats, backend, {
 247: *(u32 *)(r10 - 64) = r0
 248: r1 = map[lb_stats] ll
 250: r2 = r10
 251: r2 += -64
 252: call bpf_map_lookup_elem
 253: if r0 == 0 goto L22
; account.ts  packets: stats.packets.add(segments.get()),
 254: r1 = *(u64 *)(r0 + 8)
 255: r1 += r6
; account.ts  bytes: stats.bytes.add(skb.len),
 256: r3 = *(u64 *)(r0 + 16)
 257: r2 = *(u32 *)(r8 + 0)
 258: r3 += r2
; account.ts  ...(opened === 1 ? { connections: stats.connections.add(1) } : {}),
 259: r2 = *(u64 *)(r0 + 0)
 260: r2 += 1
; account.ts  b.assign(stats, {
 261: *(u64 *)(r0 + 8) = r1
 262: *(u64 *)(r0 + 16) = r3
 263: *(u64 *)(r0 + 0) = r2
L22:
; parse.ts  b.if(skb.protocol.ne(ETH_P_IP).or(skb.vlanPresent.ne(0)), () => b.return(TCX_NEXT))
 264: w0 = -1
 265: exit
L23:
; account.ts  b.lookup(counterMap, counters[name], {
 266: *(u32 *)(r10 - 64) = r0
 267: r1 = map[lb_counters] ll
 269: r2 = r10
 270: r2 += -64
 271: call bpf_map_lookup_elem
 272: if r0 == 0 goto L24
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 273: r1 = *(u64 *)(r0 + 0)
 274: r1 += 1
 275: *(u64 *)(r0 + 0) = r1
L24:
; account.ts  b.return(TC_ACT_SHOT)
 276: w0 = 2
 277: exit
