import { array } from '../../asm/dsl/map/definition.ts'
import { XDP_PASS, xdp } from '../../asm/dsl/program/xdp.ts'
import { u64 } from '../../asm/layout/scalar.ts'
import { struct } from '../../asm/layout/struct.ts'

/** Packets by the number of their transport protocol: 1 ICMP, 6 TCP, 17 UDP. */
export const packetsByProtocol = array('by_protocol', struct('packets', { packets: u64 }), {
  maxEntries: 256,
})

/** Counts the IPv4 packets that an interface receives. */
export const xdpPacketCounter = xdp('xdp_counter', (b, ctx) => {
  const ip = b.packet(ctx).ipv4({ otherwise: XDP_PASS })
  const seen = b.lookup(packetsByProtocol, ip.protocol.toU32(), { otherwise: XDP_PASS })
  b.atomicAdd(seen, { packets: 1 })
  b.return(XDP_PASS)
})
