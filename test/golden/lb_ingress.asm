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
  74: *(u64 *)(r10 - 16) = 0
  75: r0 = *(u64 *)(r10 - 88)
  76: *(u16 *)(r10 - 8) = r0
  77: *(u8 *)(r10 - 6) = r9
  78: *(u8 *)(r10 - 5) = 2
  79: r1 = map[lb_frontends] ll
  81: r2 = r10
  82: r2 += -24
  83: call bpf_map_lookup_elem
  84: if r0 == 0 goto L25
; parse.ts  const opening = flags.get().and(tcpFlags.syn | tcpFlags.ack | tcpFlags.rst | tcpFlags.fin)
  85: r1 = r7
  86: w1 &= 23
  87: *(u64 *)(r10 - 96) = r1
; parse.ts  sourcePort: ports.source,
  88: r2 = *(u16 *)(r6 + 14)
; connection.ts  tuple: b.stack(conntrack.Ipv4Tuple, { source, destination, sourcePort, destinationPort }),
  89: r1 = *(u64 *)(r10 - 72)
  90: *(u32 *)(r10 - 40) = r1
  91: r1 = *(u64 *)(r10 - 80)
  92: *(u32 *)(r10 - 36) = r1
  93: *(u16 *)(r10 - 32) = r2
  94: r1 = *(u64 *)(r10 - 88)
  95: *(u16 *)(r10 - 30) = r1
; connection.ts  options: b.stack(conntrack.LookupOptions, { netnsId: -1, protocol }),
  96: *(u32 *)(r10 - 52) = 0
  97: *(u8 *)(r10 - 47) = 0
  98: *(u16 *)(r10 - 46) = 0
  99: *(u32 *)(r10 - 56) = -1
 100: *(u8 *)(r10 - 48) = r9
; ingress.ts  const { service } = frontend
 101: r0 = *(u32 *)(r0 + 0)
 102: *(u64 *)(r10 - 104) = r0
 103: w0 = 0
 104: *(u64 *)(r10 - 112) = r0
