// What the load balancer's program costs a packet, in nanoseconds: npm run bench:datapath (as root)
//
// The kernel runs the program on packets of ours (BPF_PROG_TEST_RUN) in a network namespace made for it; nothing is
// attached. What netfilter does with a packet afterwards is not in these numbers. Each row is the median of some runs.

import { codecOf, u32 } from 'tsbpf-lb/asm'
import { BpfMap, loadProgram } from 'tsbpf-lb/loader'
import { ingress } from 'tsbpf-lb/programs'
import { createAnonymousNamespace } from '../dist/loader/netns/named.js'
import { enter } from '../dist/loader/netns/namespace.js'
import { createRing } from '../dist/programs/load-balancer/control/tables.js'
import * as maps from '../dist/programs/load-balancer/datapath/maps.js'

const repeat = 200_000
const runs = 9
const vip = 0x0a000001
const words = (address) => [address, 0, 0, 0]

enter(createAnonymousNamespace().fd)
const program = ingress()
const opened = new Map(program.maps.map((spec) => [spec.name, BpfMap.create(spec)]))
const loaded = loadProgram(program, { maps: opened })
setUp()

const rows = {
  'not IPv4': nanoseconds(packet({ ethertype: 0x86dd })),
  'TCP, not for a service': nanoseconds(packet({ destinationPort: 81 })),
  'TCP, known connection': nanoseconds(packet({})),
  'TCP, new connection (entry made, port kept)': newConnections(),
}
console.table(Object.fromEntries(Object.entries(rows).map(([name, ns]) => [name, { 'ns per packet': ns }])))

function setUp() {
  const index = codecOf(u32).encode
  const put = (map, key, codec, value) => opened.get(map.spec.name).set(key, codec.encode(value))
  const key = maps.FrontendKey.encode({ address: words(vip), port: 80, protocol: 6, family: maps.AF_INET })
  put(maps.frontends, key, maps.Frontend, { service: 0 })
  const service = { inUse: 1, protocol: 6, family: maps.AF_INET, scheduler: 0, port: 80, reserved: 0 }
  put(maps.services, index(0), maps.Service, { ...service, address: words(vip), ifindex: 0 })
  const backend = { address: words(0x0a000002), snatAddress: words(vip), port: 8080, family: maps.AF_INET }
  put(maps.backends, index(0), maps.Backend, { ...backend, state: 1, service: 0, weight: 1 })
  opened.get(maps.rings.spec.name).setObject(index(0), createRing([0]))
}

function nanoseconds(bytes) {
  loaded.testRun(bytes)
  return median(Array.from({ length: runs }, () => loaded.testRun(bytes, { repeat }).duration))
}

/** A new connection each time, so the kernel's own repetition cannot be used. */
function newConnections() {
  const durations = Array.from(
    { length: 5000 },
    (_, i) => loaded.testRun(packet({ sourcePort: 1024 + i })).duration,
  )
  return median(durations)
}

function packet({ ethertype = 0x0800, sourcePort = 1000, destinationPort = 80 }) {
  const bytes = new Uint8Array(64)
  const view = new DataView(bytes.buffer)
  view.setUint16(12, ethertype)
  bytes.set([0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6], 14)
  view.setUint32(26, 0x0a000003)
  view.setUint32(30, vip)
  view.setUint16(34, sourcePort)
  view.setUint16(36, destinationPort)
  bytes[46] = 0x50
  bytes[47] = 0x02
  return bytes
}

function median(values) {
  return Number(values.toSorted((a, b) => Number(a) - Number(b))[Math.floor(values.length / 2)])
}
