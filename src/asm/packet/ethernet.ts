import { bits } from '../layout/bits.ts'
import { bytes } from '../layout/bytes.ts'
import { be16, be32, u8 } from '../layout/scalar.ts'
import { struct } from '../layout/struct.ts'

/** Ethernet header length in bytes (ETH_HLEN, include/uapi/linux/if_ether.h). */
export const ethernetHeaderLength = 14

/** Ethernet header (IEEE 802.3 section 3.1.1). */
export const EthernetHeader = struct(
  'ethhdr',
  {
    destination: bytes(6),
    source: bytes(6),
    /** What comes next: `ETH_P_*`. */
    type: be16,
  },
  { packed: true },
)

/** A VLAN tag behind the addresses (IEEE 802.1Q section 9.6): what stands in the packet after the type 0x8100. */
export const VlanTag = struct(
  'vlan_hdr',
  {
    control: bits(be16, { priority: 3, dropEligible: 1, id: 12 }),
    /** What comes next: `ETH_P_*`. */
    type: be16,
  },
  { packed: true },
)

/** ARP for IPv4 over Ethernet (RFC 826). */
export const ArpHeader = struct(
  'arphdr',
  {
    hardwareType: be16,
    protocolType: be16,
    hardwareLength: u8,
    protocolLength: u8,
    /** 1: request, 2: reply. */
    operation: be16,
    senderHardware: bytes(6),
    senderProtocol: be32,
    targetHardware: bytes(6),
    targetProtocol: be32,
  },
  { packed: true },
)

/** Ethertypes (include/uapi/linux/if_ether.h). */
export const ETH_P_ARP = 0x0806
/** Ethertype of a VLAN tag. */
export const ETH_P_8021Q = 0x8100
/** Ethertype of an outer VLAN tag (802.1ad, QinQ). */
export const ETH_P_8021AD = 0x88a8
