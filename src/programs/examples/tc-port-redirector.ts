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
    const ip = b.packet(skb).ipv4({ otherwise: TCX_NEXT })
    const tcp = ip.tcp()
    b.if(tcp[field].ne(old), () => b.return(TCX_NEXT))
    b.assign(tcp, { [field]: fresh })
    const offset = ip.end.add(TcpHeader.fields.checksum.offset)
    const change = { skb, offset, from: swapped(old), to: swapped(fresh), flags: 2 }
    b.if(b.helpers.l4_csum_replace(change).ne(0), () => b.return(TC_ACT_SHOT))
    b.return(TCX_NEXT)
  })
}

/** A port as the bytes of the packet are, read as a little-endian number: what the checksum helper takes. */
function swapped(port: number): number {
  return ((port & 0xff) << 8) | (port >> 8)
}
