// Another destination for TCP packets, with both checksums updated incrementally.
import {
  arrayMap,
  codecOf,
  ETH_P_IP,
  EthernetHeader,
  IPPROTO_TCP,
  struct,
  TC_ACT_OK,
  tc,
  u8,
  u16,
  u32,
} from 'tsbpf-lb/asm'
import { ethernet, ipv4, tcp, udp } from '../harness/packets.js'

/** Words as they are in memory: the checksum is the same in either byte order (RFC 1071). */
const Headers = struct(
  'ip_and_tcp',
  {
    versionAndLength: u8,
    tos: u8,
    totalLength: u16,
    id: u16,
    fragment: u16,
    ttl: u8,
    protocol: u8,
    ipChecksum: u16,
    source: u32,
    destination: u32,
    sourcePort: u16,
    destinationPort: u16,
    sequence: u32,
    acknowledgment: u32,
    dataOffset: u8,
    flags: u8,
    window: u16,
    tcpChecksum: u16,
    urgent: u16,
  },
  { packed: true },
)
const Target = struct('target', { address: u32, port: u16, reserved: u16 })
const target = arrayMap('rewrite_target', Target, { maxEntries: 1 })

/** The two halves of a word, added up. */
const halves = (word) => word.and(0xffff).add(word.shr(16))

/** RFC 1624: HC' = ~(~HC + ~m + m'). `difference` is the sum of all ~m and m'. */
function updated(checksum, difference) {
  const sum = checksum.xor(0xffff).add(difference)
  return halves(halves(sum)).xor(0xffff).toU16()
}

const spec = tc('checksum_rw', (b, skb) => {
  const packet = b.packet(skb)
  const ip = packet.header(Headers, { at: EthernetHeader.size, otherwise: TC_ACT_OK })
  const ethernet = packet.header(EthernetHeader, { at: 0, otherwise: TC_ACT_OK })
  b.if(ethernet.type.ne(ETH_P_IP), () => b.return(TC_ACT_OK))
  const plain = ip.versionAndLength.and(0x0f).eq(5).and(ip.protocol.eq(IPPROTO_TCP))
  b.if(plain.not(), () => b.return(TC_ACT_OK))

  const to = b.lookup(target, 0, { otherwise: TC_ACT_OK })
  const { address, port } = to
  const { destination: from, destinationPort: fromPort } = ip
  const addresses = halves(from.xor(0xffff_ffff)).add(halves(address))
  const ports = fromPort.xor(0xffff).add(port)
  b.assign(ip, {
    ipChecksum: updated(ip.ipChecksum, addresses),
    tcpChecksum: updated(ip.tcpChecksum, addresses.add(ports)),
    destination: address,
    destinationPort: port,
  })
  b.return(TC_ACT_OK)
})

export default {
  title: 'rewriting addresses with checksums',
  spec,
  prepare: (map) => {
    const target = Target.encode({ address: 0x0200000a, port: 0x901f, reserved: 0 })
    map('rewrite_target').set(codecOf(u32).encode(0), target)
  },
  inputs: [
    ipv4(6, tcp()),
    ipv4(6, tcp({ source: 1, destination: 65_535 }), { destination: 0xffffffff }),
    ipv4(6, tcp({ destination: 0 }), { destination: 0 }),
    ipv4(17, udp({ payload: new Uint8Array(20) })),
    ipv4(6, tcp(), { options: [1, 1, 1, 0] }),
    ethernet(0x86dd, new Uint8Array(60)),
  ],
}
