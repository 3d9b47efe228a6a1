import { beforeEach, describe, expect, test } from 'vitest'
import { ETH_P_IP, ETH_P_IPV6, TC_ACT_SHOT, TCX_NEXT } from '../../../../src/asm/dsl/context.ts'
import { IPPROTO_TCP, IPPROTO_UDP, tcpFlags } from '../../../../src/asm/packet/headers.ts'
import { type SkbFields, TcMachine, type TcResult } from '../../../../src/asm/vm/run-tc.ts'
import { buildRing } from '../../../../src/programs/load-balancer/control/ring.ts'
import { ingress } from '../../../../src/programs/load-balancer/datapath/ingress.ts'
import {
  AF_INET,
  backendStates,
  backendStats,
  backends,
  type CounterName,
  counterMap,
  counters,
  frontends,
  limits,
  rings,
  type Scheduler,
  schedulers,
  services,
  turns,
} from '../../../../src/programs/load-balancer/datapath/maps.ts'
import { markPrefix } from '../../../../src/programs/load-balancer/datapath/mark.ts'
import { FakeConntrack, keyOf, now } from './fake-conntrack.ts'
import { client, type PacketSpec, packetOf, servicePort, virtualAddress } from './packets.ts'

const service = 3
const none = [0, 0, 0, 0]
const flow = {
  source: client,
  sourcePort: 40000,
  destination: virtualAddress,
  destinationPort: servicePort,
  protocol: IPPROTO_TCP,
}
const program = ingress()

let conntrack: FakeConntrack
let machine: TcMachine
let random: number

beforeEach(() => {
  conntrack = new FakeConntrack()
  random = 0
  machine = machineFor(program)
  addService('random', [7])
})

function machineFor(spec: typeof program): TcMachine {
  return new TcMachine(spec, {
    kfuncs: conntrack.kfuncs,
    layout: conntrack.layout,
    random: () => random,
    now: () => BigInt(now) * 1_000_000n,
  })
}

/** A service with backends at 10.1.0.<index>:8000+<index>, and a ring of these indexes. */
function addService(scheduler: Scheduler, ring: readonly number[], protocol: number = IPPROTO_TCP): void {
  const { maps } = machine
  maps
    .of(frontends)
    .set({ address: [virtualAddress, 0, 0, 0], port: servicePort, protocol, family: AF_INET }, { service })
  maps.of(services).set(
    { index: service },
    {
      inUse: 1,
      protocol,
      family: AF_INET,
      scheduler: schedulers[scheduler],
      port: servicePort,
      reserved: 0,
      address: [virtualAddress, 0, 0, 0],
      ifindex: 0,
    },
  )
  const elements = maps.putInner(rings, service, ring.length + 1)
  elements.set({ index: 0 }, { backend: ring.length })
  ring.forEach((backend, i) => {
    elements.set({ index: i + 1 }, { backend })
  })
  for (const index of ring) if (index < limits.backends) addBackend(index)
}

function addBackend(index: number, snat = 0x0a0000fe): void {
  machine.maps.of(backends).set(
    { index },
    {
      address: [0x0a010000 + index, 0, 0, 0],
      snatAddress: snat === 0 ? none : [snat, 0, 0, 0],
      port: 8000 + index,
      family: AF_INET,
      state: backendStates.active,
      service,
      weight: 1,
    },
  )
}

function send(spec: PacketSpec = {}, fields: Partial<SkbFields> = {}): TcResult {
  const result = machine.run(packetOf(spec), fields)
  expect(conntrack.held).toBe(0)
  return result
}

function counted(name: CounterName): number {
  return Number(machine.maps.of(counterMap).get({ index: counters[name] })?.packets)
}

function traffic(backend: number): { connections: number; packets: number; bytes: number } {
  const {
    connections = 0n,
    packets = 0n,
    bytes = 0n,
  } = machine.maps.of(backendStats).get({ index: backend }) ?? {}
  return { connections: Number(connections), packets: Number(packets), bytes: Number(bytes) }
}

function allCounters(): Record<string, number> {
  return Object.fromEntries(
    Object.keys(counters).flatMap((name) => {
      const value = counted(name as CounterName)
      return value === 0 ? [] : [[name, value]]
    }),
  )
}

const ours = (backend: number): number => (markPrefix | backend) >>> 0

