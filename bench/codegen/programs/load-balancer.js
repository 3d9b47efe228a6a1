// The load balancer's own program, as it is shipped.
import { codecOf, u32 } from 'tsbpf-lb/asm'
import { BpfMap } from 'tsbpf-lb/loader'
import { ingress } from 'tsbpf-lb/programs'
import * as maps from '../../../dist/programs/load-balancer/datapath/maps.js'
import { ethernet, ipv4, tcp, udp } from '../harness/packets.js'

const vip = 0x0a000001
const client = 0x0a000003
const index = codecOf(u32).encode
const words = (address) => [address, 0, 0, 0]

/** Two services of two backends each, which take turns: chance would part the two halves. */
function prepare(map) {
  const put = (definition, key, codec, value) => map(definition.spec.name).set(key, codec.encode(value))
  const ring = BpfMap.create({ ...maps.rings.spec.inner, maxEntries: 3 })
  for (const [place, backend] of [2, 0, 1].entries())
    ring.set(index(place), maps.RingElement.encode({ backend }))
  for (const [service, protocol] of [6, 17].entries()) {
    const where = { address: words(vip), port: 80, protocol, family: maps.AF_INET }
    put(maps.frontends, maps.FrontendKey.encode(where), maps.Frontend, { service })
    const scheduler = maps.schedulers['round-robin']
    const asked = { ...where, inUse: 1, scheduler, reserved: 0, ifindex: 0 }
    put(maps.services, index(service), maps.Service, asked)
    map(maps.rings.spec.name).setObject(index(service), ring)
  }
  for (const backend of [0, 1]) {
    const address = { address: words(0x0a000010 + backend), snatAddress: words(vip) }
    const rest = { port: 8080, family: maps.AF_INET, state: 1, service: 0, weight: 1 }
    put(maps.backends, index(backend), maps.Backend, { ...address, ...rest })
  }
  ring.close()
}

const to = (destination, source = client) => ({ source, destination })
const syn = (source) => ipv4(6, tcp({ source, flags: 0x02 }), to(vip))
const ack = (source) => ipv4(6, tcp({ source }), to(vip))

export default {
  title: 'the load balancer',
  spec: ingress(),
  prepare,
  ownNamespace: true,
  inputs: [
    ack(40_000),
    syn(40_001),
    syn(40_002),
    ack(40_002),
    ipv4(17, udp({ destination: 80 }), to(vip)),
    ipv4(17, udp({ destination: 81 }), to(vip)),
    ipv4(6, tcp({ destination: 80 }), to(0x0a000009)),
    ipv4(6, tcp({ destination: 80 }), { ...to(vip), options: [1, 1, 1, 1] }),
    ipv4(6, tcp({ destination: 80 }), { ...to(vip), fragment: 0x2001 }),
    ipv4(1, [8, 0, 0, 0, 0, 0, 0, 0], to(vip)),
    ethernet(0x0806, new Uint8Array(46)),
  ],
}
