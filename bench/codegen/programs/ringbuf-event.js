// An event for user space for every TCP connection that begins or ends.
import {
  array,
  be16,
  be32,
  ETH_P_IP,
  EthernetHeader,
  IPPROTO_TCP,
  Ipv4Header,
  ringBuffer,
  struct,
  TC_ACT_OK,
  TcpHeader,
  tc,
  tcpFlags,
  u8,
  u32,
  u64,
} from 'tsbpf-lb/asm'
import { ethernet, ipv4, tcp, udp } from '../harness/packets.js'

const Event = struct('event', {
  time: u64,
  source: be32,
  destination: be32,
  sourcePort: be16,
  destinationPort: be16,
  length: u32,
  flags: u8,
  ttl: u8,
  reserved: array(u8, 6),
})
const events = ringBuffer('events', Event, { size: 16 * 1024 * 1024 })

const spec = tc('ringbuf_event', (b, skb) => {
  const packet = b.packet(skb)
  const at = EthernetHeader.size + Ipv4Header.size
  const segment = packet.header(TcpHeader, { at, otherwise: TC_ACT_OK })
  const ip = packet.header(Ipv4Header, { at: EthernetHeader.size, otherwise: TC_ACT_OK })
  const ethernet = packet.header(EthernetHeader, { at: 0, otherwise: TC_ACT_OK })
  b.if(ethernet.type.ne(ETH_P_IP), () => b.return(TC_ACT_OK))
  b.if(ip.versionAndLength.words.ne(5).or(ip.protocol.ne(IPPROTO_TCP)), () => b.return(TC_ACT_OK))
  // The first packet of a connection, or one that ends it.
  const { flags } = segment
  const first = flags.and(tcpFlags.syn | tcpFlags.ack).eq(tcpFlags.syn)
  b.if(first.or(flags.has(tcpFlags.fin | tcpFlags.rst)).not(), () => b.return(TC_ACT_OK))

  const event = b.reserve(events, { otherwise: TC_ACT_OK })
  b.assign(event, {
    time: b.ktime(),
    source: ip.source,
    destination: ip.destination,
    sourcePort: segment.source,
    destinationPort: segment.destination,
    length: skb.len,
    flags,
    ttl: ip.ttl,
  })
  b.submit(event)
  b.return(TC_ACT_OK)
})

const segment = (flags) => ipv4(6, tcp({ flags, payload: [1, 2, 3] }))

export default {
  title: 'an event through the ring buffer',
  spec,
  /** Nobody reads meanwhile: a full buffer would end every run early. */
  repeat: 10_000,
  /** All but the time, which is another for each half. */
  normalise: (_map, value) => value.fill(0, 0, Event.fields.source.offset),
  inputs: [
    segment(tcpFlags.syn),
    segment(tcpFlags.ack),
    segment(tcpFlags.syn | tcpFlags.ack),
    segment(tcpFlags.fin | tcpFlags.ack),
    segment(tcpFlags.rst),
    ipv4(6, tcp({ flags: tcpFlags.syn }), { options: [1, 1, 1, 0] }),
    ipv4(17, udp({ payload: new Uint8Array(20) })),
    ethernet(0x86dd, new Uint8Array(60)),
  ],
}
