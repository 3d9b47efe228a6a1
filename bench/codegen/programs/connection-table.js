// A table of TCP connections with their state, which forgets the oldest ones.
import {
  be16,
  be32,
  ETH_P_IP,
  EthernetHeader,
  IPPROTO_TCP,
  Ipv4Header,
  lruHashMap,
  perCpuArrayMap,
  struct,
  TC_ACT_OK,
  TC_ACT_SHOT,
  TcpHeader,
  tc,
  tcpFlags,
  u32,
  u64,
} from 'tsbpf-lb/asm'
import { ethernet, ipv4, tcp, udp } from '../harness/packets.js'

const states = { opening: 0, open: 1, closing: 2, closed: 3 }

const FlowKey = struct('flow_key', {
  source: be32,
  destination: be32,
  sourcePort: be16,
  destinationPort: be16,
})
const Flow = struct('flow', { packets: u64, bytes: u64, last: u64, state: u32, flags: u32 })
const Count = struct('count', { packets: u64 })
const connections = lruHashMap('connections', FlowKey, Flow, { maxEntries: 4096 })
const counts = perCpuArrayMap('states', Count, { maxEntries: 4 })

const spec = tc('connection_tab', (b, skb) => {
  const packet = b.packet(skb)
  const at = EthernetHeader.size + Ipv4Header.size
  const segment = packet.header(TcpHeader, { at, otherwise: TC_ACT_OK })
  const ip = packet.header(Ipv4Header, { at: EthernetHeader.size, otherwise: TC_ACT_OK })
  const ethernet = packet.header(EthernetHeader, { at: 0, otherwise: TC_ACT_OK })
  b.if(ethernet.type.ne(ETH_P_IP), () => b.return(TC_ACT_OK))
  b.if(ip.versionAndLength.words.ne(5).or(ip.protocol.ne(IPPROTO_TCP)), () => b.return(TC_ACT_OK))

  const { flags } = segment
  const key = {
    source: ip.source,
    destination: ip.destination,
    sourcePort: segment.source,
    destinationPort: segment.destination,
  }
  const flow = b.lookupOrInsert(connections, key, { state: states.opening }, { otherwise: TC_ACT_SHOT })
  b.assign(flow, {
    packets: flow.packets.add(1),
    bytes: flow.bytes.add(skb.len),
    last: b.ktime(),
    flags: flow.flags.or(flags),
  })

  const state = b.variable(u32, flow.state)
  const go = (flag, next) => () => b.if(flags.has(flag), () => state.set(next))
  b.if(
    flags.has(tcpFlags.rst),
    () => state.set(states.closed),
    () =>
      b.switch(state.get(), {
        [states.opening]: go(tcpFlags.ack, states.open),
        [states.open]: go(tcpFlags.fin, states.closing),
        [states.closing]: go(tcpFlags.fin, states.closed),
        [states.closed]: go(tcpFlags.syn, states.opening),
      }),
  )
  b.assign(flow, { state: state.get() })
  b.lookup(counts, state.get(), {
    hit: (count) => b.assign(count, { packets: count.packets.add(1) }),
  })
  b.if(state.get().eq(states.closed), () => b.return(TC_ACT_SHOT))
  b.return(TC_ACT_OK)
})

const { fin, syn, rst, ack } = tcpFlags
const segment = (flags, source = 40_000) => ipv4(6, tcp({ flags, source, payload: [1, 2, 3] }))

export default {
  title: 'table of connections',
  spec,
  /** All but the time, which is another for each half. */
  normalise: (map, value) => {
    if (map !== connections.spec.name) return value
    const { last, state } = Flow.fields
    return value.fill(0, last.offset, state.offset)
  },
  measured: [segment(ack)],
  inputs: [
    segment(syn),
    segment(ack),
    segment(ack),
    segment(fin | ack),
    segment(fin | ack),
    segment(ack),
    segment(syn),
    segment(rst),
    segment(syn | ack, 40_001),
    segment(fin | ack, 40_002),
    ipv4(6, tcp({ flags: syn }), { options: [1, 1, 1, 0] }),
    ipv4(17, udp({ payload: new Uint8Array(20) })),
    ethernet(0x86dd, new Uint8Array(60)),
  ],
}
