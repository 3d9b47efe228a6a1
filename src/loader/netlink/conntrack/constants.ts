/** IPCTNL_MSG_CT_* (include/uapi/linux/netfilter/nfnetlink_conntrack.h). */
export const conntrackTypes = { new: 0, get: 1, delete: 2, getStatistics: 5 } as const

/** CTA_* (enum ctattr_type, nfnetlink_conntrack.h). */
export const entryAttributes = {
  original: 1,
  reply: 2,
  status: 3,
  protocolInfo: 4,
  natSource: 6,
  timeout: 7,
  mark: 8,
  countersOriginal: 9,
  countersReply: 10,
  use: 11,
  id: 12,
  natDestination: 13,
  zone: 18,
  markMask: 21,
} as const

/** CTA_TUPLE_* (enum ctattr_tuple). */
export const tupleAttributes = { ip: 1, protocol: 2, zone: 3 } as const
/** CTA_IP_* (enum ctattr_ip). */
export const ipAttributes = { sourceV4: 1, destinationV4: 2, sourceV6: 3, destinationV6: 4 } as const
/** CTA_PROTO_* (enum ctattr_l4proto). */
export const protocolAttributes = {
  number: 1,
  sourcePort: 2,
  destinationPort: 3,
  icmpId: 4,
  icmpType: 5,
  icmpCode: 6,
  icmpv6Id: 7,
  icmpv6Type: 8,
  icmpv6Code: 9,
} as const
/** CTA_PROTOINFO_TCP, CTA_PROTOINFO_TCP_STATE. */
export const protocolInfoAttributes = { tcp: 1, tcpState: 1 } as const
/** CTA_NAT_* (enum ctattr_nat), CTA_PROTONAT_* (enum ctattr_protonat). */
export const natAttributes = {
  minimumV4: 1,
  maximumV4: 2,
  ports: 3,
  minimumV6: 4,
  maximumV6: 5,
  minimumPort: 1,
  maximumPort: 2,
} as const
/** CTA_COUNTERS_* (enum ctattr_counters). */
export const counterAttributes = { packets: 1, bytes: 2 } as const
/** CTA_STATS_GLOBAL_* (enum ctattr_stats_global). */
export const statisticsAttributes = { entries: 1, maximumEntries: 2 } as const

/** `IPS_*` (enum ip_conntrack_status, include/uapi/linux/netfilter/nf_conntrack_common.h), lower case. */
export const statusBits = {
  expected: 1 << 0,
  seen_reply: 1 << 1,
  assured: 1 << 2,
  confirmed: 1 << 3,
  src_nat: 1 << 4,
  dst_nat: 1 << 5,
  seq_adjust: 1 << 6,
  src_nat_done: 1 << 7,
  dst_nat_done: 1 << 8,
  dying: 1 << 9,
  fixed_timeout: 1 << 10,
  template: 1 << 11,
  nat_clash: 1 << 12,
  helper: 1 << 13,
  offload: 1 << 14,
  hw_offload: 1 << 15,
} as const

/** One bit of an entry's status. */
export type StatusName = keyof typeof statusBits

/** enum tcp_conntrack (include/uapi/linux/netfilter/nf_conntrack_tcp.h). */
export const tcpStates = {
  NONE: 0,
  SYN_SENT: 1,
  SYN_RECV: 2,
  ESTABLISHED: 3,
  FIN_WAIT: 4,
  CLOSE_WAIT: 5,
  LAST_ACK: 6,
  TIME_WAIT: 7,
  CLOSE: 8,
  SYN_SENT2: 9,
} as const

/** Where the kernel thinks a TCP connection is. */
export type TcpState = keyof typeof tcpStates

/** IPPROTO_* (include/uapi/linux/in.h, in6.h). */
export const protocols = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const
