import { be16, be32, u8 } from '../layout/scalar.ts'
import { struct } from '../layout/struct.ts'

/** Ethernet header length in bytes (ETH_HLEN, include/uapi/linux/if_ether.h). */
export const ethernetHeaderLength = 14

/** IPv4 header without options (RFC 791 section 3.1). */
export const Ipv4Header = struct(
  'iphdr',
  {
    /** Version in the high 4 bits, header length in 32-bit words in the low 4. */
    versionAndLength: u8,
    tos: u8,
    totalLength: be16,
    id: be16,
    /** Flags in the high 3 bits, fragment offset in units of 8 bytes in the low 13. */
    fragment: be16,
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

/** What TCP and UDP headers begin with. */
export const PortPair = struct('ports', { source: be16, destination: be16 }, { packed: true })

/** TCP header without options (RFC 9293 section 3.1). */
export const TcpHeader = struct(
  'tcphdr',
  {
    source: be16,
    destination: be16,
    sequence: be32,
    acknowledgment: be32,
    /** Header length in 32-bit words in the high 4 bits. */
    dataOffset: u8,
    flags: u8,
    window: be16,
    checksum: be16,
    urgent: be16,
  },
  { packed: true },
)

/** Bits of {@link TcpHeader}'s `flags`. */
export const tcpFlags = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10, urg: 0x20 } as const

/** UDP header (RFC 768). */
export const UdpHeader = struct(
  'udphdr',
  { source: be16, destination: be16, length: be16, checksum: be16 },
  { packed: true },
)

/** Protocol numbers of the IPv4 header (IANA; include/uapi/linux/in.h). */
export const IPPROTO_TCP = 6
export const IPPROTO_UDP = 17
