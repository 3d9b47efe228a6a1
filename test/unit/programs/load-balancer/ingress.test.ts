import { beforeEach, describe, expect, test } from 'vitest'
import { ETH_P_IP, ETH_P_IPV6, TC_ACT_SHOT, TCX_NEXT } from '../../../../src/asm/dsl/program/context.ts'
import { IPPROTO_UDP } from '../../../../src/asm/packet/ipv4.ts'
import { tcpFlags } from '../../../../src/asm/packet/transport.ts'
import type { TcResult } from '../../../../src/asm/vm/run-tc.ts'
import { ingress } from '../../../../src/programs/load-balancer/datapath/ingress.ts'
import { limits } from '../../../../src/programs/load-balancer/datapath/maps.ts'
import { Balancer, flow, ours } from './balancer.ts'
import { keyOf, now } from './fake-conntrack.ts'
import { type PacketSpec, packetOf, servicePort, virtualAddress } from './packets.ts'

let balancer: Balancer

beforeEach(() => {
  balancer = new Balancer()
  balancer.addService('random', [7])
})

describe('packets that are not for a service go on untouched', () => {
  const untouched = (result: TcResult, packet: Uint8Array): void => {
    expect(result.verdict).toBe(TCX_NEXT)
    expect(result.packet).toEqual(packet)
    expect(balancer.conntrack.calls).toEqual([])
    expect(balancer.counters()).toEqual({})
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
    untouched(balancer.send(spec), packetOf(spec))
  })

  test('a packet of a VLAN', () => {
    untouched(balancer.send({}, { vlanPresent: 1, vlanTci: 5 }), packetOf())
  })

  test('every packet that is too short', () => {
    const whole = packetOf({ payload: 0 })
    for (let length = 14; length < whole.byteLength; length++) {
      const packet = whole.slice(0, length)
      untouched(balancer.sendBytes(packet), packet)
    }
  })

  test('a header length that leads beyond the packet', () => {
    const packet = packetOf({ payload: 0 })
    packet[14] = 0x4f
    untouched(balancer.sendBytes(packet), packet)
  })
})

describe('packets that are for a service', () => {
  test.each<[string, PacketSpec]>([
    ['with IP options', { options: 3 }],
    ['with all the options there can be', { options: 10 }],
    ['the first fragment', { fragment: 0x2000 }],
    ['without payload', { payload: 0 }],
  ])('%s', (_, spec) => {
    expect(balancer.send(spec).verdict).toBe(TCX_NEXT)
    expect([...balancer.conntrack.table.keys()]).toEqual([keyOf(flow)])
  })

  describe('in pieces of memory of which the first holds the link header only', () => {
    beforeEach(() => {
      balancer = new Balancer(ingress(), 14)
      balancer.addService('random', [7])
    })

    test('UDP', () => {
      balancer.addService('random', [7], IPPROTO_UDP)
      expect(balancer.send({ protocol: IPPROTO_UDP }).verdict).toBe(TCX_NEXT)
      expect([...balancer.conntrack.table.keys()]).toEqual([keyOf({ ...flow, protocol: IPPROTO_UDP })])
    })

    test('TCP', () => {
      expect(balancer.send({ flags: tcpFlags.syn }).verdict).toBe(TCX_NEXT)
      expect([...balancer.conntrack.table.keys()]).toEqual([keyOf(flow)])
    })
  })

  test('over UDP', () => {
    balancer.addService('random', [9], IPPROTO_UDP)
    expect(balancer.send({ protocol: IPPROTO_UDP }).verdict).toBe(TCX_NEXT)
    expect([...balancer.conntrack.table.keys()]).toEqual([keyOf({ ...flow, protocol: IPPROTO_UDP })])
    expect(balancer.conntrack.only.object.get('mark')).toBe(BigInt(ours(9)))
  })

  test('on an interface without a link header', () => {
    balancer = new Balancer(ingress({ linkHeader: 0 }))
    balancer.addService('random', [7])
    expect(balancer.send({ linkHeader: 0 }, { protocol: ETH_P_IP }).verdict).toBe(TCX_NEXT)
    expect([...balancer.conntrack.table.keys()]).toEqual([keyOf(flow)])
  })
})