describe('packets that are not for a service go on untouched', () => {
  const untouched = (result: TcResult, packet: Uint8Array): void => {
    expect(result.verdict).toBe(TCX_NEXT)
    expect(result.packet).toEqual(packet)
    expect(conntrack.calls).toEqual([])
    expect(allCounters()).toEqual({})
  }

  test.each<[string, PacketSpec]>([
    ['IPv6', { ethertype: ETH_P_IPV6 }],
    ['ARP', { ethertype: 0x0806 }],
    ['ICMP', { protocol: 1 }],
    ['SCTP', { protocol: 132 }],
    ['a later fragment', { fragment: 0x2001 }],
    ['the last fragment', { fragment: 0x00b9 }],
    ['another port', { destinationPort: 81 }],
    ['another address', { destination: virtualAddress + 1 }],
    ['another protocol', { protocol: IPPROTO_UDP }],
    ['its own port as source only', { sourcePort: servicePort, destinationPort: 40000 }],
  ])('%s', (_, spec) => {
    untouched(send(spec), packetOf(spec))
  })

  test('a packet of a VLAN', () => {
    untouched(send({}, { vlanPresent: 1, vlanTci: 5 }), packetOf())
  })

  test('every packet that is too short', () => {
    const whole = packetOf({ payload: 0 })
    for (let length = 14; length < whole.byteLength; length++) {
      const packet = whole.slice(0, length)
      untouched(machine.run(packet), packet)
    }
  })

  test('a header length that leads beyond the packet', () => {
    const packet = packetOf({ payload: 0 })
    packet[14] = 0x4f
    untouched(machine.run(packet), packet)
  })
})

describe('packets that are for a service', () => {
  test.each<[string, PacketSpec]>([
    ['with IP options', { options: 3 }],
    ['with all the options there can be', { options: 10 }],
    ['the first fragment', { fragment: 0x2000 }],
    ['without payload', { payload: 0 }],
  ])('%s', (_, spec) => {
    expect(send(spec).verdict).toBe(TCX_NEXT)
    expect([...conntrack.table.keys()]).toEqual([keyOf(flow)])
  })

  describe('in pieces of memory of which the first holds the link header only', () => {
    const sendInPieces = (spec: PacketSpec): void => {
      const { kfuncs, layout } = conntrack
      const pieces = new TcMachine(program, { maps: machine.maps, kfuncs, layout, linear: 14 })
      expect(pieces.run(packetOf(spec)).verdict).toBe(TCX_NEXT)
    }

    test('UDP', () => {
      addService('random', [7], IPPROTO_UDP)
      sendInPieces({ protocol: IPPROTO_UDP })
      expect([...conntrack.table.keys()]).toEqual([keyOf({ ...flow, protocol: IPPROTO_UDP })])
    })

    test('TCP', () => {
      sendInPieces({ flags: tcpFlags.syn })
      expect([...conntrack.table.keys()]).toEqual([keyOf(flow)])
    })
  })

  test('over UDP', () => {
    addService('random', [9], IPPROTO_UDP)
    expect(send({ protocol: IPPROTO_UDP }).verdict).toBe(TCX_NEXT)
    expect([...conntrack.table.keys()]).toEqual([keyOf({ ...flow, protocol: IPPROTO_UDP })])
    expect(conntrack.only.object.get('mark')).toBe(BigInt(ours(9)))
  })

  test('on an interface without a link header', () => {
    machine = machineFor(ingress({ linkHeader: 0 }))
    addService('random', [7])
    expect(send({ linkHeader: 0 }, { protocol: ETH_P_IP }).verdict).toBe(TCX_NEXT)
    expect([...conntrack.table.keys()]).toEqual([keyOf(flow)])
  })
})

