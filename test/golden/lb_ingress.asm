; ingress.ts  return tc(ingressName, (b, skb) => {
   0: r8 = r1
; parse.ts  b.if(skb.protocol.ne(ETH_P_IP).or(skb.vlanPresent.ne(0)), () => b.return(TCX_NEXT))
   1: r0 = *(u16 *)(r1 + 16)
   2: if w0 != 8 goto L25
   3: r0 = *(u32 *)(r8 + 20)
   4: if w0 != 0 goto L25
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
  13: if r0 != 0 goto L25
  14: r0 = *(u32 *)(r8 + 76)
  15: r2 = *(u32 *)(r8 + 80)
  16: r1 = r0
  17: r1 += 34
  18: if r1 > r2 goto L25
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
  27: if w9 != 17 goto L25
L2:
  28: if w1 & 65311 goto L25
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
  40: if r0 != 0 goto L25
  41: r0 = *(u32 *)(r8 + 76)
  42: r2 = *(u32 *)(r8 + 80)
  43: r0 += r7
  44: r1 = r0
  45: r1 += 34
  46: if r1 > r2 goto L25
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
  58: if r0 != 0 goto L25
  59: r6 = *(u32 *)(r8 + 76)
  60: r1 = *(u32 *)(r8 + 80)
  61: r6 += r7
  62: r0 = r6
  63: r0 += 22
  64: if r0 > r1 goto L25
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
  85: if r0 == 0 goto L25
; parse.ts  const opening = flags.get().and(tcpFlags.syn | tcpFlags.ack | tcpFlags.rst | tcpFlags.fin)
  86: r1 = r7
  87: w1 &= 23
  88: *(u64 *)(r10 - 96) = r1
; parse.ts  sourcePort: ports.source,
  89: r2 = *(u16 *)(r6 + 14)
; connection.ts  tuple: b.stack(conntrack.Ipv4Tuple, { source, destination, sourcePort, destinationPort }),
  90: r1 = *(u64 *)(r10 - 72)
  91: *(u32 *)(r10 - 40) = r1
  92: r1 = *(u64 *)(r10 - 80)
  93: *(u32 *)(r10 - 36) = r1
  94: *(u16 *)(r10 - 32) = r2
  95: r1 = *(u64 *)(r10 - 88)
  96: *(u16 *)(r10 - 30) = r1
; connection.ts  options: b.stack(conntrack.LookupOptions, { netnsId: -1, protocol }),
  97: *(u32 *)(r10 - 52) = 0
  98: *(u8 *)(r10 - 47) = 0
  99: *(u16 *)(r10 - 46) = 0
 100: *(u32 *)(r10 - 56) = -1
 101: *(u8 *)(r10 - 48) = r9
; ingress.ts  const { service } = frontend
 102: r0 = *(u32 *)(r0 + 0)
 103: *(u64 *)(r10 - 104) = r0
 104: w0 = 0
 105: *(u64 *)(r10 - 112) = r0
L7:
; ingress.ts  b.acquire(lookup, [skb, tuple.tuple, Ipv4Tuple.size, tuple.options, LookupOptions.size], {
 106: r1 = r8
 107: r2 = r10
 108: r2 += -40
 109: w3 = 12
 110: r4 = r10
 111: r4 += -56
 112: w5 = 12
 113: call bpf_skb_ct_lookup
 114: r6 = r0
 115: if r0 == 0 goto L14
; connection.ts  const { mark } = ct
 116: r7 = *(u32 *)(r6 + 0)  ; nf_conn::mark
; connection.ts  mark.and(markPrefixMask).eq(markPrefix),
 117: r0 = r7
 118: w0 &= -16777216
; connection.ts  b.if(
 119: if w0 != 452984832 goto L11
; connection.ts  b.if(
 120: r0 = *(u64 *)(r10 - 96)
 121: if w0 != 2 goto L8
; connection.ts  const finished = ct.tcpState.ge(conntrack.TCP_CONNTRACK_TIME_WAIT)
 122: r0 = *(u8 *)(r6 + 0)  ; nf_conn::proto.tcp.state
; connection.ts  b.if(
 123: if w0 < 7 goto L8
; account.ts  b.lookup(counterMap, counters[name], {
 124: *(u32 *)(r10 - 64) = 1
 125: r1 = map[lb_counters] ll
 127: r2 = r10
 128: r2 += -64
 129: call bpf_map_lookup_elem
 130: if r0 == 0 goto L12
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 131: r1 = *(u64 *)(r0 + 0)
 132: r1 += 1
 133: *(u64 *)(r0 + 0) = r1
 134: goto L12
L8:
; connection.ts  const left = ct.timeout.sub(b.jiffies().toU32()).toS32()
 135: r9 = *(u32 *)(r6 + 0)  ; nf_conn::timeout
 136: call bpf_jiffies64
 137: w9 -= w0
; connection.ts  b.if(left.lt(nearlyExpired), () => {
 138: if w9 s>= 25 goto L9
; connection.ts  b.kfunc(conntrack.changeTimeout, [ct, graceTime])
 139: r1 = r6
 140: w2 = 1000
 141: call bpf_ct_change_timeout
L9:
; connection.ts  b.kfunc(conntrack.release, [ct])
 142: r1 = r6
 143: call bpf_ct_release
; account.ts  const segments = b.variable(u32, skb.gsoSegs)
 144: r6 = *(u32 *)(r8 + 164)
; account.ts  b.if(segments.get().eq(0), () => segments.set(1))
 145: if w6 != 0 goto L10
 146: w6 = 1
L10:
; connection.ts  countTraffic(b, skb, mark.and(markBackendMask), 0)
 147: w7 &= 16777215
; account.ts  b.lookup(backendStats, backend, {
 148: *(u32 *)(r10 - 64) = r7
 149: r1 = map[lb_stats] ll
 151: r2 = r10
 152: r2 += -64
 153: call bpf_map_lookup_elem
 154: if r0 == 0 goto L25
; account.ts  packets: stats.packets.add(segments.get()),
 155: r1 = *(u64 *)(r0 + 8)
 156: r1 += r6
; account.ts  bytes: stats.bytes.add(skb.len),
 157: r3 = *(u64 *)(r0 + 16)
 158: r2 = *(u32 *)(r8 + 0)
 159: r3 += r2
; account.ts  b.assign(stats, {
 160: *(u64 *)(r0 + 8) = r1
 161: *(u64 *)(r0 + 16) = r3
 162: goto L25
L11:
; connection.ts  const established = ct.status.has(conntrack.IPS_SEEN_REPLY)
 163: r0 = *(u64 *)(r6 + 0)  ; nf_conn::status
; connection.ts  b.if(established.and(flow.opensConnection().not()), () => {
 164: if r0 & 2 goto L13
L12:
; connection.ts  b.kfunc(conntrack.changeTimeout, [ct, 0])
 165: r1 = r6
 166: w2 = 0
 167: call bpf_ct_change_timeout
; connection.ts  b.kfunc(conntrack.release, [ct])
 168: r1 = r6
 169: call bpf_ct_release
 170: goto L26
L13:
; connection.ts  b.if(established.and(flow.opensConnection().not()), () => {
 171: r0 = *(u64 *)(r10 - 96)
 172: if w0 == 2 goto L12
; connection.ts  b.kfunc(conntrack.release, [ct])
 173: r1 = r6
 174: call bpf_ct_release
; account.ts  b.lookup(counterMap, counters[name], {
 175: *(u32 *)(r10 - 64) = 0
 176: r1 = map[lb_counters] ll
 178: r2 = r10
 179: r2 += -64
 180: call bpf_map_lookup_elem
 181: if r0 == 0 goto L25
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 182: r1 = *(u64 *)(r0 + 0)
 183: r1 += 1
 184: *(u64 *)(r0 + 0) = r1
 185: goto L25
L14:
; schedule.ts  const service = b.lookup(services, serviceIndex, nobody)
 186: r0 = *(u64 *)(r10 - 104)
 187: *(u32 *)(r10 - 64) = r0
 188: r1 = map[lb_services] ll
 190: r2 = r10
 191: r2 += -64
 192: call bpf_map_lookup_elem
 193: r9 = r0
 194: if r0 == 0 goto L15
; schedule.ts  const ring = b.lookup(rings, serviceIndex, nobody)
 195: r0 = *(u64 *)(r10 - 104)
 196: *(u32 *)(r10 - 64) = r0
 197: r1 = map[lb_rings] ll
 199: r2 = r10
 200: r2 += -64
 201: call bpf_map_lookup_elem
 202: r6 = r0
 203: if r0 == 0 goto L15
; schedule.ts  const size = b.lookup(ring, 0, nobody).backend
 204: *(u32 *)(r10 - 64) = 0
 205: r1 = r6
 206: r2 = r10
 207: r2 += -64
 208: call bpf_map_lookup_elem
 209: if r0 == 0 goto L15
 210: r7 = *(u32 *)(r0 + 0)
; schedule.ts  b.if(size.eq(0), () => drop(b, 'dropNoBackend'))
 211: if w7 != 0 goto L16
L15:
 212: w0 = 3
 213: goto L29
L16:
; schedule.ts  service.scheduler.eq(schedulers['round-robin']),
 214: r0 = *(u8 *)(r9 + 3)
; schedule.ts  b.if(
 215: if w0 != 1 goto L17
; schedule.ts  const turn = b.lookup(turns, serviceIndex, nobody)
 216: r0 = *(u64 *)(r10 - 104)
 217: *(u32 *)(r10 - 64) = r0
 218: r1 = map[lb_turns] ll
 220: r2 = r10
 221: r2 += -64
 222: call bpf_map_lookup_elem
 223: if r0 == 0 goto L15
; schedule.ts  place.set(b.fetchAdd(turn, 'next', 1))
 224: w1 = 1
 225: w1 = atomic_fetch_add((u32 *)(r0 + 0), w1)
 226: goto L18
L17:
; schedule.ts  () => place.set(b.random()),
 227: call bpf_get_prandom_u32
 228: r1 = r0
L18:
; schedule.ts  return b.lookup(ring, place.get().mod(size).add(1), nobody).backend
 229: w1 %= w7
 230: w1 += 1
 231: *(u32 *)(r10 - 64) = r1
 232: r1 = r6
 233: r2 = r10
 234: r2 += -64
 235: call bpf_map_lookup_elem
 236: if r0 == 0 goto L15
 237: r7 = *(u32 *)(r0 + 0)
; connection.ts  const backend = b.lookup(backends, index, { otherwise: () => drop(b, 'dropNoBackend') })
 238: *(u32 *)(r10 - 64) = r7
 239: r1 = map[lb_backends] ll
 241: r2 = r10
 242: r2 += -64
 243: call bpf_map_lookup_elem
 244: r9 = r0
 245: if r0 == 0 goto L15
; connection.ts  b.acquire(
 246: r1 = r8
 247: r2 = r10
 248: r2 += -40
 249: w3 = 12
 250: r4 = r10
 251: r4 += -56
 252: w5 = 12
 253: call bpf_skb_ct_alloc
 254: r6 = r0
 255: if r0 == 0 goto L28
; connection.ts  result.set(b.kfunc(conntrack.setNatInfo, [ct, backend.address, backend.port.toHost(), destination]))
 256: r3 = *(u16 *)(r9 + 32)
 257: r3 = be16 r3
 258: r1 = r6
 259: r2 = r9
 260: w4 = 1
 261: call bpf_ct_set_nat_info
 262: *(u64 *)(r10 - 120) = r0
; connection.ts  b.if(backend.snatAddress.at(0).ne(0), () => {
 263: r0 = *(u32 *)(r9 + 16)
 264: if w0 == 0 goto L19
; connection.ts  const refused = b.kfunc(conntrack.setNatInfo, [ct, backend.snatAddress, 0, source])
 265: r2 = r9
 266: r2 += 16
 267: r1 = r6
 268: w3 = 0
 269: w4 = 0
 270: call bpf_ct_set_nat_info
 271: r9 = r0
; connection.ts  result.set(result.get().or(refused))
 272: r0 = *(u64 *)(r10 - 120)
 273: w9 |= w0
 274: goto L20
L19:
 275: r9 = *(u64 *)(r10 - 120)
L20:
; connection.ts  b.assign(ct, { mark: index.or(markPrefix) })
 276: r0 = r7
 277: w0 |= 452984832
 278: *(u32 *)(r6 + 0) = r0  ; nf_conn::mark
; connection.ts  b.acquire(conntrack.insert, [ct], {
 279: r1 = r6
 280: call bpf_ct_insert_entry
 281: r6 = r0
 282: if r0 == 0 goto L26
; connection.ts  b.if(refused.ne(0), () => {
 283: if w9 == 0 goto L23
; connection.ts  b.kfunc(conntrack.changeTimeout, [entry, 0])
 284: r1 = r6
 285: w2 = 0
 286: call bpf_ct_change_timeout
; connection.ts  b.kfunc(conntrack.release, [entry])
 287: r1 = r6
 288: call bpf_ct_release
; account.ts  b.lookup(counterMap, counters[name], {
 289: *(u32 *)(r10 - 64) = 5
 290: goto L30
L21:
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 291: r1 = *(u64 *)(r0 + 0)
 292: r1 += 1
 293: *(u64 *)(r0 + 0) = r1
L22:
; account.ts  b.return(TC_ACT_SHOT)
 294: w0 = 2
 295: exit
L23:
; connection.ts  b.kfunc(conntrack.changeTimeout, [entry, initialTimeout])
 296: r1 = r6
 297: w2 = 30000
 298: call bpf_ct_change_timeout
; connection.ts  b.kfunc(conntrack.release, [entry])
 299: r1 = r6
 300: call bpf_ct_release
; account.ts  const segments = b.variable(u32, skb.gsoSegs)
 301: r6 = *(u32 *)(r8 + 164)
; account.ts  b.if(segments.get().eq(0), () => segments.set(1))
 302: if w6 != 0 goto L24
 303: w6 = 1
L24:
; account.ts  b.lookup(backendStats, backend, {
 304: *(u32 *)(r10 - 64) = r7
 305: r1 = map[lb_stats] ll
 307: r2 = r10
 308: r2 += -64
 309: call bpf_map_lookup_elem
 310: if r0 == 0 goto L25
; account.ts  packets: stats.packets.add(segments.get()),
 311: r1 = *(u64 *)(r0 + 8)
 312: r1 += r6
; account.ts  bytes: stats.bytes.add(skb.len),
 313: r3 = *(u64 *)(r0 + 16)
 314: r2 = *(u32 *)(r8 + 0)
 315: r3 += r2
; account.ts  ...(opened === 1 ? { connections: stats.connections.add(1) } : {}),
 316: r2 = *(u64 *)(r0 + 0)
 317: r2 += 1
; account.ts  b.assign(stats, {
 318: *(u64 *)(r0 + 8) = r1
 319: *(u64 *)(r0 + 16) = r3
 320: *(u64 *)(r0 + 0) = r2
L25:
; parse.ts  b.if(skb.protocol.ne(ETH_P_IP).or(skb.vlanPresent.ne(0)), () => b.return(TCX_NEXT))
 321: w0 = -1
 322: exit
L26:
; ingress.ts  b.for(attempts, () => {
 323: r0 = *(u64 *)(r10 - 112)
 324: w0 += 1
 325: if w0 >= 3 goto L27
 326: *(u64 *)(r10 - 112) = r0
 327: goto L7
L27:
 328: w0 = 4
 329: goto L29
L28:
 330: w0 = 2
L29:
; account.ts  b.lookup(counterMap, counters[name], {
 331: *(u32 *)(r10 - 64) = r0
L30:
 332: r1 = map[lb_counters] ll
 334: r2 = r10
 335: r2 += -64
 336: call bpf_map_lookup_elem
 337: if r0 != 0 goto L21
 338: goto L22
