import type { ValueOf } from '../../../../src/asm/layout/struct.ts'
import { ethernetHeaderLength } from '../../../../src/asm/packet/ethernet.ts'
import { IPPROTO_TCP, Ipv4Header } from '../../../../src/asm/packet/ipv4.ts'
import { TcpHeader, tcpFlags, UdpHeader } from '../../../../src/asm/packet/transport.ts'

/** A packet to be made; what is left out is a plain TCP segment from a client to the service. */
export interface PacketSpec {
  readonly protocol?: number
  readonly source?: number
  readonly destination?: number
  readonly sourcePort?: number
  readonly destinationPort?: number
  readonly flags?: number
  /** Words of 32 bits of IP options. */
  readonly options?: number
  /** The fragment field: flags and offset. */
  readonly fragment?: number
  readonly ethertype?: number
  readonly linkHeader?: number
  readonly payload?: number
}

export const client = 0xc0a80105
export const virtualAddress = 0x0a000001
export const servicePort = 80

/** Builds a packet from its link header on. Checksums are left 0: the data path does not look at them. */
export function packetOf(spec: PacketSpec = {}): Uint8Array {
  const { protocol = IPPROTO_TCP, options = 0, payload = 8, linkHeader = ethernetHeaderLength } = spec
  const ports = {
    source: spec.sourcePort ?? 40000,
    destination: spec.destinationPort ?? servicePort,
  }
  const transport =
    protocol === IPPROTO_TCP
      ? TcpHeader.encode({
          ...ports,
          sequence: 1,
          acknowledgment: 0,
          dataOffset: { words: 5, reserved: 0 },
          flags: flagsOf(spec.flags ?? tcpFlags.ack),
          window: 1000,
          checksum: 0,
          urgent: 0,
        })
      : UdpHeader.encode({ ...ports, length: UdpHeader.size + payload, checksum: 0 })
  const ipLength = Ipv4Header.size + options * 4
  const fragmentBytes = new Uint8Array(Ipv4Header.size)
  new DataView(fragmentBytes.buffer).setUint16(Ipv4Header.fields.fragment.offset, spec.fragment ?? 0x4000)
  const ip = Ipv4Header.encode({
    versionAndLength: { version: 4, words: 5 + options },
    tos: { dscp: 0, ecn: 0 },
    totalLength: ipLength + transport.byteLength + payload,
    id: 1,
    fragment: Ipv4Header.decode(fragmentBytes).fragment,
    ttl: 64,
    protocol,
    checksum: 0,
    source: spec.source ?? client,
    destination: spec.destination ?? virtualAddress,
  })
  const packet = new Uint8Array(linkHeader + ipLength + transport.byteLength + payload)
  if (linkHeader >= 14) {
    const ethertype = spec.ethertype ?? 0x0800
    packet.set([ethertype >> 8, ethertype & 0xff], 12)
  }
  packet.set(ip, linkHeader)
  packet.set(transport, linkHeader + ipLength)
  return packet
}

function flagsOf(byte: number): ValueOf<typeof TcpHeader>['flags'] {
  const header = new Uint8Array(TcpHeader.size)
  header[TcpHeader.fields.flags.offset] = byte
  return TcpHeader.decode(header).flags
}