describe('the first packet of a connection', () => {
  test('makes an entry that says where it goes and whose it is, and is counted', () => {
    const packet = packetOf({ flags: tcpFlags.syn })
    const result = send({ flags: tcpFlags.syn })
    expect(result.verdict).toBe(TCX_NEXT)
    expect(result.packet).toEqual(packet)
    expect(conntrack.calls).toEqual([
      'lookup',
      `alloc ${keyOf(flow)}`,
      'nat',
      'nat',
      'set timeout 30000',
      'insert',
      'release',
    ])
    const { destination, source, object } = conntrack.only
    expect(destination).toEqual({ address: 0x0a010007, port: 8007 })
    expect(source).toEqual({ address: 0x0a0000fe, port: 0 })
    expect(object.get('mark')).toBe(BigInt(ours(7)))
    expect(traffic(7)).toEqual({ connections: 1, packets: 1, bytes: packet.byteLength })
    expect(allCounters()).toEqual({})
  })

  test('keeps the client’s address where the backend has no source address (DNAT only)', () => {
    addBackend(7, 0)
    send({ flags: tcpFlags.syn })
    expect(conntrack.only.destination).toEqual({ address: 0x0a010007, port: 8007 })
    expect(conntrack.only.source).toBeUndefined()
  })

  test('may come from the middle of it: after a flush the same entry is made', () => {
    send({ flags: tcpFlags.ack })
    expect(conntrack.only.destination).toEqual({ address: 0x0a010007, port: 8007 })
  })

  test('a packet that GRO has put together counts as its segments', () => {
    const { packet } = send({}, { gsoSegs: 5, gsoSize: 100 })
    expect(traffic(7)).toEqual({ connections: 1, packets: 5, bytes: packet.byteLength })
  })

  test('is dropped when the table is full', () => {
    conntrack.tableFull = true
    expect(send().verdict).toBe(TC_ACT_SHOT)
    expect(allCounters()).toEqual({ dropTableFull: 1 })
    expect(traffic(7)).toEqual({ connections: 0, packets: 0, bytes: 0 })
  })

  test('is dropped when the kernel refuses the translation, and no entry remains', () => {
    conntrack.natResult = -22
    expect(send().verdict).toBe(TC_ACT_SHOT)
    expect(allCounters()).toEqual({ dropNatRefused: 1 })
    expect(Number(conntrack.only.object.get('timeout'))).toBe(now)
    expect(traffic(7)).toEqual({ connections: 0, packets: 0, bytes: 0 })
  })

  test.each<[string, () => void]>([
    ['an empty ring', () => addService('random', [])],
    ['a place on the ring without a backend', () => addService('random', [limits.backends])],
  ])('is dropped without a backend: %s', (_, prepare) => {
    prepare()
    expect(send().verdict).toBe(TC_ACT_SHOT)
    expect(allCounters()).toEqual({ dropNoBackend: 1 })
    expect(conntrack.calls).toEqual(['lookup'])
  })

  test('is dropped without a ring', () => {
    machine = machineFor(program)
    machine.maps
      .of(frontends)
      .set(
        { address: [virtualAddress, 0, 0, 0], port: servicePort, protocol: IPPROTO_TCP, family: AF_INET },
        { service },
      )
    expect(send().verdict).toBe(TC_ACT_SHOT)
    expect(allCounters()).toEqual({ dropNoBackend: 1 })
  })
})

describe('when another CPU is faster', () => {
  test('the entry that it made is found at the second look', () => {
    conntrack.clashes = 1
    conntrack.winner = conntrack.entry({ mark: ours(9) })
    expect(send({ flags: tcpFlags.syn }).verdict).toBe(TCX_NEXT)
    expect(conntrack.calls.slice(-3)).toEqual(['insert: clash', 'lookup', 'release'])
    expect(traffic(9).packets).toBe(1)
    expect(traffic(7).packets).toBe(0)
  })

  test('a taken source port is tried again, with another backend perhaps', () => {
    conntrack.clashes = 2
    expect(send().verdict).toBe(TCX_NEXT)
    expect(conntrack.calls.filter((call) => call.startsWith('insert'))).toEqual([
      'insert: clash',
      'insert: clash',
      'insert',
    ])
    expect(traffic(7)).toMatchObject({ connections: 1, packets: 1 })
  })

  test('three times in a row is too often', () => {
    conntrack.clashes = 3
    expect(send().verdict).toBe(TC_ACT_SHOT)
    expect(allCounters()).toEqual({ dropClash: 1 })
    expect(conntrack.calls.filter((call) => call === 'lookup')).toHaveLength(3)
  })
})

