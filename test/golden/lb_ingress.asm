; ingress.ts  return tc(ingressName, (b, skb) => {
   0: r9 = r1
; parse.ts  b.if(skb.protocol.ne(ETH_P_IP).or(skb.vlanPresent.ne(0)), () => b.return(TCX_NEXT))
   1: r1 = *(u16 *)(r9 + 16)
   2: r0 = *(u32 *)(r9 + 20)
   3: if w1 != 8 goto L32
   4: if w0 != 0 goto L32
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
  13: if r0 != 0 goto L32
  14: r0 = *(u32 *)(r9 + 76)
  15: r3 = *(u32 *)(r9 + 80)
L1:
; parse.ts  const ip = packet.header(Ipv4Header, { at: linkHeader, otherwise: TCX_NEXT })
  16: r1 = r0
  17: r1 += 34
  18: if r1 > r3 goto L32
; parse.ts  const { protocol, source, destination } = ip
  19: r7 = *(u8 *)(r0 + 23)
  20: r1 = *(u32 *)(r0 + 26)
  21: *(u64 *)(r10 - 224) = r1
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
  30: if w7 != 17 goto L32
L2:
  31: if w1 & 65311 goto L32
; parse.ts  b.if(
  32: if w7 != 6 goto L4
; parse.ts  packet.require(transport.add(TcpHeader.size), { otherwise: TCX_NEXT })
  33: w2 += 34
  34: r1 = r2
  35: r1 += r0
  36: if r1 <= r3 goto L3
  37: r1 = r9
  38: call bpf_skb_pull_data
  39: if r0 != 0 goto L32
  40: r0 = *(u32 *)(r9 + 76)
  41: r3 = *(u32 *)(r9 + 80)
L3:
; parse.ts  flags.set(packet.header(TcpHeader, { at: transport, otherwise: TCX_NEXT }).flags)
  42: r1 = r6
  43: r1 += r0
  44: r2 = r1
  45: r2 += 20
  46: if r2 > r3 goto L32
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
  55: if r0 != 0 goto L32
  56: r0 = *(u32 *)(r9 + 76)
  57: r3 = *(u32 *)(r9 + 80)
L5:
  58: w2 = 0
L6:
; parse.ts  const ports = packet.header(PortPair, { at: transport, otherwise: TCX_NEXT })
  59: r0 += r6
  60: r1 = r0
  61: r1 += 4
  62: if r1 > r3 goto L32
; parse.ts  const opening = flags.get().and(tcpFlags.syn | tcpFlags.ack | tcpFlags.rst | tcpFlags.fin)
  63: r1 = r2
  64: w1 &= 23
  65: *(u64 *)(r10 - 232) = r1
; parse.ts  sourcePort: ports.source,
  66: r1 = *(u16 *)(r0 + 0)
  67: *(u64 *)(r10 - 240) = r1
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
  81: if r0 == 0 goto L32
; connection.ts  tuple: b.stack(conntrack.Ipv4Tuple, { source, destination, sourcePort, destinationPort }),
  82: r1 = *(u64 *)(r10 - 224)
  83: *(u32 *)(r10 - 40) = r1
  84: *(u32 *)(r10 - 36) = r8
  85: r1 = *(u64 *)(r10 - 240)
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
  94: *(u64 *)(r10 - 248) = r0
  95: w0 = 0
  96: *(u64 *)(r10 - 256) = r0
L7:
; ingress.ts  b.for(attempts, () => {
  97: r0 = *(u64 *)(r10 - 256)
  98: if w0 >= 3 goto L30
; ingress.ts  b.acquire(lookup, [skb, tuple.tuple, Ipv4Tuple.size, tuple.options, LookupOptions.size], {
  99: r1 = r9
 100: r2 = r10
 101: r2 += -40
 102: w3 = 12
 103: r4 = r10
 104: r4 += -56
 105: w5 = 12
 106: call bpf_skb_ct_lookup
 107: r6 = r0
 108: if r6 == 0 goto L14
; connection.ts  const { mark } = ct
 109: r7 = *(u32 *)(r6 + 0)  ; nf_conn::mark
; connection.ts  mark.and(markPrefixMask).eq(markPrefix),
 110: r0 = r7
 111: w0 &= -16777216
; connection.ts  b.if(
 112: if w0 != 452984832 goto L11
; connection.ts  const finished = ct.tcpState.ge(conntrack.TCP_CONNTRACK_TIME_WAIT)
 113: r0 = *(u8 *)(r6 + 0)  ; nf_conn::proto.tcp.state
; connection.ts  b.if(
 114: r1 = *(u64 *)(r10 - 232)
 115: if w1 != 2 goto L8
 116: if w0 < 7 goto L8
; account.ts  b.lookup(counterMap, counters[name], {
 117: *(u32 *)(r10 - 64) = 1
 118: r1 = map[lb_counters] ll
 120: r2 = r10
 121: r2 += -64
 122: call bpf_map_lookup_elem
 123: if r0 == 0 goto L13
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 124: r1 = *(u64 *)(r0 + 0)
 125: r1 += 1
 126: *(u64 *)(r0 + 0) = r1
 127: goto L13
L8:
; connection.ts  const left = ct.timeout.sub(b.jiffies().toU32()).toS32()
 128: r8 = *(u32 *)(r6 + 0)  ; nf_conn::timeout
 129: call bpf_jiffies64
 130: w0 = w0
 131: w8 -= w0
; connection.ts  b.if(left.lt(nearlyExpired), () => {
 132: if w8 s>= 25 goto L9
; connection.ts  b.kfunc(conntrack.changeTimeout, [ct, graceTime])
 133: r1 = r6
 134: w2 = 1000
 135: call bpf_ct_change_timeout
L9:
; connection.ts  b.kfunc(conntrack.release, [ct])
 136: r1 = r6
 137: call bpf_ct_release
; connection.ts  countTraffic(b, skb, mark.and(markBackendMask), 0)
 138: w7 &= 16777215
; account.ts  const segments = b.variable(u32, skb.gsoSegs)
 139: r6 = *(u32 *)(r9 + 164)
; account.ts  b.if(segments.get().eq(0), () => segments.set(1))
 140: if w6 != 0 goto L10
 141: w6 = 1
L10:
; account.ts  b.lookup(backendStats, backend, {
 142: *(u32 *)(r10 - 72) = r7
 143: r1 = map[lb_stats] ll
 145: r2 = r10
 146: r2 += -72
 147: call bpf_map_lookup_elem
 148: if r0 == 0 goto L32
; account.ts  packets: stats.packets.add(segments.get()),
 149: r1 = *(u64 *)(r0 + 8)
 150: r1 += r6
; account.ts  bytes: stats.bytes.add(skb.len),
 151: r3 = *(u64 *)(r0 + 16)
 152: r2 = *(u32 *)(r9 + 0)
 153: r3 += r2
; account.ts  b.assign(stats, {
 154: *(u64 *)(r0 + 8) = r1
 155: *(u64 *)(r0 + 16) = r3
 156: goto L32
L11:
; connection.ts  const established = ct.status.has(conntrack.IPS_SEEN_REPLY)
 157: r0 = *(u64 *)(r6 + 0)  ; nf_conn::status
; connection.ts  b.if(established.and(flow.opensConnection().not()), () => {
 158: if r0 & 2 goto L12
 159: goto L13
L12:
 160: r0 = *(u64 *)(r10 - 232)
 161: if w0 == 2 goto L13
; connection.ts  b.kfunc(conntrack.release, [ct])
 162: r1 = r6
 163: call bpf_ct_release
; account.ts  b.lookup(counterMap, counters[name], {
 164: *(u32 *)(r10 - 80) = 0
 165: r1 = map[lb_counters] ll
 167: r2 = r10
 168: r2 += -80
 169: call bpf_map_lookup_elem
 170: if r0 == 0 goto L32
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 171: r1 = *(u64 *)(r0 + 0)
 172: r1 += 1
 173: *(u64 *)(r0 + 0) = r1
 174: goto L32
L13:
; connection.ts  b.kfunc(conntrack.changeTimeout, [ct, 0])
 175: r1 = r6
 176: w2 = 0
 177: call bpf_ct_change_timeout
; connection.ts  b.kfunc(conntrack.release, [ct])
 178: r1 = r6
 179: call bpf_ct_release
 180: goto L23
L14:
; schedule.ts  const service = b.lookup(services, serviceIndex, nobody)
 181: r0 = *(u64 *)(r10 - 248)
 182: *(u32 *)(r10 - 88) = r0
 183: r1 = map[lb_services] ll
 185: r2 = r10
 186: r2 += -88
 187: call bpf_map_lookup_elem
 188: r8 = r0
 189: if r8 == 0 goto L29
; schedule.ts  const ring = b.lookup(rings, serviceIndex, nobody)
 190: r0 = *(u64 *)(r10 - 248)
 191: *(u32 *)(r10 - 104) = r0
 192: r1 = map[lb_rings] ll
 194: r2 = r10
 195: r2 += -104
 196: call bpf_map_lookup_elem
 197: r6 = r0
 198: if r6 == 0 goto L28
; schedule.ts  const size = b.lookup(ring, 0, nobody).backend
 199: *(u32 *)(r10 - 120) = 0
 200: r1 = r6
 201: r2 = r10
 202: r2 += -120
 203: call bpf_map_lookup_elem
 204: if r0 == 0 goto L27
 205: r7 = *(u32 *)(r0 + 0)
; schedule.ts  b.if(size.eq(0), () => drop(b, 'dropNoBackend'))
 206: if w7 != 0 goto L15
; account.ts  b.lookup(counterMap, counters[name], {
 207: *(u32 *)(r10 - 136) = 3
 208: r1 = map[lb_counters] ll
 210: r2 = r10
 211: r2 += -136
 212: call bpf_map_lookup_elem
 213: if r0 == 0 goto L31
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 214: r1 = *(u64 *)(r0 + 0)
 215: r1 += 1
 216: *(u64 *)(r0 + 0) = r1
 217: goto L31
L15:
; schedule.ts  service.scheduler.eq(schedulers['round-robin']),
 218: r0 = *(u8 *)(r8 + 3)
; schedule.ts  b.if(
 219: if w0 != 1 goto L17
; schedule.ts  const turn = b.lookup(turns, serviceIndex, nobody)
 220: r0 = *(u64 *)(r10 - 248)
 221: *(u32 *)(r10 - 144) = r0
 222: r1 = map[lb_turns] ll
 224: r2 = r10
 225: r2 += -144
 226: call bpf_map_lookup_elem
 227: if r0 == 0 goto L16
; schedule.ts  place.set(b.fetchAdd(turn, 'next', 1))
 228: w1 = 1
 229: w1 = atomic_fetch_add((u32 *)(r0 + 0), w1)
 230: goto L18
L16:
; account.ts  b.lookup(counterMap, counters[name], {
 231: *(u32 *)(r10 - 152) = 3
 232: r1 = map[lb_counters] ll
 234: r2 = r10
 235: r2 += -152
 236: call bpf_map_lookup_elem
 237: if r0 == 0 goto L31
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 238: r1 = *(u64 *)(r0 + 0)
 239: r1 += 1
 240: *(u64 *)(r0 + 0) = r1
 241: goto L31
L17:
; schedule.ts  () => place.set(b.random()),
 242: call bpf_get_prandom_u32
 243: r1 = r0
L18:
; schedule.ts  return b.lookup(ring, place.get().mod(size).add(1), nobody).backend
 244: w1 %= w7
 245: w1 += 1
 246: *(u32 *)(r10 - 160) = r1
 247: r1 = r6
 248: r2 = r10
 249: r2 += -160
 250: call bpf_map_lookup_elem
 251: if r0 == 0 goto L26
 252: r7 = *(u32 *)(r0 + 0)
; connection.ts  const backend = b.lookup(backends, index, { otherwise: () => drop(b, 'dropNoBackend') })
 253: *(u32 *)(r10 - 176) = r7
 254: r1 = map[lb_backends] ll
 256: r2 = r10
 257: r2 += -176
 258: call bpf_map_lookup_elem
 259: r8 = r0
 260: if r8 == 0 goto L25
; connection.ts  b.acquire(
 261: r1 = r9
 262: r2 = r10
 263: r2 += -40
 264: w3 = 12
 265: r4 = r10
 266: r4 += -56
 267: w5 = 12
 268: call bpf_skb_ct_alloc
 269: r6 = r0
 270: if r6 == 0 goto L24
; connection.ts  result.set(b.kfunc(conntrack.setNatInfo, [ct, backend.address, backend.port.toHost(), destination]))
 271: r3 = *(u16 *)(r8 + 32)
 272: r3 = be16 r3
 273: r1 = r6
 274: r2 = r8
 275: w4 = 1
 276: call bpf_ct_set_nat_info
 277: *(u64 *)(r10 - 264) = r0
; connection.ts  b.if(backend.snatAddress.at(0).ne(0), () => {
 278: r0 = *(u32 *)(r8 + 16)
 279: if w0 == 0 goto L19
; connection.ts  const refused = b.kfunc(conntrack.setNatInfo, [ct, backend.snatAddress, 0, source])
 280: r2 = r8
 281: r2 += 16
 282: r1 = r6
 283: w3 = 0
 284: w4 = 0
 285: call bpf_ct_set_nat_info
 286: r8 = r0
; connection.ts  result.set(result.get().or(refused))
 287: r0 = *(u64 *)(r10 - 264)
 288: w8 |= w0
 289: goto L20
L19:
 290: r8 = *(u64 *)(r10 - 264)
L20:
; connection.ts  b.assign(ct, { mark: index.or(markPrefix) })
 291: r0 = r7
 292: w0 |= 452984832
 293: *(u32 *)(r6 + 0) = r0  ; nf_conn::mark
; connection.ts  b.kfunc(conntrack.setTimeout, [ct, initialTimeout])
 294: r1 = r6
 295: w2 = 30000
 296: call bpf_ct_set_timeout
; connection.ts  b.acquire(conntrack.insert, [ct], {
 297: r1 = r6
 298: call bpf_ct_insert_entry
 299: r6 = r0
 300: if r6 == 0 goto L23
; connection.ts  b.if(refused.ne(0), () => {
 301: if w8 == 0 goto L21
; connection.ts  b.kfunc(conntrack.changeTimeout, [entry, 0])
 302: r1 = r6
 303: w2 = 0
 304: call bpf_ct_change_timeout
; connection.ts  b.kfunc(conntrack.release, [entry])
 305: r1 = r6
 306: call bpf_ct_release
; account.ts  b.lookup(counterMap, counters[name], {
 307: *(u32 *)(r10 - 192) = 5
 308: r1 = map[lb_counters] ll
 310: r2 = r10
 311: r2 += -192
 312: call bpf_map_lookup_elem
 313: if r0 == 0 goto L31
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 314: r1 = *(u64 *)(r0 + 0)
 315: r1 += 1
 316: *(u64 *)(r0 + 0) = r1
 317: goto L31
L21:
; connection.ts  b.kfunc(conntrack.release, [entry])
 318: r1 = r6
 319: call bpf_ct_release
; account.ts  const segments = b.variable(u32, skb.gsoSegs)
 320: r6 = *(u32 *)(r9 + 164)
; account.ts  b.if(segments.get().eq(0), () => segments.set(1))
 321: if w6 != 0 goto L22
 322: w6 = 1
L22:
; account.ts  b.lookup(backendStats, backend, {
 323: *(u32 *)(r10 - 200) = r7
 324: r1 = map[lb_stats] ll
 326: r2 = r10
 327: r2 += -200
 328: call bpf_map_lookup_elem
 329: if r0 == 0 goto L32
; account.ts  packets: stats.packets.add(segments.get()),
 330: r1 = *(u64 *)(r0 + 8)
 331: r1 += r6
; account.ts  bytes: stats.bytes.add(skb.len),
 332: r3 = *(u64 *)(r0 + 16)
 333: r2 = *(u32 *)(r9 + 0)
 334: r3 += r2
; account.ts  ...(opened === 1 ? { connections: stats.connections.add(1) } : {}),
 335: r2 = *(u64 *)(r0 + 0)
 336: r2 += 1
; account.ts  b.assign(stats, {
 337: *(u64 *)(r0 + 8) = r1
 338: *(u64 *)(r0 + 16) = r3
 339: *(u64 *)(r0 + 0) = r2
 340: goto L32
L23:
; ingress.ts  b.for(attempts, () => {
 341: r0 = *(u64 *)(r10 - 256)
 342: w0 += 1
 343: *(u64 *)(r10 - 256) = r0
 344: goto L7
L24:
; account.ts  b.lookup(counterMap, counters[name], {
 345: *(u32 *)(r10 - 208) = 2
 346: r1 = map[lb_counters] ll
 348: r2 = r10
 349: r2 += -208
 350: call bpf_map_lookup_elem
 351: if r0 == 0 goto L31
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 352: r1 = *(u64 *)(r0 + 0)
 353: r1 += 1
 354: *(u64 *)(r0 + 0) = r1
 355: goto L31
L25:
; account.ts  b.lookup(counterMap, counters[name], {
 356: *(u32 *)(r10 - 184) = 3
 357: r1 = map[lb_counters] ll
 359: r2 = r10
 360: r2 += -184
 361: call bpf_map_lookup_elem
 362: if r0 == 0 goto L31
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 363: r1 = *(u64 *)(r0 + 0)
 364: r1 += 1
 365: *(u64 *)(r0 + 0) = r1
 366: goto L31
L26:
; account.ts  b.lookup(counterMap, counters[name], {
 367: *(u32 *)(r10 - 168) = 3
 368: r1 = map[lb_counters] ll
 370: r2 = r10
 371: r2 += -168
 372: call bpf_map_lookup_elem
 373: if r0 == 0 goto L31
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 374: r1 = *(u64 *)(r0 + 0)
 375: r1 += 1
 376: *(u64 *)(r0 + 0) = r1
 377: goto L31
L27:
; account.ts  b.lookup(counterMap, counters[name], {
 378: *(u32 *)(r10 - 128) = 3
 379: r1 = map[lb_counters] ll
 381: r2 = r10
 382: r2 += -128
 383: call bpf_map_lookup_elem
 384: if r0 == 0 goto L31
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 385: r1 = *(u64 *)(r0 + 0)
 386: r1 += 1
 387: *(u64 *)(r0 + 0) = r1
 388: goto L31
L28:
; account.ts  b.lookup(counterMap, counters[name], {
 389: *(u32 *)(r10 - 112) = 3
 390: r1 = map[lb_counters] ll
 392: r2 = r10
 393: r2 += -112
 394: call bpf_map_lookup_elem
 395: if r0 == 0 goto L31
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 396: r1 = *(u64 *)(r0 + 0)
 397: r1 += 1
 398: *(u64 *)(r0 + 0) = r1
 399: goto L31
L29:
; account.ts  b.lookup(counterMap, counters[name], {
 400: *(u32 *)(r10 - 96) = 3
 401: r1 = map[lb_counters] ll
 403: r2 = r10
 404: r2 += -96
 405: call bpf_map_lookup_elem
 406: if r0 == 0 goto L31
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 407: r1 = *(u64 *)(r0 + 0)
 408: r1 += 1
 409: *(u64 *)(r0 + 0) = r1
 410: goto L31
L30:
; account.ts  b.lookup(counterMap, counters[name], {
 411: *(u32 *)(r10 - 216) = 4
 412: r1 = map[lb_counters] ll
 414: r2 = r10
 415: r2 += -216
 416: call bpf_map_lookup_elem
 417: if r0 == 0 goto L31
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 418: r1 = *(u64 *)(r0 + 0)
 419: r1 += 1
 420: *(u64 *)(r0 + 0) = r1
L31:
; account.ts  b.return(TC_ACT_SHOT)
 421: w0 = 2
 422: exit
L32:
; parse.ts  b.if(skb.protocol.ne(ETH_P_IP).or(skb.vlanPresent.ne(0)), () => b.return(TCX_NEXT))
 423: w0 = -1
 424: exit
