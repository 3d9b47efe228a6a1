import { bits } from '../layout/bits.ts'
import { be16, be32, u8 } from '../layout/scalar.ts'
import { struct } from '../layout/struct.ts'

/** What TCP, UDP, SCTP and DCCP headers begin with. */
export const PortPair = struct('ports', { source: be16, destination: be16 }, { packed: true })

/** TCP header without options (RFC 9293 section 3.1). */
export const TcpHeader = struct(
  'tcphdr',
  {
    source: be16,
    destination: be16,
    sequence: be32,
    acknowledgment: be32,
    /** `words`: length of the header, options included, in units of 4 bytes; at least 5. */
    dataOffset: bits(u8, { words: 4, reserved: 4 }),
    flags: bits(u8, { cwr: 1, ece: 1, urg: 1, ack: 1, psh: 1, rst: 1, syn: 1, fin: 1 }),
    window: be16,
    checksum: be16,
    urgent: be16,
  },
  { packed: true },
)

/** Bits of {@link TcpHeader}'s `flags`, to test several at once. */
export const tcpFlags = {
  fin: 0x01,
  syn: 0x02,
  rst: 0x04,
  psh: 0x08,
  ack: 0x10,
  urg: 0x20,
  ece: 0x40,
  cwr: 0x80,
} as const

/** UDP header (RFC 768). */
export const UdpHeader = struct(
  'udphdr',
  {
    source: be16,
    destination: be16,
    /** Bytes, this header included. */
    length: be16,
    /** 0: none (over IPv4; over IPv6 only in tunnels). */
    checksum: be16,
  },
  { packed: true },
)
