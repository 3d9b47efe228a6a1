// A hash over a packet's five-tuple, put into its mark.
import {
  ETH_P_IP,
  EthernetHeader,
  IPPROTO_TCP,
  IPPROTO_UDP,
  struct,
  TC_ACT_OK,
  TC_ACT_SHOT,
  tc,
  u8,
  u16,
  u32,
} from 'tsbpf-lb/asm'
import { ethernet, ipv4, tcp, udp } from '../harness/packets.js'
import { jhash3Words } from './jhash.js'

/** Addresses and ports as they are in memory: a hash does not ask for their order. */
const Addresses = struct(
  'ip_addresses',
  {
    versionAndLength: u8,
    tos: u8,
    totalLength: u16,
    id: u16,
    fragment: u16,
    ttl: u8,
    protocol: u8,
    checksum: u16,
    source: u32,
    destination: u32,
  },
  { packed: true },
)
const Ports = struct('ip_ports', { pair: u32 }, { packed: true })

const spec = tc('five_tuple_hash', (b, skb) => {
  const packet = b.packet(skb)
  const ip = packet.header(Addresses, { at: EthernetHeader.size, otherwise: TC_ACT_OK })
  const ethernet = packet.header(EthernetHeader, { at: 0, otherwise: TC_ACT_OK })
  b.if(ethernet.type.ne(ETH_P_IP), () => b.return(TC_ACT_OK))

  const ports = b.variable(u32, 0)
  b.if(ip.protocol.eq(IPPROTO_TCP).or(ip.protocol.eq(IPPROTO_UDP)), () => {
    b.if(ip.versionAndLength.and(0x0f).ne(5), () => b.return(TC_ACT_OK))
    const at = EthernetHeader.size + Addresses.size
    ports.set(packet.header(Ports, { at, otherwise: TC_ACT_SHOT }).pair)
  })
  const hash = jhash3Words(ip.source, ip.destination, ports.get(), ip.protocol)
  b.assign(skb, { mark: hash })
  b.if(hash.has(1), () => b.return(TC_ACT_SHOT))
  b.return(TC_ACT_OK)
})

const flows = Array.from({ length: 12 }, (_, i) => ({ source: 0x0a000001 + i * 7, destination: 0xc0a80001 }))

export default {
  title: 'hash of the five-tuple (jhash)',
  spec,
  inputs: [
    ...flows.map((flow, i) => ipv4(6, tcp({ source: 1000 + i }), flow)),
    ...flows.map((flow, i) => ipv4(17, udp({ source: 2000 + i }), flow)),
    ipv4(1, [8, 0, 0, 0, 0, 0, 0, 0]),
    ipv4(6, tcp(), { options: [1, 1, 1, 0] }),
    ethernet(0x86dd, new Uint8Array(60)),
  ],
}
