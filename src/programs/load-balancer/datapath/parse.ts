import type { ProgramBuilder } from '../../../asm/dsl/builder.ts'
import type { Condition } from '../../../asm/dsl/core/condition.ts'
import type { Int, Net } from '../../../asm/dsl/core/values.ts'
import { ETH_P_IP, type SkbContext, TCX_NEXT } from '../../../asm/dsl/program/context.ts'
import { u8 } from '../../../asm/layout/scalar.ts'
import { IPPROTO_TCP, IPPROTO_UDP, Ipv4Header } from '../../../asm/packet/ipv4.ts'
import { PortPair, TcpHeader, tcpFlags, UdpHeader } from '../../../asm/packet/transport.ts'

/** The packet's five-tuple, and whether it opens a TCP connection. */
export interface Flow {
  readonly source: Net<'be32'>
  readonly destination: Net<'be32'>
  readonly sourcePort: Net<'be16'>
  readonly destinationPort: Net<'be16'>
  readonly protocol: Int<'u8'>
  readonly opensConnection: () => Condition
}

/**
 * Reads the flow of a TCP or UDP packet over IPv4. Everything else leaves the program here, untouched: other
 * protocols, later fragments (netfilter reassembles and translates them), packets of a VLAN (they come again on
 * the VLAN's own interface).
 */
export function parseFlow(b: ProgramBuilder, skb: SkbContext, linkHeader: number): Flow {
  b.if(skb.protocol.ne(ETH_P_IP).or(skb.vlanPresent.ne(0)), () => b.return(TCX_NEXT))
  const packet = b.packet(skb)
  const ip = packet.header(Ipv4Header, { at: linkHeader, pull: true, keep: false, otherwise: TCX_NEXT })
  const { protocol, source, destination } = ip
  const transport = ip.versionAndLength.words.shl(2).add(linkHeader)

  const isTransport = protocol.eq(IPPROTO_TCP).or(protocol.eq(IPPROTO_UDP))
  b.if(isTransport.not().or(ip.fragment.offset.ne(0)), () => b.return(TCX_NEXT))

  const flags = b.variable(u8, 0)
  b.if(
    protocol.eq(IPPROTO_TCP),
    () => {
      packet.require(transport.add(TcpHeader.size), { otherwise: TCX_NEXT })
      flags.set(packet.header(TcpHeader, { at: transport, keep: false, otherwise: TCX_NEXT }).flags)
    },
    () => packet.require(transport.add(UdpHeader.size), { otherwise: TCX_NEXT }),
  )
  const ports = packet.header(PortPair, { at: transport, otherwise: TCX_NEXT })
  const opening = flags.get().and(tcpFlags.syn | tcpFlags.ack | tcpFlags.rst | tcpFlags.fin)
  return {
    source,
    destination,
    sourcePort: ports.source,
    destinationPort: ports.destination,
    protocol,
    opensConnection: () => opening.eq(tcpFlags.syn),
  }
}
