// The echo service (RFC 862) in XDP: through VLAN tags, over IPv4 and IPv6, back to where the packet came from.
import {
  array,
  be16,
  ETH_P_8021AD,
  ETH_P_8021Q,
  ETH_P_IP,
  ETH_P_IPV6,
  IPPROTO_UDP,
  Ipv4Header,
  Ipv6Header,
  struct,
  UdpHeader,
  u16,
  u32,
  VlanTag,
  XDP_DROP,
  XDP_PASS,
  XDP_TX,
  xdp,
} from 'tsbpf-lb/asm'
import { concat, ethernet, ipv4, ipv6, tcp, udp } from '../harness/packets.js'

const echo = 7
const maxTags = 2

/** Ethernet II, in words of the alignment that it has. */
const Frame = struct('frame', { destination: array(u16, 3), source: array(u16, 3), type: be16 })
const Ipv4AndUdp = struct('ipv4_udp', { ip: Ipv4Header, udp: UdpHeader }, { packed: true })
const Ipv6AndUdp = struct('ipv6_udp', { ip: Ipv6Header, udp: UdpHeader }, { packed: true })

const spec = xdp('xdp_reflect', (b, ctx) => {
  const packet = b.packet(ctx)
  const frame = packet.header(Frame, { at: 0, otherwise: XDP_DROP })
  const type = b.variable(be16, frame.type)
  const at = b.variable(u32, Frame.size)
  b.for(maxTags, () => {
    b.if(type.get().ne(ETH_P_8021Q).and(type.get().ne(ETH_P_8021AD)), () => b.break())
    const tag = packet.header(VlanTag, { at: at.get(), otherwise: XDP_DROP })
    type.set(tag.type)
    at.set(at.get().add(VlanTag.size))
  })

  b.if(type.get().eq(ETH_P_IP), () => {
    const { ip, udp } = packet.header(Ipv4AndUdp, { at: at.get(), otherwise: XDP_PASS })
    b.if(ip.versionAndLength.words.ne(5), () => b.return(XDP_PASS))
    reflect(b, frame, ip, ip.protocol, udp)
  })
  b.if(type.get().eq(ETH_P_IPV6), () => {
    const { ip, udp } = packet.header(Ipv6AndUdp, { at: at.get(), otherwise: XDP_PASS })
    reflect(b, frame, ip, ip.nextHeader, udp)
  })
  b.return(XDP_PASS)
})

function reflect(b, frame, ip, protocol, udp) {
  b.if(protocol.ne(IPPROTO_UDP), () => b.return(XDP_PASS))
  b.if(udp.source.ne(echo).and(udp.destination.ne(echo)), () => b.return(XDP_PASS))
  for (const header of [ip, udp]) b.assign(header, { source: header.destination, destination: header.source })
  const words = (array) => Array.from({ length: array.length }, (_, i) => array.at(i))
  b.assign(frame, { source: words(frame.destination), destination: words(frame.source) })
  b.return(XDP_TX)
}

const tagged = (packet, ...types) => {
  const tags = types.flatMap((type, i) => [type >> 8, type & 0xff, 0, i + 1])
  return concat(packet.subarray(0, 12), tags, packet.subarray(12))
}
const echoed = udp({ destination: echo, payload: [1, 2, 3, 4] })

export default {
  title: 'echo in XDP, through VLAN tags',
  spec,
  inputs: [
    tagged(ipv4(17, echoed), ETH_P_8021Q),
    ipv4(17, echoed),
    ipv6(17, echoed),
    tagged(ipv6(17, echoed), ETH_P_8021AD, ETH_P_8021Q),
    tagged(ipv4(17, echoed), ETH_P_8021AD, ETH_P_8021Q, ETH_P_8021Q),
    ipv4(17, udp({ source: echo })),
    ipv4(17, udp({ destination: 53 })),
    ipv4(17, echoed, { options: [1, 1, 1, 0] }),
    ipv4(6, tcp({ destination: echo })),
    ipv6(6, tcp({ destination: echo })),
    ethernet(0x0806, new Uint8Array(46)),
  ],
}
