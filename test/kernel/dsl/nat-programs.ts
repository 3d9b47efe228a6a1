import type { ProgramBuilder } from '../../../src/asm/dsl/builder.ts'
import type { Ref } from '../../../src/asm/dsl/memory/reference.ts'
import type { ChecksumChange } from '../../../src/asm/dsl/packet/checksum-change.ts'
import type { Transports } from '../../../src/asm/dsl/packet/layers.ts'
import type { Packet } from '../../../src/asm/dsl/packet/packet.ts'
import { ETH_P_IP, TC_ACT_SHOT, TCX_NEXT } from '../../../src/asm/dsl/program/context.ts'
import { type BuiltProgram, tc } from '../../../src/asm/dsl/program/program.ts'
import type { be16 } from '../../../src/asm/layout/scalar.ts'
import { ethernetHeaderLength } from '../../../src/asm/packet/ethernet.ts'
import { IPPROTO_TCP, Ipv4Header } from '../../../src/asm/packet/ipv4.ts'
import { TcpHeader, UdpHeader } from '../../../src/asm/packet/transport.ts'

/** Where a service is, by both protocols. */
export interface Endpoint {
  readonly v4: number
  readonly v6: bigint
  readonly port: number
}

/**
 * Who keeps the transport's checksum right: the kernel's helpers; the program, taking it for a finished one; or the
 * program, taking it for the sum of the pseudo header.
 */
export type Way = 'helpers' | 'finished' | 'pseudo'

/** Translates the address and port on one side of TCP and UDP packets. */
export function nat(
  name: string,
  way: Way,
  side: 'source' | 'destination',
  from: Endpoint,
  to: Endpoint,
): BuiltProgram {
  return tc(name, (b, skb) => {
    const packet = b.packet(skb)
    b.if(skb.protocol.eq(ETH_P_IP), () => {
      const ip = packet.ipv4({ otherwise: TCX_NEXT })
      b.require(ip[side].eq(from.v4), { otherwise: TCX_NEXT })
      const addresses = b.checksumChange().replace(ip[side], to.v4)
      const write = (): void => {
        b.assign(ip, { [side]: to.v4 })
        if (way !== 'helpers') b.assign(ip, { checksum: addresses.apply(ip.checksum) })
      }
      transport(b, packet, ip, { way, side, from, to, addresses, write, ipv6: false })
    })
    const ip = packet.ipv6({ otherwise: TCX_NEXT })
    b.require(ip[side].eq(from.v6), { otherwise: TCX_NEXT })
    const addresses = b.checksumChange().replace(ip[side], to.v6)
    const write = (): void => b.assign(ip, { [side]: to.v6 })
    transport(b, packet, ip, { way, side, from, to, addresses, write, ipv6: true })
  })
}

/** What both transports have. */
type Common = {
  readonly source: typeof be16
  readonly destination: typeof be16
  readonly checksum: typeof be16
}

interface Translation {
  readonly way: Way
  readonly side: 'source' | 'destination'
  readonly from: Endpoint
  readonly to: Endpoint
  readonly addresses: ChecksumChange
  /** Writes the new address, once the packet is known to be one that is translated. */
  readonly write: () => void
  readonly ipv6: boolean
}

function transport(b: ProgramBuilder, packet: Packet, ip: Transports, how: Translation): void {
  const { way, side, from, to, addresses, write, ipv6 } = how
  for (const isTcp of [true, false]) {
    const rest = (): void => {
      const l4: Ref<Common, 'packet'> = isTcp ? ip.tcp() : ip.udp()
      b.require(l4[side].eq(from.port), { otherwise: TCX_NEXT })
      write()
      const ports = b.checksumChange().replace(l4[side], to.port)
      if (way === 'helpers') {
        b.assign(l4, { [side]: to.port })
        const { checksum } = (isTcp ? TcpHeader : UdpHeader).fields
        const common = { at: ip.end.add(checksum.offset), otherwise: TC_ACT_SHOT, zeroMeansNone: !isTcp }
        if (!ipv6)
          packet.updateIpChecksum({
            at: ethernetHeaderLength + Ipv4Header.fields.checksum.offset,
            change: addresses,
            otherwise: TC_ACT_SHOT,
          })
        packet.updateL4Checksum({ ...common, change: addresses, pseudoHeader: true })
        packet.updateL4Checksum({ ...common, change: ports })
      } else {
        const both = addresses.replace(l4[side], to.port)
        const checksum =
          way === 'pseudo'
            ? addresses.applyToPseudoHeaderSum(l4.checksum)
            : both.apply(l4.checksum, { zeroMeansNone: !isTcp })
        b.assign(l4, { [side]: to.port, checksum })
      }
      b.return(TCX_NEXT)
    }
    if (isTcp) b.if(ip.transport.eq(IPPROTO_TCP), rest)
    else rest()
  }
}
