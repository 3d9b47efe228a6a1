; ingress.ts  return tc(ingressName, (b, skb) => {
   0: r9 = r1
; parse.ts  b.if(skb.protocol.ne(ETH_P_IP).or(skb.vlanPresent.ne(0)), () => b.return(TCX_NEXT))
   1: r1 = *(u16 *)(r9 + 16)
   2: r0 = *(u32 *)(r9 + 20)
   3: if w1 != 8 goto L26
   4: if w0 != 0 goto L26
; parse.ts  const packet = b.packet(skb)
   5: r0 = *(u32 *)(r9 + 76)
   6: r3 = *(u32 *)(r9 + 80)
; parse.ts  packet.require(linkHeader + Ipv4Header.size, { otherwise: TCX_NEXT })
   7: r1 = r0
   8: r1 += 34
   9: if r1 <= r3 goto L1
  10: r1 = r9
  11: w2 = 34
  12: call bpf_skb_pull_data
  13: if r0 != 0 goto L26
  14: r0 = *(u32 *)(r9 + 76)
  15: r3 = *(u32 *)(r9 + 80)
L1:
; parse.ts  const ip = packet.header(Ipv4Header, { at: linkHeader, otherwise: TCX_NEXT })
  16: r1 = r0
  17: r1 += 34
  18: if r1 > r3 goto L26
; parse.ts  const { protocol, source, destination } = ip
  19: r7 = *(u8 *)(r0 + 23)
  20: r1 = *(u32 *)(r0 + 26)
  21: *(u64 *)(r10 - 192) = r1
  22: r8 = *(u32 *)(r0 + 30)
; parse.ts  const transport = ip.versionAndLength.and(0x0f).shl(2).add(linkHeader)
  23: r2 = *(u8 *)(r0 + 14)
  24: w2 &= 15
  25: w2 <<= 2
  26: r6 = r2
  27: w6 += 14
; parse.ts  b.if(isTransport.not().or(ip.fragment.has(IPV4_FRAGMENT_OFFSET)), () => b.return(TCX_NEXT))
  28: r1 = *(u16 *)(r0 + 20)
  29: if w7 == 6 goto L2
  30: if w7 != 17 goto L26
L2:
  31: if w1 & 65311 goto L26
; parse.ts  b.if(
  32: if w7 != 6 goto L4
; parse.ts  packet.require(transport.add(TcpHeader.size), { otherwise: TCX_NEXT })
  33: w2 += 34
  34: r1 = r2
  35: r1 += r0
  36: if r1 <= r3 goto L3
  37: r1 = r9
  38: call bpf_skb_pull_data
  39: if r0 != 0 goto L26
  40: r0 = *(u32 *)(r9 + 76)
  41: r3 = *(u32 *)(r9 + 80)
L3:
; parse.ts  flags.set(packet.header(TcpHeader, { at: transport, otherwise: TCX_NEXT }).flags)
  42: r1 = r6
  43: r1 += r0
  44: r2 = r1
  45: r2 += 20
  46: if r2 > r3 goto L26
  47: r2 = *(u8 *)(r1 + 13)
  48: goto L6
L4:
; parse.ts  () => packet.require(transport.add(UdpHeader.size), { otherwise: TCX_NEXT }),
  49: w2 += 22
  50: r1 = r2
  51: r1 += r0
  52: if r1 <= r3 goto L5
  53: r1 = r9
  54: call bpf_skb_pull_data
  55: if r0 != 0 goto L26
  56: r0 = *(u32 *)(r9 + 76)
  57: r3 = *(u32 *)(r9 + 80)
L5:
  58: w2 = 0
L6:
; parse.ts  const ports = packet.header(PortPair, { at: transport, otherwise: TCX_NEXT })
  59: r0 += r6
  60: r1 = r0
  61: r1 += 4
  62: if r1 > r3 goto L26
; parse.ts  const opening = flags.get().and(tcpFlags.syn | tcpFlags.ack | tcpFlags.rst | tcpFlags.fin)
  63: r1 = r2
  64: w1 &= 23
  65: *(u64 *)(r10 - 200) = r1
; parse.ts  sourcePort: ports.source,
  66: r1 = *(u16 *)(r0 + 0)
  67: *(u64 *)(r10 - 208) = r1
; parse.ts  destinationPort: ports.destination,
  68: r6 = *(u16 *)(r0 + 2)
; ingress.ts  const frontend = b.lookup(
  69: *(u32 *)(r10 - 24) = r8
  70: *(u32 *)(r10 - 20) = 0
  71: *(u32 *)(r10 - 16) = 0
  72: *(u32 *)(r10 - 12) = 0
  73: *(u16 *)(r10 - 8) = r6
  74: *(u8 *)(r10 - 6) = r7
  75: *(u8 *)(r10 - 5) = 2
  76: r1 = map[lb_frontends] ll
  78: r2 = r10
  79: r2 += -24
  80: call bpf_map_lookup_elem
  81: if r0 == 0 goto L26
; connection.ts  tuple: b.stack(conntrack.Ipv4Tuple, { source, destination, sourcePort, destinationPort }),
  82: r1 = *(u64 *)(r10 - 192)
  83: *(u32 *)(r10 - 40) = r1
  84: *(u32 *)(r10 - 36) = r8
  85: r1 = *(u64 *)(r10 - 208)
  86: *(u16 *)(r10 - 32) = r1
  87: *(u16 *)(r10 - 30) = r6
; connection.ts  options: b.stack(conntrack.LookupOptions, { netnsId: -1, protocol }),
  88: *(u32 *)(r10 - 52) = 0
  89: *(u8 *)(r10 - 47) = 0
  90: *(u16 *)(r10 - 46) = 0
  91: *(u32 *)(r10 - 56) = -1
  92: *(u8 *)(r10 - 48) = r7
; ingress.ts  const { service } = frontend
  93: r0 = *(u32 *)(r0 + 0)
  94: *(u64 *)(r10 - 216) = r0
  95: w7 = 0
L7:
; ingress.ts  b.for(attempts, () => {
  96: if w7 >= 3 goto L24
; ingress.ts  b.acquire(lookup, [skb, tuple.tuple, Ipv4Tuple.size, tuple.options, LookupOptions.size], {
  97: r1 = r9
  98: r2 = r10
  99: r2 += -40
 100: w3 = 12
 101: r4 = r10
 102: r4 += -56
 103: w5 = 12
 104: call bpf_skb_ct_lookup
 105: r6 = r0
 106: if r6 == 0 goto L14
; connection.ts  const { mark } = ct
 107: r8 = *(u32 *)(r6 + 0)  ; nf_conn::mark
; connection.ts  mark.and(markPrefixMask).eq(markPrefix),
 108: r0 = r8
 109: w0 &= -16777216
; connection.ts  b.if(
 110: if w0 != 452984832 goto L11
; connection.ts  const finished = ct.tcpState.ge(conntrack.TCP_CONNTRACK_TIME_WAIT)
 111: r0 = *(u8 *)(r6 + 0)  ; nf_conn::proto.tcp.state
; connection.ts  b.if(
 112: r1 = *(u64 *)(r10 - 200)
 113: if w1 != 2 goto L8
 114: if w0 < 7 goto L8
; account.ts  b.lookup(counterMap, counters[name], {
 115: *(u32 *)(r10 - 64) = 1
 116: r1 = map[lb_counters] ll
 118: r2 = r10
 119: r2 += -64
 120: call bpf_map_lookup_elem
 121: if r0 == 0 goto L13
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 122: r1 = *(u64 *)(r0 + 0)
 123: r1 += 1
 124: *(u64 *)(r0 + 0) = r1
 125: goto L13
L8:
; connection.ts  const left = ct.timeout.sub(b.jiffies().toU32()).toS32()
 126: r7 = *(u32 *)(r6 + 0)  ; nf_conn::timeout
 127: call bpf_jiffies64
 128: w0 = w0
 129: w7 -= w0
; connection.ts  b.if(left.lt(nearlyExpired), () => {
 130: if w7 s>= 25 goto L9
; connection.ts  b.kfunc(conntrack.changeTimeout, [ct, graceTime])
 131: r1 = r6
 132: w2 = 1000
 133: call bpf_ct_change_timeout
L9:
; connection.ts  b.kfunc(conntrack.release, [ct])
 134: r1 = r6
 135: call bpf_ct_release
; connection.ts  countTraffic(b, skb, mark.and(markBackendMask), 0)
 136: w8 &= 16777215
; account.ts  const segments = b.variable(u32, skb.gsoSegs)
 137: r6 = *(u32 *)(r9 + 164)
; account.ts  b.if(segments.get().eq(0), () => segments.set(1))
 138: if w6 != 0 goto L10
 139: w6 = 1
L10:
; account.ts  b.lookup(backendStats, backend, {
 140: *(u32 *)(r10 - 72) = r8
 141: r1 = map[lb_stats] ll
 143: r2 = r10
 144: r2 += -72
 145: call bpf_map_lookup_elem
 146: if r0 == 0 goto L26
; account.ts  packets: stats.packets.add(segments.get()),
 147: r1 = *(u64 *)(r0 + 8)
 148: r1 += r6
; account.ts  bytes: stats.bytes.add(skb.len),
 149: r3 = *(u64 *)(r0 + 16)
 150: r2 = *(u32 *)(r9 + 0)
 151: r3 += r2
; account.ts  b.assign(stats, {
 152: *(u64 *)(r0 + 8) = r1
 153: *(u64 *)(r0 + 16) = r3
 154: goto L26
L11:
; connection.ts  const established = ct.status.has(conntrack.IPS_SEEN_REPLY)
 155: r0 = *(u64 *)(r6 + 0)  ; nf_conn::status
; connection.ts  b.if(established.and(flow.opensConnection().not()), () => {
 156: if r0 & 2 goto L12
 157: goto L13
L12:
 158: r0 = *(u64 *)(r10 - 200)
 159: if w0 == 2 goto L13
; connection.ts  b.kfunc(conntrack.release, [ct])
 160: r1 = r6
 161: call bpf_ct_release
; account.ts  b.lookup(counterMap, counters[name], {
 162: *(u32 *)(r10 - 80) = 0
 163: r1 = map[lb_counters] ll
 165: r2 = r10
 166: r2 += -80
 167: call bpf_map_lookup_elem
 168: if r0 == 0 goto L26
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 169: r1 = *(u64 *)(r0 + 0)
 170: r1 += 1
 171: *(u64 *)(r0 + 0) = r1
 172: goto L26
L13:
; connection.ts  b.kfunc(conntrack.changeTimeout, [ct, 0])
 173: r1 = r6
 174: w2 = 0
 175: call bpf_ct_change_timeout
; connection.ts  b.kfunc(conntrack.release, [ct])
 176: r1 = r6
 177: call bpf_ct_release
; ingress.ts  b.for(attempts, () => {
 178: w7 += 1
 179: goto L7
L14:
; schedule.ts  const service = b.lookup(services, serviceIndex, nobody)
 180: r0 = *(u64 *)(r10 - 216)
 181: *(u32 *)(r10 - 88) = r0
 182: r1 = map[lb_services] ll
 184: r2 = r10
 185: r2 += -88
 186: call bpf_map_lookup_elem
 187: r8 = r0
 188: if r8 == 0 goto L23
; schedule.ts  const ring = b.lookup(rings, serviceIndex, nobody)
 189: r0 = *(u64 *)(r10 - 216)
 190: *(u32 *)(r10 - 104) = r0
 191: r1 = map[lb_rings] ll
 193: r2 = r10
 194: r2 += -104
 195: call bpf_map_lookup_elem
 196: r6 = r0
 197: if r6 == 0 goto L22
; schedule.ts  const size = b.lookup(ring, 0, nobody).backend
 198: *(u32 *)(r10 - 120) = 0
 199: r1 = r6
 200: r2 = r10
 201: r2 += -120
 202: call bpf_map_lookup_elem
 203: if r0 == 0 goto L21
 204: r7 = *(u32 *)(r0 + 0)
; schedule.ts  b.if(size.eq(0), () => drop(b, 'dropNoBackend'))
 205: if w7 != 0 goto L15
; account.ts  b.lookup(counterMap, counters[name], {
 206: *(u32 *)(r10 - 136) = 3
 207: r1 = map[lb_counters] ll
 209: r2 = r10
 210: r2 += -136
 211: call bpf_map_lookup_elem
 212: if r0 == 0 goto L25
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 213: r1 = *(u64 *)(r0 + 0)
 214: r1 += 1
 215: *(u64 *)(r0 + 0) = r1
 216: goto L25
L15:
; schedule.ts  service.scheduler.eq(schedulers['round-robin']),
 217: r0 = *(u8 *)(r8 + 3)
; schedule.ts  b.if(
 218: if w0 != 1 goto L17
; schedule.ts  const turn = b.lookup(turns, serviceIndex, nobody)
 219: r0 = *(u64 *)(r10 - 216)
 220: *(u32 *)(r10 - 144) = r0
 221: r1 = map[lb_turns] ll
 223: r2 = r10
 224: r2 += -144
 225: call bpf_map_lookup_elem
 226: if r0 == 0 goto L16
; schedule.ts  place.set(b.fetchAdd(turn, 'next', 1))
 227: w1 = 1
 228: w1 = atomic_fetch_add((u32 *)(r0 + 0), w1)
 229: goto L18
L16:
; account.ts  b.lookup(counterMap, counters[name], {
 230: *(u32 *)(r10 - 152) = 3
 231: r1 = map[lb_counters] ll
 233: r2 = r10
 234: r2 += -152
 235: call bpf_map_lookup_elem
 236: if r0 == 0 goto L25
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 237: r1 = *(u64 *)(r0 + 0)
 238: r1 += 1
 239: *(u64 *)(r0 + 0) = r1
 240: goto L25
L17:
; schedule.ts  () => place.set(b.random()),
 241: call bpf_get_prandom_u32
 242: r1 = r0
L18:
; schedule.ts  return b.lookup(ring, place.get().mod(size).add(1), nobody).backend
 243: w1 %= w7
 244: w1 += 1
 245: *(u32 *)(r10 - 160) = r1
 246: r1 = r6
 247: r2 = r10
 248: r2 += -160
 249: call bpf_map_lookup_elem
 250: if r0 == 0 goto L20
 251: r0 = *(u32 *)(r0 + 0)
; open-by-mark.ts  b.assign(skb, { priority: backend.or(markPrefix) })
 252: r1 = r0
 253: w1 |= 452984832
 254: *(u32 *)(r9 + 32) = r1
; account.ts  const segments = b.variable(u32, skb.gsoSegs)
 255: r6 = *(u32 *)(r9 + 164)
; account.ts  b.if(segments.get().eq(0), () => segments.set(1))
 256: if w6 != 0 goto L19
 257: w6 = 1
L19:
; account.ts  b.lookup(backendStats, backend, {
 258: *(u32 *)(r10 - 176) = r0
 259: r1 = map[lb_stats] ll
 261: r2 = r10
 262: r2 += -176
 263: call bpf_map_lookup_elem
 264: if r0 == 0 goto L26
; account.ts  packets: stats.packets.add(segments.get()),
 265: r1 = *(u64 *)(r0 + 8)
 266: r1 += r6
; account.ts  bytes: stats.bytes.add(skb.len),
 267: r3 = *(u64 *)(r0 + 16)
 268: r2 = *(u32 *)(r9 + 0)
 269: r3 += r2
; account.ts  ...(opened === 1 ? { connections: stats.connections.add(1) } : {}),
 270: r2 = *(u64 *)(r0 + 0)
 271: r2 += 1
; account.ts  b.assign(stats, {
 272: *(u64 *)(r0 + 8) = r1
 273: *(u64 *)(r0 + 16) = r3
 274: *(u64 *)(r0 + 0) = r2
 275: goto L26
L20:
; account.ts  b.lookup(counterMap, counters[name], {
 276: *(u32 *)(r10 - 168) = 3
 277: r1 = map[lb_counters] ll
 279: r2 = r10
 280: r2 += -168
 281: call bpf_map_lookup_elem
 282: if r0 == 0 goto L25
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 283: r1 = *(u64 *)(r0 + 0)
 284: r1 += 1
 285: *(u64 *)(r0 + 0) = r1
 286: goto L25
L21:
; account.ts  b.lookup(counterMap, counters[name], {
 287: *(u32 *)(r10 - 128) = 3
 288: r1 = map[lb_counters] ll
 290: r2 = r10
 291: r2 += -128
 292: call bpf_map_lookup_elem
 293: if r0 == 0 goto L25
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 294: r1 = *(u64 *)(r0 + 0)
 295: r1 += 1
 296: *(u64 *)(r0 + 0) = r1
 297: goto L25
L22:
; account.ts  b.lookup(counterMap, counters[name], {
 298: *(u32 *)(r10 - 112) = 3
 299: r1 = map[lb_counters] ll
 301: r2 = r10
 302: r2 += -112
 303: call bpf_map_lookup_elem
 304: if r0 == 0 goto L25
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 305: r1 = *(u64 *)(r0 + 0)
 306: r1 += 1
 307: *(u64 *)(r0 + 0) = r1
 308: goto L25
L23:
; account.ts  b.lookup(counterMap, counters[name], {
 309: *(u32 *)(r10 - 96) = 3
 310: r1 = map[lb_counters] ll
 312: r2 = r10
 313: r2 += -96
 314: call bpf_map_lookup_elem
 315: if r0 == 0 goto L25
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 316: r1 = *(u64 *)(r0 + 0)
 317: r1 += 1
 318: *(u64 *)(r0 + 0) = r1
 319: goto L25
L24:
; account.ts  b.lookup(counterMap, counters[name], {
 320: *(u32 *)(r10 - 184) = 4
 321: r1 = map[lb_counters] ll
 323: r2 = r10
 324: r2 += -184
 325: call bpf_map_lookup_elem
 326: if r0 == 0 goto L25
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 327: r1 = *(u64 *)(r0 + 0)
 328: r1 += 1
 329: *(u64 *)(r0 + 0) = r1
L25:
; account.ts  b.return(TC_ACT_SHOT)
 330: w0 = 2
 331: exit
L26:
; parse.ts  b.if(skb.protocol.ne(ETH_P_IP).or(skb.vlanPresent.ne(0)), () => b.return(TCX_NEXT))
 332: w0 = -1
 333: exit
