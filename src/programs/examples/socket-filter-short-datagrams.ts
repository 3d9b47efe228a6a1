import { array } from '../../asm/dsl/map/definition.ts'
import { socketFilter } from '../../asm/dsl/program/socket-filter.ts'
import { u64 } from '../../asm/layout/scalar.ts'
import { struct } from '../../asm/layout/struct.ts'
import { UdpHeader } from '../../asm/packet/transport.ts'

/** What the filter has done. */
export const datagrams = array('datagrams', struct('datagrams', { passed: u64, dropped: u64 }), {
  maxEntries: 1,
})

/** The longest payload that gets through, in bytes. */
export const longestDatagram = 100

/** Lets a UDP socket receive short datagrams only. */
export const socketFilterShortDatagrams = socketFilter('short_datagrams', (b, skb) => {
  // A UDP socket's packets begin at the UDP header.
  const udp = b.stack(UdpHeader)
  b.if(b.helpers.skb_load_bytes({ skb, offset: 0, to: udp }).ne(0), () => b.return(0))
  const count = b.lookup(datagrams, 0, { otherwise: 0 })
  b.if(udp.length.toHost().gt(longestDatagram + UdpHeader.size), () => {
    b.atomicAdd(count, { dropped: 1 })
    b.return(0)
  })
  b.atomicAdd(count, { passed: 1 })
  b.return(skb.len)
})
