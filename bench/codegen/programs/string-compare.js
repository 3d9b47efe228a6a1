// Requests of health checkers, recognised by their first bytes.
import {
  array,
  ETH_P_IP,
  EthernetHeader,
  IPPROTO_TCP,
  Ipv4Header,
  struct,
  TC_ACT_OK,
  TC_ACT_SHOT,
  TcpHeader,
  tc,
  u8,
} from 'tsbpf-lb/asm'
import { ethernet, ipv4, tcp, text, udp } from '../harness/packets.js'

const request = text('GET /healthz HTTP/1.1')
const Request = struct('request', { bytes: array(u8, request.length) })
const tcpAt = EthernetHeader.size + Ipv4Header.size

const spec = tc('string_compare', (b, skb) => {
  const packet = b.packet(skb)
  const segment = packet.header(TcpHeader, { at: tcpAt, otherwise: TC_ACT_OK })
  const ethernet = packet.header(EthernetHeader, { at: 0, otherwise: TC_ACT_OK })
  const ip = packet.header(Ipv4Header, { at: EthernetHeader.size, otherwise: TC_ACT_OK })
  b.if(ethernet.type.ne(ETH_P_IP), () => b.return(TC_ACT_OK))
  const plain = ip.versionAndLength.words.eq(5).and(ip.protocol.eq(IPPROTO_TCP))
  b.if(plain.and(segment.destination.eq(80)).not(), () => b.return(TC_ACT_OK))

  const at = segment.dataOffset.shr(4).shl(2).add(tcpAt)
  const { bytes } = packet.header(Request, { at, otherwise: TC_ACT_OK })
  request.forEach((byte, i) => {
    b.if(bytes.at(i).ne(byte), () => b.return(TC_ACT_OK))
  })
  b.return(TC_ACT_SHOT)
})

const http = (payload, options) => ipv4(6, tcp({ payload: text(payload), flags: 0x18 }), options)

export default {
  title: 'comparing text in the payload',
  spec,
  inputs: [
    http('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'),
    http('GET /healthz HTTP/1.0\r\nHost: a\r\n\r\n'),
    http('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    http('POST /healthz HTTP/1.1\r\n'),
    ipv4(17, udp({ destination: 80, payload: text('GET /healthz HTTP/1.1') })),
    ipv4(6, tcp({ destination: 81, payload: text('GET /healthz HTTP/1.1') })),
    ethernet(0x86dd, new Uint8Array(80)),
  ],
}
