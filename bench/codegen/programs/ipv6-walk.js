// The ports behind IPv6's extension headers.
import {
  be16,
  ETH_P_IPV6,
  EthernetHeader,
  IPPROTO_TCP,
  IPPROTO_UDP,
  Ipv6Header,
  ipv6Extensions,
  PortPair,
  struct,
  TC_ACT_OK,
  TC_ACT_SHOT,
  tc,
  u8,
  u32,
} from 'tsbpf-lb/asm'
import { concat, ethernet, ipv6, tcp, udp } from '../harness/packets.js'

const { hopByHop, routing, fragment, authentication, destination } = ipv6Extensions
const noNext = 59
const maxHeaders = 8

const Extension = struct(
  'extension',
  { nextHeader: u8, length: u8, offset: be16, rest: u32 },
  { packed: true },
)

const spec = tc('ipv6_walk', (b, skb) => {
  const packet = b.packet(skb)
  const ip = packet.header(Ipv6Header, { at: EthernetHeader.size, otherwise: TC_ACT_OK })
  const ethernet = packet.header(EthernetHeader, { at: 0, otherwise: TC_ACT_OK })
  b.if(ethernet.type.ne(ETH_P_IPV6), () => b.return(TC_ACT_OK))

  const next = b.variable(u32, ip.nextHeader)
  const at = b.variable(u32, EthernetHeader.size + Ipv6Header.size)
  b.for(maxHeaders, () => {
    const [type, here] = [next.get(), at.get()]
    const extension = (advance) => () => {
      const header = packet.header(Extension, { at: here, otherwise: TC_ACT_SHOT })
      at.set(here.add(advance(header)))
      next.set(header.nextHeader)
    }
    b.switch(
      type,
      [
        [
          [IPPROTO_TCP, IPPROTO_UDP],
          () => {
            const ports = packet.header(PortPair, { at: here, otherwise: TC_ACT_SHOT })
            b.assign(skb, { mark: type.shl(16).or(ports.destination.toHost()) })
            b.return(TC_ACT_OK)
          },
        ],
        [
          fragment,
          extension(({ offset }) => {
            // Only the first fragment has ports.
            b.if(offset.has(0xfff8), () => b.return(TC_ACT_OK))
            return 8
          }),
        ],
        [authentication, extension(({ length }) => length.add(2).mul(4))],
        [[hopByHop, routing, destination], extension(({ length }) => length.add(1).mul(8))],
      ],
      () => b.return(TC_ACT_OK),
    )
  })
  b.return(TC_ACT_SHOT)
})

/** Bytes of an extension header, which says its length in units of 8 bytes beyond the first 8. */
const extension = (next, length = 0) => [next, length, ...new Array(6 + length * 8).fill(0)]
const ah = (next) => [next, 4, ...new Array(22).fill(0)]
const fragmentHeader = (next, offset) => [next, 0, offset >> 8, offset & 0xff, 0, 0, 0, 1]
const packet = (first, ...parts) => ipv6(first, concat(...parts))

export default {
  title: 'IPv6 extension headers, in a loop',
  spec,
  inputs: [
    packet(hopByHop, extension(destination), extension(routing, 2), extension(6, 1), tcp()),
    packet(6, tcp()),
    packet(17, udp()),
    packet(authentication, ah(fragment), fragmentHeader(6, 1), tcp()),
    packet(fragment, fragmentHeader(17, 0x0100), udp()),
    packet(hopByHop, extension(noNext)),
    packet(hopByHop, ...Array.from({ length: 8 }, () => extension(hopByHop)), extension(6), tcp()),
    packet(hopByHop, extension(6, 200)),
    ethernet(0x0800, new Uint8Array(60)),
  ],
}