L7:
; ingress.ts  b.acquire(lookup, [skb, tuple.tuple, Ipv4Tuple.size, tuple.options, LookupOptions.size], {
 105: r1 = r8
 106: r2 = r10
 107: r2 += -40
 108: w3 = 12
 109: r4 = r10
 110: r4 += -56
 111: w5 = 12
 112: call bpf_skb_ct_lookup
 113: r6 = r0
 114: if r0 == 0 goto L14
; connection.ts  const { mark } = ct
 115: r7 = *(u32 *)(r6 + 0)  ; nf_conn::mark
; connection.ts  mark.and(markPrefixMask).eq(markPrefix),
 116: r0 = r7
 117: w0 &= -16777216
; connection.ts  b.if(
 118: if w0 != 452984832 goto L11
; connection.ts  b.if(
 119: r0 = *(u64 *)(r10 - 96)
 120: if w0 != 2 goto L8
; connection.ts  const finished = ct.tcpState.ge(conntrack.TCP_CONNTRACK_TIME_WAIT)
 121: r0 = *(u8 *)(r6 + 0)  ; nf_conn::proto.tcp.state
; connection.ts  b.if(
 122: if w0 < 7 goto L8
; account.ts  b.lookup(counterMap, counters[name], {
 123: *(u32 *)(r10 - 64) = 1
 124: r1 = map[lb_counters] ll
 126: r2 = r10
 127: r2 += -64
 128: call bpf_map_lookup_elem
 129: if r0 == 0 goto L12
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 130: r1 = *(u64 *)(r0 + 0)
 131: r1 += 1
 132: *(u64 *)(r0 + 0) = r1
 133: goto L12
L8:
; connection.ts  const left = ct.timeout.sub(b.jiffies().toU32()).toS32()
 134: r9 = *(u32 *)(r6 + 0)  ; nf_conn::timeout
 135: call bpf_jiffies64
 136: w9 -= w0
; connection.ts  b.if(left.lt(nearlyExpired), () => {
 137: if w9 s>= 25 goto L9
; connection.ts  b.kfunc(conntrack.changeTimeout, [ct, graceTime])
 138: r1 = r6
 139: w2 = 1000
 140: call bpf_ct_change_timeout
L9:
; connection.ts  b.kfunc(conntrack.release, [ct])
 141: r1 = r6
 142: call bpf_ct_release
; account.ts  const segments = b.variable(u32, skb.gsoSegs)
 143: r6 = *(u32 *)(r8 + 164)
; account.ts  b.if(segments.get().eq(0), () => segments.set(1))
 144: if w6 != 0 goto L10
 145: w6 = 1
L10:
; connection.ts  countTraffic(b, skb, mark.and(markBackendMask), 0)
 146: w7 &= 16777215
; account.ts  b.lookup(backendStats, backend, {
 147: *(u32 *)(r10 - 64) = r7
 148: r1 = map[lb_stats] ll
 150: r2 = r10
 151: r2 += -64
 152: call bpf_map_lookup_elem
 153: if r0 == 0 goto L25
; account.ts  packets: stats.packets.add(segments.get()),
 154: r1 = *(u64 *)(r0 + 8)
 155: r1 += r6
; account.ts  bytes: stats.bytes.add(skb.len),
 156: r3 = *(u64 *)(r0 + 16)
 157: r2 = *(u32 *)(r8 + 0)
 158: r3 += r2
; account.ts  b.assign(stats, {
 159: *(u64 *)(r0 + 8) = r1
 160: *(u64 *)(r0 + 16) = r3
 161: goto L25
L11:
; connection.ts  const established = ct.status.has(conntrack.IPS_SEEN_REPLY)
 162: r0 = *(u64 *)(r6 + 0)  ; nf_conn::status
; connection.ts  b.if(established.and(flow.opensConnection().not()), () => {
 163: if r0 & 2 goto L13
L12:
; connection.ts  b.kfunc(conntrack.changeTimeout, [ct, 0])
 164: r1 = r6
 165: w2 = 0
 166: call bpf_ct_change_timeout
; connection.ts  b.kfunc(conntrack.release, [ct])
 167: r1 = r6
 168: call bpf_ct_release
 169: goto L26
L13:
; connection.ts  b.if(established.and(flow.opensConnection().not()), () => {
 170: r0 = *(u64 *)(r10 - 96)
 171: if w0 == 2 goto L12
; connection.ts  b.kfunc(conntrack.release, [ct])
 172: r1 = r6
 173: call bpf_ct_release
; account.ts  b.lookup(counterMap, counters[name], {
 174: *(u32 *)(r10 - 64) = 0
 175: r1 = map[lb_counters] ll
 177: r2 = r10
 178: r2 += -64
 179: call bpf_map_lookup_elem
 180: if r0 == 0 goto L25
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 181: r1 = *(u64 *)(r0 + 0)
 182: r1 += 1
 183: *(u64 *)(r0 + 0) = r1
 184: goto L25
L14:
; schedule.ts  const service = b.lookup(services, serviceIndex, nobody)
 185: r0 = *(u64 *)(r10 - 104)
 186: *(u32 *)(r10 - 64) = r0
 187: r1 = map[lb_services] ll
 189: r2 = r10
 190: r2 += -64
 191: call bpf_map_lookup_elem
 192: r9 = r0
 193: if r0 == 0 goto L15
; schedule.ts  const ring = b.lookup(rings, serviceIndex, nobody)
 194: r0 = *(u64 *)(r10 - 104)
 195: *(u32 *)(r10 - 64) = r0
 196: r1 = map[lb_rings] ll
 198: r2 = r10
 199: r2 += -64
 200: call bpf_map_lookup_elem
 201: r6 = r0
 202: if r0 == 0 goto L15
; schedule.ts  const size = b.lookup(ring, 0, nobody).backend
 203: *(u32 *)(r10 - 64) = 0
 204: r1 = r6
 205: r2 = r10
 206: r2 += -64
 207: call bpf_map_lookup_elem
 208: if r0 == 0 goto L15
 209: r7 = *(u32 *)(r0 + 0)
; schedule.ts  b.if(size.eq(0), () => drop(b, 'dropNoBackend'))
 210: if w7 != 0 goto L16
L15:
 211: w0 = 3
 212: goto L29
L16:
; schedule.ts  service.scheduler.eq(schedulers['round-robin']),
 213: r0 = *(u8 *)(r9 + 3)
; schedule.ts  b.if(
 214: if w0 != 1 goto L17
; schedule.ts  const turn = b.lookup(turns, serviceIndex, nobody)
 215: r0 = *(u64 *)(r10 - 104)
 216: *(u32 *)(r10 - 64) = r0
 217: r1 = map[lb_turns] ll
 219: r2 = r10
 220: r2 += -64
 221: call bpf_map_lookup_elem
 222: if r0 == 0 goto L15
; schedule.ts  place.set(b.fetchAdd(turn, 'next', 1))
 223: w1 = 1
 224: w1 = atomic_fetch_add((u32 *)(r0 + 0), w1)
 225: goto L18
L17:
; schedule.ts  () => place.set(b.random()),
 226: call bpf_get_prandom_u32
 227: r1 = r0
L18:
; schedule.ts  return b.lookup(ring, place.get().mod(size).add(1), nobody).backend
 228: w1 %= w7
 229: w1 += 1
 230: *(u32 *)(r10 - 64) = r1
 231: r1 = r6
 232: r2 = r10
 233: r2 += -64
 234: call bpf_map_lookup_elem
 235: if r0 == 0 goto L15
 236: r7 = *(u32 *)(r0 + 0)
; connection.ts  const backend = b.lookup(backends, index, { otherwise: () => drop(b, 'dropNoBackend') })
 237: *(u32 *)(r10 - 64) = r7
 238: r1 = map[lb_backends] ll
 240: r2 = r10
 241: r2 += -64
 242: call bpf_map_lookup_elem
 243: r9 = r0
 244: if r0 == 0 goto L15
; connection.ts  b.acquire(
 245: r1 = r8
 246: r2 = r10
 247: r2 += -40
 248: w3 = 12
 249: r4 = r10
 250: r4 += -56
 251: w5 = 12
 252: call bpf_skb_ct_alloc
 253: r6 = r0
 254: if r0 == 0 goto L28
; connection.ts  result.set(b.kfunc(conntrack.setNatInfo, [ct, backend.address, backend.port.toHost(), destination]))
 255: r3 = *(u16 *)(r9 + 32)
 256: r3 = be16 r3
 257: r1 = r6
 258: r2 = r9
 259: w4 = 1
 260: call bpf_ct_set_nat_info
 261: *(u64 *)(r10 - 120) = r0
; connection.ts  b.if(backend.snatAddress.at(0).ne(0), () => {
 262: r0 = *(u32 *)(r9 + 16)
 263: if w0 == 0 goto L19
; connection.ts  const refused = b.kfunc(conntrack.setNatInfo, [ct, backend.snatAddress, 0, source])
 264: r2 = r9
 265: r2 += 16
 266: r1 = r6
 267: w3 = 0
 268: w4 = 0
 269: call bpf_ct_set_nat_info
 270: r9 = r0
; connection.ts  result.set(result.get().or(refused))
 271: r0 = *(u64 *)(r10 - 120)
 272: w9 |= w0
 273: goto L20
L19:
 274: r9 = *(u64 *)(r10 - 120)
L20:
; connection.ts  b.assign(ct, { mark: index.or(markPrefix) })
 275: r0 = r7
 276: w0 |= 452984832
 277: *(u32 *)(r6 + 0) = r0  ; nf_conn::mark
; connection.ts  b.acquire(conntrack.insert, [ct], {
 278: r1 = r6
 279: call bpf_ct_insert_entry
 280: r6 = r0
 281: if r0 == 0 goto L26
; connection.ts  b.if(refused.ne(0), () => {
 282: if w9 == 0 goto L23
; connection.ts  b.kfunc(conntrack.changeTimeout, [entry, 0])
 283: r1 = r6
 284: w2 = 0
 285: call bpf_ct_change_timeout
; connection.ts  b.kfunc(conntrack.release, [entry])
 286: r1 = r6
 287: call bpf_ct_release
; account.ts  b.lookup(counterMap, counters[name], {
 288: *(u32 *)(r10 - 64) = 5
 289: goto L30
L21:
; account.ts  hit: (counter) => b.assign(counter, { packets: counter.packets.add(1) }),
 290: r1 = *(u64 *)(r0 + 0)
 291: r1 += 1
 292: *(u64 *)(r0 + 0) = r1
L22:
; account.ts  b.return(TC_ACT_SHOT)
 293: w0 = 2
 294: exit
L23:
; connection.ts  b.kfunc(conntrack.changeTimeout, [entry, initialTimeout])
 295: r1 = r6
 296: w2 = 30000
 297: call bpf_ct_change_timeout
; connection.ts  b.kfunc(conntrack.release, [entry])
 298: r1 = r6
 299: call bpf_ct_release
; account.ts  const segments = b.variable(u32, skb.gsoSegs)
 300: r6 = *(u32 *)(r8 + 164)
; account.ts  b.if(segments.get().eq(0), () => segments.set(1))
 301: if w6 != 0 goto L24
 302: w6 = 1
L24:
; account.ts  b.lookup(backendStats, backend, {
 303: *(u32 *)(r10 - 64) = r7
 304: r1 = map[lb_stats] ll
 306: r2 = r10
 307: r2 += -64
 308: call bpf_map_lookup_elem
 309: if r0 == 0 goto L25
; account.ts  packets: stats.packets.add(segments.get()),
 310: r1 = *(u64 *)(r0 + 8)
 311: r1 += r6
; account.ts  bytes: stats.bytes.add(skb.len),
 312: r3 = *(u64 *)(r0 + 16)
 313: r2 = *(u32 *)(r8 + 0)
 314: r3 += r2
; account.ts  ...(opened === 1 ? { connections: stats.connections.add(1) } : {}),
 315: r2 = *(u64 *)(r0 + 0)
 316: r2 += 1
; account.ts  b.assign(stats, {
 317: *(u64 *)(r0 + 8) = r1
 318: *(u64 *)(r0 + 16) = r3
 319: *(u64 *)(r0 + 0) = r2
L25:
; parse.ts  b.if(skb.protocol.ne(ETH_P_IP).or(skb.vlanPresent.ne(0)), () => b.return(TCX_NEXT))
 320: w0 = -1
 321: exit
L26:
; ingress.ts  b.for(attempts, () => {
 322: r0 = *(u64 *)(r10 - 112)
 323: w0 += 1
 324: if w0 >= 3 goto L27
 325: *(u64 *)(r10 - 112) = r0
 326: goto L7
L27:
 327: w0 = 4
 328: goto L29
L28:
 329: w0 = 2
L29:
; account.ts  b.lookup(counterMap, counters[name], {
 330: *(u32 *)(r10 - 64) = r0
L30:
 331: r1 = map[lb_counters] ll
 333: r2 = r10
 334: r2 += -64
 335: call bpf_map_lookup_elem
 336: if r0 != 0 goto L21
 337: goto L22
