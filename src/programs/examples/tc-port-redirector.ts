import { ETH_P_IP, TC_ACT_SHOT, TCX_NEXT } from '../../asm/dsl/program/context.ts'
import { type BuiltProgram, tc } from '../../asm/dsl/program/program.ts'
import { ethernetHeaderLength, IPPROTO_TCP, Ipv4Header, TcpHeader } from '../../asm/packet/headers.ts'

/** Bytes in front of the TCP header when the IPv4 header has no options, and of its checksum. */
const tcpAt = ethernetHeaderLength + Ipv4Header.size
const checksumAt = tcpAt + TcpHeader.fields.checksum.offset

/**
 * Makes a TCP port answer under another number: on the way in, packets for `from` go to `to`; on the way out, answers
 * from `to` come from `from`. Attach one for each direction.
 */
export function tcPortRedirector(direction: 'ingress' | 'egress', from: number, to: number): BuiltProgram {
  const field = direction === 'ingress' ? 'destination' : 'source'
  const [old, fresh] = direction === 'ingress' ? [from, to] : [to, from]
  return tc(`port_${direction}`, (b, skb) => {
    b.if(skb.protocol.ne(ETH_P_IP), () => b.return(TCX_NEXT))
    const packet = b.packet(skb)
    packet.require(tcpAt + TcpHeader.size, { otherwise: TCX_NEXT })
    const ip = packet.header(Ipv4Header, { at: ethernetHeaderLength, otherwise: TCX_NEXT })
    b.if(ip.versionAndLength.ne(0x45).or(ip.protocol.ne(IPPROTO_TCP)), () => b.return(TCX_NEXT))
    const tcp = packet.header(TcpHeader, { at: tcpAt, otherwise: TCX_NEXT })
    b.if(tcp[field].ne(old), () => b.return(TCX_NEXT))
    b.assign(tcp, { [field]: fresh })
    const change = { skb, offset: checksumAt, from: swapped(old), to: swapped(fresh), flags: 2 }
    b.if(b.helpers.l4_csum_replace(change).ne(0), () => b.return(TC_ACT_SHOT))
    b.return(TCX_NEXT)
  })
}

/** A port as the bytes of the packet are, read as a little-endian number: what the checksum helper takes. */
function swapped(port: number): number {
  return ((port & 0xff) << 8) | (port >> 8)
}
