// A backend for a flow by Maglev hashing: the service, its place in the table, the backend.
import {
  arrayMap,
  be16,
  be32,
  codecOf,
  ETH_P_IP,
  EthernetHeader,
  hashMap,
  IPPROTO_TCP,
  IPPROTO_UDP,
  struct,
  TC_ACT_OK,
  TC_ACT_SHOT,
  tc,
  u8,
  u16,
  u32,
  u64,
} from 'tsbpf-lb/asm'
import { ethernet, ipv4, tcp, udp } from '../harness/packets.js'
import { jhash3Words } from './jhash.js'

const tableSize = 65_537

/** The source address and port as they are in memory: a hash does not ask for their order. */
const Header = struct(
  'ip_and_ports',
  {
    versionAndLength: u8,
    tos: u8,
    totalLength: be16,
    id: be16,
    fragment: be16,
    ttl: u8,
    protocol: u8,
    checksum: u16,
    source: u32,
    destination: be32,
    sourcePort: u16,
    destinationPort: be16,
  },
  { packed: true },
)

const VipKey = struct('vip_key', { address: be32, port: be16, protocol: u8, reserved: u8 })
const Vip = struct('vip', { table: u32, seed: u32 })
const Place = struct('place', { backend: u32 })
const Backend = struct('backend', { address: be32, ifindex: u32, packets: u64 })

const vips = hashMap('maglev_vips', VipKey, Vip, { maxEntries: 16 })
const table = arrayMap('maglev_table', Place, { maxEntries: 2 * tableSize })
const backends = arrayMap('maglev_backends', Backend, { maxEntries: 16 })

const spec = tc('maglev', (b, skb) => {
  const packet = b.packet(skb)
  const ip = packet.header(Header, { at: EthernetHeader.size, otherwise: TC_ACT_OK })
  const ethernet = packet.header(EthernetHeader, { at: 0, otherwise: TC_ACT_OK })
  b.if(ethernet.type.ne(ETH_P_IP), () => b.return(TC_ACT_OK))
  b.if(ip.versionAndLength.and(0x0f).ne(5), () => b.return(TC_ACT_OK))
  b.if(ip.protocol.ne(IPPROTO_TCP).and(ip.protocol.ne(IPPROTO_UDP)), () => b.return(TC_ACT_OK))

  const key = { address: ip.destination, port: ip.destinationPort, protocol: ip.protocol }
  const vip = b.lookup(vips, key, { otherwise: TC_ACT_OK })
  const hash = jhash3Words(ip.source, ip.sourcePort, ip.protocol, vip.seed)
  const place = vip.table.mul(tableSize).add(hash.mod(tableSize))
  const { backend: index } = b.lookup(table, place, { otherwise: TC_ACT_SHOT })
  const backend = b.lookup(backends, index, { otherwise: TC_ACT_SHOT })
  b.atomicAdd(backend, { packets: 1 })
  b.assign(skb, { mark: backend.address.toHost() })
  b.return(TC_ACT_OK)
})

const vip = 0x0a000001
const number = codecOf(u32).encode

function prepare(map) {
  for (const protocol of [6, 17]) {
    const service = { address: vip, port: 80, protocol, reserved: 0 }
    map('maglev_vips').set(VipKey.encode(service), Vip.encode({ table: 1, seed: 0x5eed }))
  }
  const places = Array.from({ length: tableSize }, (_, i) => [number(tableSize + i), number((i * 7) % 13)])
  map('maglev_table').setAll(places)
  for (let i = 0; i < 13; i++)
    map('maglev_backends').set(
      number(i),
      Backend.encode({ address: 0x0a010000 + i, ifindex: i, packets: 0n }),
    )
}

const to = (destination) => ({ source: 0xc0a80007, destination })

const overTcp = ipv4(6, tcp(), to(vip))
const overUdp = ipv4(17, udp({ destination: 80 }), to(vip))

export default {
  title: 'Maglev hashing',
  spec,
  prepare,
  measured: [overTcp, overUdp],
  inputs: [
    overTcp,
    ...Array.from({ length: 12 }, (_, i) => ipv4(6, tcp({ source: 1000 + i * 17 }), to(vip))),
    ipv4(6, tcp({ destination: 81 }), to(vip)),
    overUdp,
    ipv4(17, udp({ destination: 81 }), to(vip)),
    ipv4(1, [8, 0, 0, 0, 0, 0, 0, 0], to(vip)),
    ipv4(6, tcp(), { ...to(vip), options: [1, 1, 1, 0] }),
    ethernet(0x86dd, new Uint8Array(60)),
  ],
}
