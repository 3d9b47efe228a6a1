import { TC_ACT_SHOT, TCX_NEXT } from '../../asm/dsl/program/context.ts'
import { type BuiltProgram, tc } from '../../asm/dsl/program/program.ts'
import { TcpHeader } from '../../asm/packet/transport.ts'

/**
 * Makes a TCP port answer under another number: on the way in, packets for `from` go to `to`; on the way out, answers
 * from `to` come from `from`. Attach one for each direction.
 */
export function tcPortRedirector(direction: 'ingress' | 'egress', from: number, to: number): BuiltProgram {
  const field = direction === 'ingress' ? 'destination' : 'source'
  const [old, fresh] = direction === 'ingress' ? [from, to] : [to, from]
  return tc(`port_${direction}`, (b, skb) => {
    const packet = b.packet(skb)
    const ip = packet.ipv4({ otherwise: TCX_NEXT })
    const tcp = ip.tcp()
    b.if(tcp[field].ne(old), () => b.return(TCX_NEXT))
    const change = b.checksumChange().replace(tcp[field], fresh)
    b.assign(tcp, { [field]: fresh })
    const at = ip.end.add(TcpHeader.fields.checksum.offset)
    packet.updateL4Checksum({ at, change, otherwise: TC_ACT_SHOT })
    b.return(TCX_NEXT)
  })
}