describe('the first packet of a connection', () => {
  test('makes an entry that says where it goes and whose it is, and is counted', () => {
    const packet = packetOf({ flags: tcpFlags.syn })
    const result = balancer.send({ flags: tcpFlags.syn })
    expect(result.verdict).toBe(TCX_NEXT)
    expect(result.packet).toEqual(packet)
    expect(balancer.conntrack.calls).toEqual([
      'lookup',
      `alloc ${keyOf(flow)}`,
      'nat',
      'nat',
      'insert',
      'change timeout 30000',
      'release',
    ])
    const { destination, source, object } = balancer.conntrack.only
    expect(destination).toEqual({ address: 0x0a010007, port: 8007 })
    expect(source).toEqual({ address: 0x0a0000fe, port: 0 })
    expect(object.get('mark')).toBe(BigInt(ours(7)))
    expect(balancer.traffic(7)).toEqual({ connections: 1, packets: 1, bytes: packet.byteLength })
    expect(balancer.counters()).toEqual({})
  })

  test('is remembered by kernels that insert an entry with a timeout in the past, too', () => {
    balancer.conntrack.insertForgetsNow = true
    balancer.send({ flags: tcpFlags.syn })
    expect(Number(balancer.conntrack.only.object.get('timeout'))).toBe(now + 30_000)
    balancer.send({ flags: tcpFlags.ack })
    expect(balancer.conntrack.calls.filter((call) => call === 'insert')).toEqual(['insert'])
    expect(balancer.traffic(7)).toMatchObject({ connections: 1, packets: 2 })
  })

  test('keeps the client’s address where the backend has no source address (DNAT only)', () => {
    balancer.addBackend(7, 0)
    balancer.send({ flags: tcpFlags.syn })
    expect(balancer.conntrack.only.destination).toEqual({ address: 0x0a010007, port: 8007 })
    expect(balancer.conntrack.only.source).toBeUndefined()
  })

  test('may come from the middle of it: after a flush the same entry is made', () => {
    balancer.send({ flags: tcpFlags.ack })
    expect(balancer.conntrack.only.destination).toEqual({ address: 0x0a010007, port: 8007 })
  })

  test('a packet that GRO has put together counts as its segments', () => {
    const { packet } = balancer.send({}, { gsoSegs: 5, gsoSize: 100 })
    expect(balancer.traffic(7)).toEqual({ connections: 1, packets: 5, bytes: packet.byteLength })
  })

  test('is dropped when the table is full', () => {
    balancer.conntrack.tableFull = true
    expect(balancer.send().verdict).toBe(TC_ACT_SHOT)
    expect(balancer.counters()).toEqual({ dropTableFull: 1 })
    expect(balancer.traffic(7)).toEqual({ connections: 0, packets: 0, bytes: 0 })
  })

  test('is dropped when the kernel refuses the translation, and no entry remains', () => {
    balancer.conntrack.natResult = -22
    expect(balancer.send().verdict).toBe(TC_ACT_SHOT)
    expect(balancer.counters()).toEqual({ dropNatRefused: 1 })
    expect(Number(balancer.conntrack.only.object.get('timeout'))).toBe(now)
    expect(balancer.traffic(7)).toEqual({ connections: 0, packets: 0, bytes: 0 })
  })

  test.each<[string, () => void]>([
    ['an empty ring', () => balancer.addService('random', [])],
    ['a place on the ring without a backend', () => balancer.addService('random', [limits.backends])],
  ])('is dropped without a backend: %s', (_, prepare) => {
    prepare()
    expect(balancer.send().verdict).toBe(TC_ACT_SHOT)
    expect(balancer.counters()).toEqual({ dropNoBackend: 1 })
    expect(balancer.conntrack.calls).toEqual(['lookup'])
  })

  test('is dropped without a ring', () => {
    balancer = new Balancer()
    balancer.addFrontend()
    expect(balancer.send().verdict).toBe(TC_ACT_SHOT)
    expect(balancer.counters()).toEqual({ dropNoBackend: 1 })
  })
})

describe('when another CPU is faster', () => {
  test('the entry that it made is found at the second look', () => {
    balancer.conntrack.clashes = 1
    balancer.conntrack.winner = balancer.conntrack.entry({ mark: ours(9) })
    expect(balancer.send({ flags: tcpFlags.syn }).verdict).toBe(TCX_NEXT)
    expect(balancer.conntrack.calls.slice(-3)).toEqual(['insert: clash', 'lookup', 'release'])
    expect(balancer.traffic(9).packets).toBe(1)
    expect(balancer.traffic(7).packets).toBe(0)
  })

  test('a taken source port is tried again, with another backend perhaps', () => {
    balancer.conntrack.clashes = 2
    expect(balancer.send().verdict).toBe(TCX_NEXT)
    expect(balancer.conntrack.calls.filter((call) => call.startsWith('insert'))).toEqual([
      'insert: clash',
      'insert: clash',
      'insert',
    ])
    expect(balancer.traffic(7)).toMatchObject({ connections: 1, packets: 1 })
  })

  test('three times in a row is too often', () => {
    balancer.conntrack.clashes = 3
    expect(balancer.send().verdict).toBe(TC_ACT_SHOT)
    expect(balancer.counters()).toEqual({ dropClash: 1 })
    expect(balancer.conntrack.calls.filter((call) => call === 'lookup')).toHaveLength(3)
  })
})

