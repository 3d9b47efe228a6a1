import { be16, be32, u8 } from '../layout/scalar.ts'
import { struct, union } from '../layout/struct.ts'

const Echo = struct('icmp_echo', { id: be16, sequence: be16 }, { packed: true })
const Frag = struct('icmp_frag', { unused: be16, mtu: be16 }, { packed: true })

/** ICMP header (RFC 792, RFC 1191). */
export const IcmpHeader = struct(
  'icmphdr',
  { type: u8, code: u8, checksum: be16, rest: union('icmp_rest', { echo: Echo, gateway: be32, frag: Frag }) },
  { packed: true },
)

/** ICMPv6 header (RFC 4443). */
export const Icmpv6Header = struct(
  'icmp6hdr',
  { type: u8, code: u8, checksum: be16, rest: union('icmp6_rest', { echo: Echo, mtu: be32, pointer: be32 }) },
  { packed: true },
)

/** Types of ICMP messages (IANA; include/uapi/linux/icmp.h). */
export const icmpTypes = {
  echoReply: 0,
  destinationUnreachable: 3,
  redirect: 5,
  echoRequest: 8,
  timeExceeded: 11,
  parameterProblem: 12,
} as const

/** Types of ICMPv6 messages (IANA; include/uapi/linux/icmpv6.h, RFC 4861 for neighbour discovery). */
export const icmpv6Types = {
  destinationUnreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
  echoRequest: 128,
  echoReply: 129,
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighbourSolicitation: 135,
  neighbourAdvertisement: 136,
} as const
