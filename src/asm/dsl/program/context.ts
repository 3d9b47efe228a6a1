import { be16, be32, u8, u16, u32, u64 } from '../../layout/scalar.ts'
import { array, struct } from '../../layout/struct.ts'
import { type ContextRef, contextType } from './context-ref.ts'

/**
 * The context of TC programs: `struct __sk_buff` of include/uapi/linux/bpf.h, as far as the members are stable
 * there. `data` and `data_end` are packet pointers to the verifier: use `b.packet(skb)`.
 */
export const SkBuff = struct('__sk_buff', {
  /** Bytes of the whole packet, link header included. */
  len: u32,
  pktType: u32,
  mark: u32,
  queueMapping: u32,
  /** Ethertype; the kernel keeps it in the low 16 bits. */
  protocol: be16,
  protocolUnused: u16,
  vlanPresent: u32,
  vlanTci: u32,
  vlanProto: be16,
  vlanProtoUnused: u16,
  priority: u32,
  /** Interface the packet came in through. */
  ingressIfindex: u32,
  /** Interface the packet is on. */
  ifindex: u32,
  tcIndex: u32,
  cb: array(u32, 5),
  hash: u32,
  tcClassid: u32,
  data: u32,
  dataEnd: u32,
  napiId: u32,
  family: u32,
  remoteIp4: be32,
  localIp4: be32,
  remoteIp6: array(be32, 4),
  localIp6: array(be32, 4),
  remotePort: u32,
  localPort: u32,
  dataMeta: u32,
  flowKeys: u64,
  /** Nanoseconds; what clock depends on `tstampType`. */
  tstamp: u64,
  wireLen: u32,
  /** Segments of a GRO or GSO packet; 0 when it is a single one. */
  gsoSegs: u32,
  sk: u64,
  /** Payload bytes of each segment of a GSO packet. */
  gsoSize: u32,
  tstampType: u8,
  tstampTypeUnused: array(u8, 3),
  hwtstamp: u64,
})

/**
 * Verdict of a TC program: not my business. The next program on the interface decides; after the last one the packet
 * goes its usual way. TCX_NEXT to a tcx link (include/uapi/linux/bpf.h), TC_ACT_UNSPEC to a clsact filter
 * (include/uapi/linux/pkt_cls.h).
 */
export const TCX_NEXT = -1
/** Verdict of a TC program: the packet goes its usual way, and no further program sees it (TC_ACT_OK, TCX_PASS). */
export const TC_ACT_OK = 0
/** Verdict of a TC program: the packet is dropped (TC_ACT_SHOT, TCX_DROP). */
export const TC_ACT_SHOT = 2

/** `struct __sk_buff` as TC programs may use it (`tc_cls_act_is_valid_access` in net/core/filter.c). */
export const TcContext = contextType(SkBuff, {
  hidden: [
    'protocolUnused',
    'vlanProtoUnused',
    'data',
    'dataEnd',
    'dataMeta',
    'flowKeys',
    'sk',
    'tstampTypeUnused',
    'family',
    'remoteIp4',
    'localIp4',
    'remoteIp6',
    'localIp6',
    'remotePort',
    'localPort',
  ],
  writable: ['mark', 'queueMapping', 'priority', 'tcIndex', 'cb', 'tcClassid', 'tstamp'],
  packet: 'pull',
})

/** The context of a TC program in the DSL. */
export type SkbContext = ContextRef<typeof TcContext>

/** Ethertype of IPv4 (include/uapi/linux/if_ether.h). */
export const ETH_P_IP = 0x0800
/** Ethertype of IPv6 (include/uapi/linux/if_ether.h). */
export const ETH_P_IPV6 = 0x86dd
