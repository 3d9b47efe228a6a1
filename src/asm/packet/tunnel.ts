import { bits } from '../layout/bits.ts'
import { be16, be32 } from '../layout/scalar.ts'
import { struct } from '../layout/struct.ts'

/** GRE header without the optional fields that its flags announce (RFC 2784, RFC 2890). */
export const GreHeader = struct(
  'gre_base_hdr',
  {
    flags: bits(be16, { checksum: 1, routing: 1, key: 1, sequence: 1, reserved: 9, version: 3 }),
    /** What comes next: `ETH_P_*`. */
    protocol: be16,
  },
  { packed: true },
)

/** VXLAN header (RFC 7348 section 5), behind a UDP header to port 4789; an Ethernet header comes next. */
export const VxlanHeader = struct(
  'vxlanhdr',
  {
    flags: bits(be32, { reserved: 4, hasVni: 1, reservedToo: 27 }),
    network: bits(be32, { vni: 24, reserved: 8 }),
  },
  { packed: true },
)

/** UDP port of VXLAN (IANA). */
export const vxlanPort = 4789
