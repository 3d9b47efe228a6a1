import { bits } from '../layout/bits.ts'
import { be16, be32, u8 } from '../layout/scalar.ts'
import { struct } from '../layout/struct.ts'

/** IPv4 header without options (RFC 791 section 3.1). */
export const Ipv4Header = struct(
  'iphdr',
  {
    /** `words`: length of the header, options included, in units of 4 bytes; at least 5. */
    versionAndLength: bits(u8, { version: 4, words: 4 }),
    /** RFC 2474 and RFC 3168. */
    tos: bits(u8, { dscp: 6, ecn: 2 }),
    totalLength: be16,
    id: be16,
    /** `offset` is in units of 8 bytes: 0 in packets that are no fragments and in first fragments. */
    fragment: bits(be16, { reserved: 1, dontFragment: 1, moreFragments: 1, offset: 13 }),
    ttl: u8,
    protocol: u8,
    checksum: be16,
    source: be32,
    destination: be32,
  },
  { packed: true },
)

/** The low 13 bits of {@link Ipv4Header}'s `fragment`: 0 in unfragmented packets and in first fragments. */
export const IPV4_FRAGMENT_OFFSET = 0x1fff

/** Protocol numbers (IANA; include/uapi/linux/in.h), of IPv4's `protocol` and IPv6's `nextHeader`. */
export const IPPROTO_ICMP = 1
export const IPPROTO_TCP = 6
export const IPPROTO_UDP = 17
export const IPPROTO_GRE = 47
export const IPPROTO_ICMPV6 = 58
