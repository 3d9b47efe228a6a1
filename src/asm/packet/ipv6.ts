import { bits } from '../layout/bits.ts'
import { be16, be32, u8 } from '../layout/scalar.ts'
import { struct } from '../layout/struct.ts'
import { be128 } from '../layout/wide.ts'

/** IPv6 header (RFC 8200 section 3). */
export const Ipv6Header = struct(
  'ipv6hdr',
  {
    start: bits(be32, { version: 4, trafficClass: 8, flowLabel: 20 }),
    /** Bytes behind this header, extension headers included. */
    payloadLength: be16,
    /** `IPPROTO_*`, of an extension header or of the transport. */
    nextHeader: u8,
    hopLimit: u8,
    source: be128,
    destination: be128,
  },
  { packed: true },
)

/** What IPv6 extension headers begin with (RFC 8200 section 4; the authentication header of RFC 4302 too). */
export const Ipv6Extension = struct('ipv6_opt_hdr', { nextHeader: u8, length: u8 }, { packed: true })

/** IPv6 fragment header (RFC 8200 section 4.5). */
export const Ipv6Fragment = struct(
  'frag_hdr',
  {
    nextHeader: u8,
    reserved: u8,
    /** `offset` is in units of 8 bytes: 0 in the first fragment. */
    fragment: bits(be16, { offset: 13, reserved: 2, moreFragments: 1 }),
    id: be32,
  },
  { packed: true },
)

/** Extension headers that a packet's transport may be behind (IANA; include/uapi/linux/in6.h, include/net/ipv6.h). */
export const ipv6Extensions = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  authentication: 51,
  destination: 60,
  mobility: 135,
  hip: 139,
  shim6: 140,
} as const
