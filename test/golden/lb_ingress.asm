; ingress.ts  return tc(ingressName, (b, skb) => {
   0: r8 = r1
; parse.ts  b.if(skb.protocol.ne(ETH_P_IP).or(skb.vlanPresent.ne(0)), () => b.return(TCX_NEXT))
   1: r1 = *(u16 *)(r8 + 16)
   2: r0 = *(u32 *)(r8 + 20)
   3: if w1 != 8 goto L26
   4: if w0 != 0 goto L26
; parse.ts  const packet = b.packet(skb)
   5: r0 = *(u32 *)(r8 + 76)
   6: r1 = *(u32 *)(r8 + 80)
; parse.ts  packet.require(linkHeader + Ipv4Header.size, { otherwise: TCX_NEXT })
   7: r2 = r0
   8: r2 += 34
   9: if r2 <= r1 goto L1
  10: r1 = r8
  11: w2 = 34
  12: call bpf_skb_pull_data
  13: if r0 != 0 goto L26
  14: r0 = *(u32 *)(r8 + 76)
  15: r1 = *(u32 *)(r8 + 80)
; parse.ts  const ip = packet.header(Ipv4Header, { at: linkHeader, otherwise: TCX_NEXT })
  16: r2 = r0
  17: r2 += 34
  18: if r2 > r1 goto L26
L1:
; parse.ts  const { protocol, source, destination } = ip
  19: r6 = *(u8 *)(r0 + 23)
  20: r2 = *(u32 *)(r0 + 26)
  21: *(u64 *)(r10 - 72) = r2
  22: r7 = *(u32 *)(r0 + 30)
; parse.ts  const transport = ip.versionAndLength.and(0x0f).shl(2).add(linkHeader)
  23: r9 = *(u8 *)(r0 + 14)
  24: w9 &= 15
  25: w9 <<= 2
; parse.ts  b.if(isTransport.not().or(ip.fragment.has(IPV4_FRAGMENT_OFFSET)), () => b.return(TCX_NEXT))
  26: r2 = *(u16 *)(r0 + 20)
  27: if w6 == 6 goto L2
  28: if w6 != 17 goto L26
L2:
  29: if w2 & 65311 goto L26
; parse.ts  b.if(
  30: if w6 != 6 goto L5
; parse.ts  packet.require(transport.add(TcpHeader.size), { otherwise: TCX_NEXT })
  31: r2 = r9
  32: w2 += 34
  33: r0 += r9
  34: r3 = r0
  35: r3 += 34
  36: if r3 <= r1 goto L3
  37: r1 = r8
  38: call bpf_skb_pull_data
  39: if r0 != 0 goto L26
  40: r0 = *(u32 *)(r8 + 76)
  41: r3 = *(u32 *)(r8 + 80)
; parse.ts  flags.set(packet.header(TcpHeader, { at: transport, otherwise: TCX_NEXT }).flags)
  42: r0 += r9
  43: r1 = r0
  44: r1 += 14
  45: r2 = r0
  46: r2 += 34
  47: if r2 <= r3 goto L4
  48: goto L26
L3:
  49: r1 = r0
  50: r1 += 14
L4:
  51: r0 = *(u8 *)(r0 + 27)
  52: goto L7
L5:
; parse.ts  () => packet.require(transport.add(UdpHeader.size), { otherwise: TCX_NEXT }),
  53: r2 = r9
  54: w2 += 22
  55: r0 += r9
  56: r3 = r0
  57: r3 += 22
  58: if r3 <= r1 goto L6
  59: r1 = r8
  60: call bpf_skb_pull_data
  61: if r0 != 0 goto L26
  62: r0 = *(u32 *)(r8 + 76)
  63: r2 = *(u32 *)(r8 + 80)
; parse.ts  const ports = packet.header(PortPair, { at: transport, otherwise: TCX_NEXT })
  64: r0 += r9
  65: r1 = r0
  66: r1 += 14
  67: r0 += 18
  68: if r0 > r2 goto L26
  69: w0 = 0
  70: goto L7
L6:
  71: r1 = r0
  72: r1 += 14
  73: w0 = 0
L7:
; parse.ts  const opening = flags.get().and(tcpFlags.syn | tcpFlags.ack | tcpFlags.rst | tcpFlags.fin)
  74: w0 &= 23
  75: *(u64 *)(r10 - 80) = r0
; parse.ts  sourcePort: ports.source,
  76: r0 = *(u16 *)(r1 + 0)
  77: *(u64 *)(r10 - 88) = r0
; parse.ts  destinationPort: ports.destination,
  78: r9 = *(u16 *)(r1 + 2)
; ingress.ts  const frontend = b.lookup(
  79: *(u32 *)(r10 - 24) = r7
  80: *(u32 *)(r10 - 20) = 0
  81: *(u32 *)(r10 - 16) = 0
  82: *(u32 *)(r10 - 12) = 0
  83: *(u16 *)(r10 - 8) = r9
  84: *(u8 *)(r10 - 6) = r6
  85: *(u8 *)(r10 - 5) = 2
  86: r1 = map[lb_frontends] ll
  88: r2 = r10
  89: r2 += -24
  90: call bpf_map_lookup_elem
  91: if r0 == 0 goto L26
; connection.ts  tuple: b.stack(conntrack.Ipv4Tuple, { source, destination, sourcePort, destinationPort }),
  92: r1 = *(u64 *)(r10 - 72)
  93: *(u32 *)(r10 - 40) = r1
  94: *(u32 *)(r10 - 36) = r7
  95: r1 = *(u64 *)(r10 - 88)
  96: *(u16 *)(r10 - 32) = r1
  97: *(u16 *)(r10 - 30) = r9
; connection.ts  options: b.stack(conntrack.LookupOptions, { netnsId: -1, protocol }),
  98: *(u32 *)(r10 - 52) = 0
  99: *(u8 *)(r10 - 47) = 0
 100: *(u16 *)(r10 - 46) = 0
 101: *(u32 *)(r10 - 56) = -1
 102: *(u8 *)(r10 - 48) = r6
; ingress.ts  const { service } = frontend
 103: r0 = *(u32 *)(r0 + 0)
 104: *(u64 *)(r10 - 96) = r0
 105: w0 = 0
 106: *(u64 *)(r10 - 104) = r0
L8:
; ingress.ts  b.acquire(lookup, [skb, tuple.tuple, Ipv4Tuple.size, tuple.options, LookupOptions.size], {
 107: r1 = r8
 108: r2 = r10
 109: r2 += -40
 110: w3 = 12
 111: r4 = r10
 112: r4 += -56
 113: w5 = 12
 114: call bpf_skb_ct_lookup
 115: r6 = r0
 116: if r6 == 0 goto L15
; connection.ts  const { mark } = ct
 117: r7 = *(u32 *)(r6 + 0)  ; nf_conn::mark
; connection.ts  mark.and(markPrefixMask).eq(markPrefix),
 118: r0 = r7
 119: w0 &= -16777216
; connection.ts  b.if(
 120: if w0 != 452984832 goto L12
; connection.ts  const finished = ct.tcpState.ge(conntrack.TCP_CONNTRACK_TIME_WAIT)
 121: r0 = *(u8 *)(r6 + 0)  ; nf_conn::proto.tcp.state
; connection.ts  b.if(
 122: r1 = *(u64 *)(r10 - 80)
 123: if w1 != 2 goto L9
 124: if w0 < 7 goto L9
; account.ts  b.lookup(counterMap, counters[name], {
 125: *(u32 *)(r10 - 64) = 1
 126: r1 = map[lb_counters] ll
 128: r2 = r10
 129: r2 += -64
 130: call bpf_map_lookup_elem
 131: if r0 == 0 goto L14
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 132: r1 = *(u64 *)(r0 + 0)
 133: r1 += 1
 134: *(u64 *)(r0 + 0) = r1
 135: goto L14
L9:
; connection.ts  const left = ct.timeout.sub(b.jiffies().toU32()).toS32()
 136: r9 = *(u32 *)(r6 + 0)  ; nf_conn::timeout
 137: call bpf_jiffies64
 138: w0 = w0
 139: w9 -= w0
; connection.ts  b.if(left.lt(nearlyExpired), () => {
 140: if w9 s>= 25 goto L10
; connection.ts  b.kfunc(conntrack.changeTimeout, [ct, graceTime])
 141: r1 = r6
 142: w2 = 1000
 143: call bpf_ct_change_timeout
L10:
; connection.ts  b.kfunc(conntrack.release, [ct])
 144: r1 = r6
 145: call bpf_ct_release
; connection.ts  countTraffic(b, skb, mark.and(markBackendMask), 0)
 146: w7 &= 16777215
; account.ts  const segments = b.variable(u32, skb.gsoSegs)
 147: r6 = *(u32 *)(r8 + 164)
; account.ts  b.if(segments.get().eq(0), () => segments.set(1))
 148: if w6 != 0 goto L11
 149: w6 = 1
L11:
; account.ts  b.lookup(backendStats, backend, {
 150: *(u32 *)(r10 - 64) = r7
 151: r1 = map[lb_stats] ll
 153: r2 = r10
 154: r2 += -64
 155: call bpf_map_lookup_elem
 156: if r0 == 0 goto L26
; account.ts  packets: stats.packets.add(segments.get()),
 157: r1 = *(u64 *)(r0 + 8)
 158: r1 += r6
; account.ts  bytes: stats.bytes.add(skb.len),
 159: r3 = *(u64 *)(r0 + 16)
 160: r2 = *(u32 *)(r8 + 0)
 161: r3 += r2
; account.ts  b.assign(stats, {
 162: *(u64 *)(r0 + 8) = r1
 163: *(u64 *)(r0 + 16) = r3
 164: goto L26
L12:
; connection.ts  const established = ct.status.has(conntrack.IPS_SEEN_REPLY)
 165: r0 = *(u64 *)(r6 + 0)  ; nf_conn::status
; connection.ts  b.if(established.and(flow.opensConnection().not()), () => {
 166: if r0 & 2 goto L13
 167: goto L14
L13:
 168: r0 = *(u64 *)(r10 - 80)
 169: if w0 == 2 goto L14
; connection.ts  b.kfunc(conntrack.release, [ct])
 170: r1 = r6
 171: call bpf_ct_release
; account.ts  b.lookup(counterMap, counters[name], {
 172: *(u32 *)(r10 - 64) = 0
 173: r1 = map[lb_counters] ll
 175: r2 = r10
 176: r2 += -64
 177: call bpf_map_lookup_elem
 178: if r0 == 0 goto L26
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 179: r1 = *(u64 *)(r0 + 0)
 180: r1 += 1
 181: *(u64 *)(r0 + 0) = r1
 182: goto L26
L14:
; connection.ts  b.kfunc(conntrack.changeTimeout, [ct, 0])
 183: r1 = r6
 184: w2 = 0
 185: call bpf_ct_change_timeout
; connection.ts  b.kfunc(conntrack.release, [ct])
 186: r1 = r6
 187: call bpf_ct_release
 188: goto L27
L15:
; schedule.ts  const service = b.lookup(services, serviceIndex, nobody)
 189: r0 = *(u64 *)(r10 - 96)
 190: *(u32 *)(r10 - 64) = r0
 191: r1 = map[lb_services] ll
 193: r2 = r10
 194: r2 += -64
 195: call bpf_map_lookup_elem
 196: r9 = r0
 197: if r9 == 0 goto L34
; schedule.ts  const ring = b.lookup(rings, serviceIndex, nobody)
 198: r0 = *(u64 *)(r10 - 96)
 199: *(u32 *)(r10 - 64) = r0
 200: r1 = map[lb_rings] ll
 202: r2 = r10
 203: r2 += -64
 204: call bpf_map_lookup_elem
 205: r6 = r0
 206: if r6 == 0 goto L33
; schedule.ts  const size = b.lookup(ring, 0, nobody).backend
 207: *(u32 *)(r10 - 64) = 0
 208: r1 = r6
 209: r2 = r10
 210: r2 += -64
 211: call bpf_map_lookup_elem
 212: if r0 == 0 goto L32
 213: r7 = *(u32 *)(r0 + 0)
; schedule.ts  b.if(size.eq(0), () => drop(b, 'dropNoBackend'))
 214: if w7 != 0 goto L16
 215: w0 = 3
 216: goto L35
L16:
; schedule.ts  service.scheduler.eq(schedulers['round-robin']),
 217: r0 = *(u8 *)(r9 + 3)
; schedule.ts  b.if(
 218: if w0 != 1 goto L18
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
 229: goto L19
L17:
 230: w0 = 3
 231: goto L35
L18:
; schedule.ts  () => place.set(b.random()),
 232: call bpf_get_prandom_u32
 233: r1 = r0
L19:
; schedule.ts  return b.lookup(ring, place.get().mod(size).add(1), nobody).backend
 234: w1 %= w7
 235: w1 += 1
 236: *(u32 *)(r10 - 64) = r1
 237: r1 = r6
 238: r2 = r10
 239: r2 += -64
 240: call bpf_map_lookup_elem
 241: if r0 == 0 goto L31
 242: r7 = *(u32 *)(r0 + 0)
; connection.ts  const backend = b.lookup(backends, index, { otherwise: () => drop(b, 'dropNoBackend') })
 243: *(u32 *)(r10 - 64) = r7
 244: r1 = map[lb_backends] ll
 246: r2 = r10
 247: r2 += -64
 248: call bpf_map_lookup_elem
 249: r9 = r0
 250: if r9 == 0 goto L30
; connection.ts  b.acquire(
 251: r1 = r8
 252: r2 = r10
 253: r2 += -40
 254: w3 = 12
 255: r4 = r10
 256: r4 += -56
 257: w5 = 12
 258: call bpf_skb_ct_alloc
 259: r6 = r0
 260: if r6 == 0 goto L29
; connection.ts  result.set(b.kfunc(conntrack.setNatInfo, [ct, backend.address, backend.port.toHost(), destination]))
 261: r3 = *(u16 *)(r9 + 32)
 262: r3 = be16 r3
 263: r1 = r6
 264: r2 = r9
 265: w4 = 1
 266: call bpf_ct_set_nat_info
 267: *(u64 *)(r10 - 112) = r0
; connection.ts  b.if(backend.snatAddress.at(0).ne(0), () => {
 268: r0 = *(u32 *)(r9 + 16)
 269: if w0 == 0 goto L20
; connection.ts  const refused = b.kfunc(conntrack.setNatInfo, [ct, backend.snatAddress, 0, source])
 270: r2 = r9
 271: r2 += 16
 272: r1 = r6
 273: w3 = 0
 274: w4 = 0
 275: call bpf_ct_set_nat_info
 276: r9 = r0
; connection.ts  result.set(result.get().or(refused))
 277: r0 = *(u64 *)(r10 - 112)
 278: w9 |= w0
 279: goto L21
L20:
 280: r9 = *(u64 *)(r10 - 112)
L21:
; connection.ts  b.assign(ct, { mark: index.or(markPrefix) })
 281: r0 = r7
 282: w0 |= 452984832
 283: *(u32 *)(r6 + 0) = r0  ; nf_conn::mark
; connection.ts  b.acquire(conntrack.insert, [ct], {
 284: r1 = r6
 285: call bpf_ct_insert_entry
 286: r6 = r0
 287: if r6 == 0 goto L27
; connection.ts  b.if(refused.ne(0), () => {
 288: if w9 == 0 goto L24
; connection.ts  b.kfunc(conntrack.changeTimeout, [entry, 0])
 289: r1 = r6
 290: w2 = 0
 291: call bpf_ct_change_timeout
; connection.ts  b.kfunc(conntrack.release, [entry])
 292: r1 = r6
 293: call bpf_ct_release
; account.ts  b.lookup(counterMap, counters[name], {
 294: *(u32 *)(r10 - 64) = 5
 295: goto L36
L22:
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 296: r1 = *(u64 *)(r0 + 0)
 297: r1 += 1
 298: *(u64 *)(r0 + 0) = r1
L23:
; account.ts  b.return(TC_ACT_SHOT)
 299: w0 = 2
 300: exit
L24:
; connection.ts  b.kfunc(conntrack.changeTimeout, [entry, initialTimeout])
 301: r1 = r6
 302: w2 = 30000
 303: call bpf_ct_change_timeout
; connection.ts  b.kfunc(conntrack.release, [entry])
 304: r1 = r6
 305: call bpf_ct_release
; account.ts  const segments = b.variable(u32, skb.gsoSegs)
 306: r6 = *(u32 *)(r8 + 164)
; account.ts  b.if(segments.get().eq(0), () => segments.set(1))
 307: if w6 != 0 goto L25
 308: w6 = 1
L25:
; account.ts  b.lookup(backendStats, backend, {
 309: *(u32 *)(r10 - 64) = r7
 310: r1 = map[lb_stats] ll
 312: r2 = r10
 313: r2 += -64
 314: call bpf_map_lookup_elem
 315: if r0 == 0 goto L26
; account.ts  packets: stats.packets.add(segments.get()),
 316: r1 = *(u64 *)(r0 + 8)
 317: r1 += r6
; account.ts  bytes: stats.bytes.add(skb.len),
 318: r3 = *(u64 *)(r0 + 16)
 319: r2 = *(u32 *)(r8 + 0)
 320: r3 += r2
; account.ts  ...(opened === 1 ? { connections: stats.connections.add(1) } : {}),
 321: r2 = *(u64 *)(r0 + 0)
 322: r2 += 1
; account.ts  b.assign(stats, {
 323: *(u64 *)(r0 + 8) = r1
 324: *(u64 *)(r0 + 16) = r3
 325: *(u64 *)(r0 + 0) = r2
L26:
; parse.ts  b.if(skb.protocol.ne(ETH_P_IP).or(skb.vlanPresent.ne(0)), () => b.return(TCX_NEXT))
 326: w0 = -1
 327: exit
L27:
; ingress.ts  b.for(attempts, () => {
 328: r0 = *(u64 *)(r10 - 104)
 329: w0 += 1
 330: if w0 >= 3 goto L28
 331: *(u64 *)(r10 - 104) = r0
 332: goto L8
L28:
 333: w0 = 4
 334: goto L35
L29:
 335: w0 = 2
 336: goto L35
L30:
 337: w0 = 3
 338: goto L35
L31:
 339: w0 = 3
 340: goto L35
L32:
 341: w0 = 3
 342: goto L35
L33:
 343: w0 = 3
 344: goto L35
L34:
 345: w0 = 3
L35:
; account.ts  b.lookup(counterMap, counters[name], {
 346: *(u32 *)(r10 - 64) = r0
L36:
 347: r1 = map[lb_counters] ll
 349: r2 = r10
 350: r2 += -64
 351: call bpf_map_lookup_elem
 352: if r0 != 0 goto L22
 353: goto L23
