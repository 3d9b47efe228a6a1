// IPv4 with options: source routing is refused, a router alert noted, the ports behind the options read.
import {
  ETH_P_IP,
  EthernetHeader,
  Ipv4Header,
  PortPair,
  struct,
  TC_ACT_OK,
  TC_ACT_SHOT,
  tc,
  u8,
  u32,
} from 'tsbpf-lb/asm'
import { ethernet, ipv4, tcp } from '../harness/packets.js'

const option = { end: 0, nop: 1, looseRoute: 131, strictRoute: 137, routerAlert: 148 }
const OptionType = struct('ip_option_type', { type: u8 })
const Option = struct('ip_option', { type: u8, length: u8 })
const maxOptions = 10

const spec = tc('parse_options', (b, skb) => {
  const packet = b.packet(skb)
  const ip = packet.header(Ipv4Header, { at: EthernetHeader.size, otherwise: TC_ACT_OK })
  const ethernet = packet.header(EthernetHeader, { at: 0, otherwise: TC_ACT_OK })
  b.if(ethernet.type.ne(ETH_P_IP), () => b.return(TC_ACT_OK))
  const { version, words } = ip.versionAndLength
  b.if(version.ne(4).or(words.lt(5)), () => b.return(TC_ACT_SHOT))

  const mark = b.variable(u32, 0)
  const at = b.variable(u32, EthernetHeader.size + Ipv4Header.size)
  const behind = words.shl(2).add(EthernetHeader.size)
  b.for(maxOptions, () => {
    const here = at.get()
    b.if(here.ge(behind), () => b.break())
    const { type } = packet.header(OptionType, { at: here, otherwise: TC_ACT_SHOT })
    b.if(type.eq(option.end), () => b.break())
    b.if(type.eq(option.nop), () => {
      at.set(here.add(1))
      b.continue()
    })
    const { length } = packet.header(Option, { at: here, otherwise: TC_ACT_SHOT })
    b.if(length.lt(2).or(here.add(length).gt(behind)), () => b.return(TC_ACT_SHOT))
    b.if(type.eq(option.looseRoute).or(type.eq(option.strictRoute)), () => b.return(TC_ACT_SHOT))
    b.if(type.eq(option.routerAlert), () => mark.set(mark.get().or(1)))
    at.set(here.add(length))
  })

  const ports = packet.header(PortPair, { at: behind, otherwise: TC_ACT_SHOT })
  b.assign(skb, { mark: mark.get().or(ports.destination.toHost().shl(16)) })
  b.return(TC_ACT_OK)
})

const withOptions = (...options) => ipv4(6, tcp(), { options })

export default {
  title: 'IPv4 options, in a loop',
  spec,
  inputs: [
    withOptions(1, 1, 148, 4, 0, 0, 1, 7, 7, 4, 0, 0, 0, 0, 0, 0),
    withOptions(131, 7, 4, 1, 2, 3, 4, 0),
    withOptions(1, 137, 3, 4),
    withOptions(7, 1, 0, 0),
    withOptions(7, 40, 0, 0),
    withOptions(...Array.from({ length: 40 }, () => 1)),
    withOptions(7, 39, ...new Array(37).fill(0), 1),
    ipv4(6, tcp()),
    ipv4(6, tcp(), { ihl: 4 }),
    ipv4(6, tcp(), { ihl: 15 }),
    ethernet(0x86dd, new Uint8Array(60)),
  ],
}
