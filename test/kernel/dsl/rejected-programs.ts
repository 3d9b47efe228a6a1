import { TC_ACT_SHOT, TCX_NEXT } from '../../../src/asm/dsl/program/context.ts'
import { tc } from '../../../src/asm/dsl/program/program.ts'
import { u64 } from '../../../src/asm/layout/scalar.ts'
import { UdpHeader } from '../../../src/asm/packet/transport.ts'

// Mistakes that only the verifier sees. Lines and columns are part of what the test expects.

export const unboundedOffset = () =>
  tc('unbounded', (b, skb) => {
    const place = skb.len.sub(20)
    const udp = b.packet(skb).header(UdpHeader, { at: place, otherwise: TCX_NEXT })
    b.if(udp.destination.eq(53), () => b.return(TC_ACT_SHOT))
    b.return(TCX_NEXT)
  })

export const longLoop = () =>
  tc(
    'long_loop',
    (b, skb) => {
      const sum = b.variable(u64, skb.len.toU64())
      b.for({ from: 0, to: skb.len, max: 8_500 }, (i) => {
        sum.set(sum.get().add(i.toU64()))
      })
      b.return(sum.get().toU32())
    },
    { kernel: { bpfLoop: false } },
  )