describe('a packet of a known connection', () => {
  test('goes on and is counted', () => {
    balancer.conntrack.add(keyOf(flow), balancer.conntrack.entry({ mark: ours(7), status: 2 }))
    const { verdict, packet } = balancer.send()
    expect(verdict).toBe(TCX_NEXT)
    expect(packet).toEqual(packetOf())
    expect(balancer.conntrack.calls).toEqual(['lookup', 'release'])
    expect(balancer.traffic(7)).toEqual({ connections: 0, packets: 1, bytes: packet.byteLength })
    balancer.send()
    expect(balancer.traffic(7).packets).toBe(2)
  })

  test.each([
    [24, ['lookup', 'change timeout 1000', 'release']],
    [25, ['lookup', 'release']],
  ])('with %i ticks left to live', (left, calls) => {
    balancer.conntrack.add(keyOf(flow), balancer.conntrack.entry({ mark: ours(7), timeout: now + left }))
    expect(balancer.send().verdict).toBe(TCX_NEXT)
    expect(balancer.conntrack.calls).toEqual(calls)
  })

  test('that a SYN opens anew in TIME_WAIT: the old entry goes, a new one is made', () => {
    const old = balancer.conntrack.entry({ mark: ours(9), 'proto.tcp.state': 7, status: 2 })
    balancer.conntrack.add(keyOf(flow), old)
    expect(balancer.send({ flags: tcpFlags.syn }).verdict).toBe(TCX_NEXT)
    expect(balancer.conntrack.calls.slice(0, 5)).toEqual([
      'lookup',
      'change timeout 0',
      'release',
      'lookup',
      `alloc ${keyOf(flow)}`,
    ])
    expect(balancer.conntrack.only).not.toBe(old)
    expect(balancer.conntrack.only.object.get('mark')).toBe(BigInt(ours(7)))
    expect(balancer.counters()).toEqual({ reopened: 1 })
    expect(balancer.traffic(7)).toMatchObject({ connections: 1, packets: 1 })
  })

  test.each<[string, number, number]>([
    ['a SYN of an open connection', tcpFlags.syn, 3],
    ['a SYN-ACK in TIME_WAIT', tcpFlags.syn | tcpFlags.ack, 7],
    ['an ACK in TIME_WAIT', tcpFlags.ack, 7],
    ['a RST with SYN in TIME_WAIT', tcpFlags.syn | tcpFlags.rst, 7],
  ])('%s opens nothing', (_, flags, state) => {
    balancer.conntrack.add(keyOf(flow), balancer.conntrack.entry({ mark: ours(7), 'proto.tcp.state': state }))
    expect(balancer.send({ flags }).verdict).toBe(TCX_NEXT)
    expect(balancer.conntrack.calls).toEqual(['lookup', 'release'])
    expect(balancer.counters()).toEqual({})
  })

  test('the other flags of a SYN do not matter (ECN)', () => {
    balancer.conntrack.add(keyOf(flow), balancer.conntrack.entry({ mark: ours(7), 'proto.tcp.state': 7 }))
    balancer.send({ flags: tcpFlags.syn | 0xc0 })
    expect(balancer.counters()).toEqual({ reopened: 1 })
  })
})

describe('a connection that is not ours', () => {
  test('and that was open before its port was balanced stays as it is', () => {
    const entry = balancer.conntrack.entry({ status: 2, mark: 77 })
    balancer.conntrack.add(keyOf(flow), entry)
    expect(balancer.send().verdict).toBe(TCX_NEXT)
    expect(balancer.conntrack.calls).toEqual(['lookup', 'release'])
    expect(balancer.conntrack.only).toBe(entry)
    expect(balancer.counters()).toEqual({ foreign: 1 })
    expect(balancer.traffic(7).packets).toBe(0)
  })

  test.each<[string, { status?: number; mark?: number }, number]>([
    ['that nobody has answered', { mark: 77 }, tcpFlags.ack],
    ['whose client begins anew', { status: 2 }, tcpFlags.syn],
  ])('%s becomes ours', (_, members, flags) => {
    balancer.conntrack.add(keyOf(flow), balancer.conntrack.entry(members))
    expect(balancer.send({ flags }).verdict).toBe(TCX_NEXT)
    expect(balancer.conntrack.only.object.get('mark')).toBe(BigInt(ours(7)))
    expect(balancer.counters()).toEqual({})
    expect(balancer.traffic(7)).toMatchObject({ connections: 1 })
  })
})
