// Counts the packets that come in through an interface, in the kernel. Run it as root: node count-packets.ts eth0
import { arrayMap, struct, TCX_NEXT, tc, u64 } from 'tsbpf-lb/asm'
import { attachTcx, createMap, getLink, loadProgram, NetlinkSocket } from 'tsbpf-lb/loader'

const Traffic = struct('traffic', { packets: u64, bytes: u64 })
const traffic = arrayMap('traffic', Traffic, { maxEntries: 1 })

const program = tc('count_packets', (b, skb) => {
  b.lookup(traffic, 0, { hit: (seen) => b.atomicAdd(seen, { packets: 1, bytes: skb.len }) })
  b.return(TCX_NEXT)
})

const map = createMap(traffic)
const { ifindex } = getLink(NetlinkSocket.open('route'), process.argv[2] ?? 'eth0')
attachTcx(loadProgram(program, { maps: [map] }), { ifindex, direction: 'ingress' })
setInterval(() => {
  const { packets = 0n, bytes = 0n } = map.get(0) ?? {}
  console.log(`${packets} packets, ${bytes} bytes`)
}, 1000)