describe('a packet of a known connection', () => {
  test('goes on and is counted', () => {
    conntrack.add(keyOf(flow), conntrack.entry({ mark: ours(7), status: 2 }))
    const { verdict, packet } = send()
    expect(verdict).toBe(TCX_NEXT)
    expect(packet).toEqual(packetOf())
    expect(conntrack.calls).toEqual(['lookup', 'release'])
    expect(traffic(7)).toEqual({ connections: 0, packets: 1, bytes: packet.byteLength })
    send()
    expect(traffic(7).packets).toBe(2)
  })

  test.each([
    [24, ['lookup', 'change timeout 1000', 'release']],
    [25, ['lookup', 'release']],
  ])('with %i ticks left to live', (left, calls) => {
    conntrack.add(keyOf(flow), conntrack.entry({ mark: ours(7), timeout: now + left }))
    expect(send().verdict).toBe(TCX_NEXT)
    expect(conntrack.calls).toEqual(calls)
  })

  test('that a SYN opens anew in TIME_WAIT: the old entry goes, a new one is made', () => {
    const old = conntrack.entry({ mark: ours(9), 'proto.tcp.state': 7, status: 2 })
    conntrack.add(keyOf(flow), old)
    expect(send({ flags: tcpFlags.syn }).verdict).toBe(TCX_NEXT)
    expect(conntrack.calls.slice(0, 5)).toEqual([
      'lookup',
      'change timeout 0',
      'release',
      'lookup',
      `alloc ${keyOf(flow)}`,
    ])
    expect(conntrack.only).not.toBe(old)
    expect(conntrack.only.object.get('mark')).toBe(BigInt(ours(7)))
    expect(allCounters()).toEqual({ reopened: 1 })
    expect(traffic(7)).toMatchObject({ connections: 1, packets: 1 })
  })

  test.each<[string, number, number]>([
    ['a SYN of an open connection', tcpFlags.syn, 3],
    ['a SYN-ACK in TIME_WAIT', tcpFlags.syn | tcpFlags.ack, 7],
    ['an ACK in TIME_WAIT', tcpFlags.ack, 7],
    ['a RST with SYN in TIME_WAIT', tcpFlags.syn | tcpFlags.rst, 7],
  ])('%s opens nothing', (_, flags, state) => {
    conntrack.add(keyOf(flow), conntrack.entry({ mark: ours(7), 'proto.tcp.state': state }))
    expect(send({ flags }).verdict).toBe(TCX_NEXT)
    expect(conntrack.calls).toEqual(['lookup', 'release'])
    expect(allCounters()).toEqual({})
  })

  test('the other flags of a SYN do not matter (ECN)', () => {
    conntrack.add(keyOf(flow), conntrack.entry({ mark: ours(7), 'proto.tcp.state': 7 }))
    send({ flags: tcpFlags.syn | 0xc0 })
    expect(allCounters()).toEqual({ reopened: 1 })
  })
})

describe('a connection that is not ours', () => {
  test('and that was open before its port was balanced stays as it is', () => {
    const entry = conntrack.entry({ status: 2, mark: 77 })
    conntrack.add(keyOf(flow), entry)
    expect(send().verdict).toBe(TCX_NEXT)
    expect(conntrack.calls).toEqual(['lookup', 'release'])
    expect(conntrack.only).toBe(entry)
    expect(allCounters()).toEqual({ foreign: 1 })
    expect(traffic(7).packets).toBe(0)
  })

  test.each<[string, { status?: number; mark?: number }, number]>([
    ['that nobody has answered', { mark: 77 }, tcpFlags.ack],
    ['whose client begins anew', { status: 2 }, tcpFlags.syn],
  ])('%s becomes ours', (_, members, flags) => {
    conntrack.add(keyOf(flow), conntrack.entry(members))
    expect(send({ flags }).verdict).toBe(TCX_NEXT)
    expect(conntrack.only.object.get('mark')).toBe(BigInt(ours(7)))
    expect(allCounters()).toEqual({})
    expect(traffic(7)).toMatchObject({ connections: 1 })
  })
})

describe('schedulers', () => {
  /** Backends of as many new connections, each from a port of its own. */
  const open = (count: number): number[] =>
    Array.from({ length: count }, (_, i) => {
      conntrack.table.clear()
      send({ sourcePort: 1024 + i, flags: tcpFlags.syn })
      return Number(conntrack.only.object.get('mark')) & 0xffff
    })

  test('round robin takes turns along the ring', () => {
    addService('round-robin', [4, 5, 4, 6])
    expect(open(9)).toEqual([4, 5, 4, 6, 4, 5, 4, 6, 4])
    expect(machine.maps.of(turns).get({ index: service })).toEqual({ next: 9 })
  })

  test('its counter wraps around', () => {
    addService('round-robin', [4, 5])
    machine.maps.of(turns).set({ index: service }, { next: 0xffff_ffff })
    expect(open(3)).toEqual([5, 4, 5])
  })

  test('random picks each place of the ring', () => {
    addService('random', [4, 5, 6])
    const picked = [0, 1, 2, 3, 0xffff_ffff].map((value) => {
      random = value
      return open(1)[0]
    })
    expect(picked).toEqual([4, 5, 6, 4, 4 + (0xffff_ffff % 3)])
  })

  test('weights: a backend gets its share of the ring, whatever the scheduler', () => {
    const shares = [
      { backend: 1, weight: 5 },
      { backend: 2, weight: 3 },
      { backend: 3, weight: 2 },
    ]
    addService('round-robin', buildRing(shares))
    const taken = open(200)
    expect([1, 2, 3].map((backend) => taken.filter((b) => b === backend).length)).toEqual([100, 60, 40])
    addService('random', buildRing(shares))
    const drawn = Array.from({ length: 200 }, (_, i) => {
      random = i
      return open(1)[0]
    })
    expect([1, 2, 3].map((backend) => drawn.filter((b) => b === backend).length)).toEqual([100, 60, 40])
  })
})
