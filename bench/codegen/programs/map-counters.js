// IPv4 traffic in total, atomically, and for each protocol, on each CPU.
import {
  arrayMap,
  ETH_P_IP,
  EthernetHeader,
  Ipv4Header,
  perCpuArrayMap,
  struct,
  TC_ACT_OK,
  tc,
  u64,
} from 'tsbpf-lb/asm'
import { ethernet, ipv4, tcp, udp } from '../harness/packets.js'

const Counter = struct('counter', { packets: u64, bytes: u64 })
const byProtocol = perCpuArrayMap('by_protocol', Counter, { maxEntries: 256 })
const total = arrayMap('total', Counter, { maxEntries: 1 })

const spec = tc('map_counters', (b, skb) => {
  const packet = b.packet(skb)
  const ip = packet.header(Ipv4Header, { at: EthernetHeader.size, otherwise: TC_ACT_OK })
  const ethernet = packet.header(EthernetHeader, { at: 0, otherwise: TC_ACT_OK })
  b.if(ethernet.type.ne(ETH_P_IP), () => b.return(TC_ACT_OK))

  const all = b.lookup(total, 0, { otherwise: TC_ACT_OK })
  b.atomicAdd(all, { packets: 1, bytes: skb.len })
  b.lookup(byProtocol, ip.protocol, {
    hit: (counter) =>
      b.assign(counter, {
        packets: counter.packets.add(1),
        bytes: counter.bytes.add(ip.totalLength.toHost()),
      }),
  })
  b.return(TC_ACT_OK)
})

export default {
  title: 'counters in maps',
  spec,
  inputs: [
    ipv4(6, tcp()),
    ipv4(17, udp({ payload: [1, 2, 3] })),
    ipv4(255, []),
    ethernet(0x86dd, new Uint8Array(50)),
  ],
}
