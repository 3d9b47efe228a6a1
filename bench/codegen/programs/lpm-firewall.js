// A firewall by source networks: the longest prefix decides, for some ports or for all.
import {
  be32,
  ETH_P_IP,
  EthernetHeader,
  IPPROTO_TCP,
  IPPROTO_UDP,
  Ipv4Header,
  lpmTrie,
  PortPair,
  prefixKey,
  struct,
  TC_ACT_OK,
  TC_ACT_SHOT,
  tc,
  u16,
  u32,
  u64,
} from 'tsbpf-lb/asm'
import { ethernet, ipv4, tcp, udp } from '../harness/packets.js'

const actions = { allow: 0, deny: 1, denyPorts: 2 }

const Network = prefixKey('network', { address: be32 })
const Rule = struct('rule', { action: u32, firstPort: u16, lastPort: u16, hits: u64 })
const rules = lpmTrie('firewall_rules', Network, Rule, { maxEntries: 1024 })

const spec = tc('lpm_firewall', (b, skb) => {
  const packet = b.packet(skb)
  const ip = packet.header(Ipv4Header, { at: EthernetHeader.size, otherwise: TC_ACT_OK })
  const ethernet = packet.header(EthernetHeader, { at: 0, otherwise: TC_ACT_OK })
  b.if(ethernet.type.ne(ETH_P_IP), () => b.return(TC_ACT_OK))

  const rule = b.lookup(rules, { prefixLength: 32, address: ip.source }, { otherwise: TC_ACT_OK })
  const { action } = rule
  b.if(action.eq(actions.allow), () => b.return(TC_ACT_OK))
  b.if(action.eq(actions.denyPorts), () => {
    const { protocol } = ip
    b.if(protocol.ne(IPPROTO_TCP).and(protocol.ne(IPPROTO_UDP)), () => b.return(TC_ACT_OK))
    const at = ip.versionAndLength.words.shl(2).add(EthernetHeader.size)
    const port = packet.header(PortPair, { at, otherwise: TC_ACT_SHOT }).destination.toHost()
    b.if(port.lt(rule.firstPort).or(port.gt(rule.lastPort)), () => b.return(TC_ACT_OK))
  })
  b.atomicAdd(rule, { hits: 1 })
  b.return(TC_ACT_SHOT)
})

function prepare(map) {
  const put = (address, prefixLength, action, firstPort = 0, lastPort = 0) =>
    map('firewall_rules').set(
      Network.encode({ address, prefixLength }),
      Rule.encode({ action, firstPort, lastPort, hits: 0n }),
    )
  put(0x0a000000, 8, actions.deny)
  put(0x0a010000, 16, actions.denyPorts, 20, 1023)
  put(0x0a010200, 24, actions.allow)
}

const from = (source, payload, protocol = 6) => ipv4(protocol, payload, { source })

const [overTcp, overUdp] = [
  from(0x0a010101, tcp({ destination: 443 })),
  from(0x0a010101, udp({ destination: 443 }), 17),
]

export default {
  title: 'firewall by longest prefix',
  spec,
  prepare,
  measured: [overTcp, overUdp],
  inputs: [
    overTcp,
    overUdp,
    from(0x0a010101, tcp({ destination: 8080 })),
    from(0x0a010101, tcp({ destination: 19 })),
    from(0x0a010101, udp({ destination: 1023 }), 17),
    from(0x0a010101, [8, 0, 0, 0, 0, 0, 0, 0], 1),
    from(0x0a010203, tcp()),
    from(0x0a020304, tcp()),
    from(0xc0a80001, tcp()),
    ethernet(0x86dd, new Uint8Array(60)),
  ],
}
