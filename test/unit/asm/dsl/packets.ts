import { EthernetHeader, VlanTag } from '../../../../src/asm/packet/ethernet.ts'
import { IPPROTO_TCP } from '../../../../src/asm/packet/ipv4.ts'
import { Ipv6Header } from '../../../../src/asm/packet/ipv6.ts'
import { TcpHeader, UdpHeader } from '../../../../src/asm/packet/transport.ts'

const join = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(parts.flatMap((part) => [...part]))

/** A frame with this payload. */
export function ethernet(type: number, payload: Uint8Array): Uint8Array {
  const [destination, source] = [new Uint8Array(6).fill(2), new Uint8Array(6).fill(4)]
  return join(EthernetHeader.encode({ destination, source, type }), payload)
}

/** A VLAN tag, behind the ethertype that announces it. */
export function vlanTag(id: number, type: number, payload: Uint8Array): Uint8Array {
  return join(VlanTag.encode({ control: { priority: 0, dropEligible: 0, id }, type }), payload)
}

/** An IPv4 packet; `options` are words of 4 bytes, `words` is what the header says of its length. */
export function ipv4(
  spec: {
    readonly protocol: number
    readonly options?: number
    readonly fragment?: number
    readonly version?: number
    readonly words?: number
  },
  payload: Uint8Array,
): Uint8Array {
  const header = new Uint8Array(20 + (spec.options ?? 0) * 4).fill(1, 20)
  const view = new DataView(header.buffer)
  header[0] = ((spec.version ?? 4) << 4) | (spec.words ?? 5 + (spec.options ?? 0))
  view.setUint16(2, header.length + payload.length)
  view.setUint16(6, spec.fragment ?? 0x4000)
  header[8] = 64
  header[9] = spec.protocol
  view.setUint32(12, 0x0a000001)
  view.setUint32(16, 0x0a000002)
  return join(header, payload)
}

/** An extension header; `units` is its length field. */
export function extensionHeader(kind: number, next: number, units: number): Uint8Array {
  const size = kind === 44 ? 8 : kind === 51 ? (units + 2) * 4 : (units + 1) * 8
  const header = new Uint8Array(size)
  header[0] = next
  // The fragment header has a reserved byte there; what it says must not matter.
  header[1] = kind === 44 ? 0xff : units
  return header
}

/** An IPv6 packet from fd00::2 to ::1. */
export function ipv6(
  protocol: number,
  extensions: readonly { readonly kind: number; readonly units: number }[],
  payload: Uint8Array,
): Uint8Array {
  const headers = extensions.map(({ kind, units }, i) =>
    extensionHeader(kind, extensions[i + 1]?.kind ?? protocol, units),
  )
  const behind = join(...headers, payload)
  const header = Ipv6Header.encode({
    start: { version: 6, trafficClass: 0, flowLabel: 0x12345 },
    payloadLength: behind.length,
    nextHeader: extensions[0]?.kind ?? protocol,
    hopLimit: 64,
    source: (0xfd00n << 112n) | 2n,
    destination: 1n,
  })
  return join(header, behind)
}

/** A TCP or UDP header without payload. */
export function ports(protocol: number, source: number, destination: number): Uint8Array {
  if (protocol !== IPPROTO_TCP) return UdpHeader.encode({ source, destination, length: 8, checksum: 0 })
  const header = TcpHeader.decode(new Uint8Array(TcpHeader.size))
  return TcpHeader.encode({ ...header, source, destination, dataOffset: { words: 5, reserved: 0 } })
}
