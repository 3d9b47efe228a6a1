import { beforeEach, describe, expect, test } from 'vitest'
import { TC_ACT_SHOT, TCX_NEXT } from '../../../../src/asm/dsl/program/context.ts'
import { tcpFlags } from '../../../../src/asm/packet/transport.ts'
import { ingress } from '../../../../src/programs/load-balancer/datapath/ingress.ts'
import { Balancer, flow, ours } from './balancer.ts'
import { keyOf } from './fake-conntrack.ts'
import { packetOf } from './packets.ts'

const program = ingress({ translate: 'mark' })

let balancer: Balancer

beforeEach(() => {
  balancer = new Balancer(program)
  balancer.addService('random', [7])
})

test('the program needs nothing that some kernels refuse', () => {
  expect(program.kfuncs.map(({ name }) => name).sort()).toEqual([
    'bpf_ct_change_timeout',
    'bpf_ct_release',
    'bpf_skb_ct_lookup',
  ])
})

test('the first packet of a connection carries the choice, is counted and otherwise unchanged', () => {
  const packet = packetOf({ flags: tcpFlags.syn })
  const result = balancer.send({ flags: tcpFlags.syn }, { mark: 77, priority: 5, cb: [1, 2, 3, 4, 5] })
  expect(result.verdict).toBe(TCX_NEXT)
  expect(result.packet).toEqual(packet)
  expect(result.skb).toMatchObject({ priority: ours(7), mark: 77, cb: [1, 2, 3, 4, 5] })
  expect(balancer.conntrack.calls).toEqual(['lookup'])
  expect(balancer.conntrack.table.size).toBe(0)
  expect(balancer.traffic(7)).toEqual({ connections: 1, packets: 1, bytes: packet.byteLength })
  expect(balancer.counters()).toEqual({})
})

test('a packet of a known connection carries nothing', () => {
  const { conntrack } = balancer
  conntrack.add(keyOf(flow), conntrack.entry({ mark: ours(9), status: 2 }))
  const { skb } = balancer.send({}, { priority: 5 })
  expect(skb.priority).toBe(5)
  expect(conntrack.calls).toEqual(['lookup', 'release'])
  expect(balancer.traffic(9)).toMatchObject({ connections: 0, packets: 1 })
})

test('a finished connection that is opened again: the old entry goes, and the packet carries a new choice', () => {
  const { conntrack } = balancer
  conntrack.add(keyOf(flow), conntrack.entry({ mark: ours(9), 'proto.tcp.state': 7, status: 2 }))
  expect(balancer.send({ flags: tcpFlags.syn }).skb.priority).toBe(ours(7))
  expect(conntrack.calls).toEqual(['lookup', 'change timeout 0', 'release', 'lookup'])
  expect(conntrack.table.size).toBe(0)
  expect(balancer.counters()).toEqual({ reopened: 1 })
})

describe('a connection that is not ours', () => {
  test('stays as it is when it is open', () => {
    const { conntrack } = balancer
    conntrack.add(keyOf(flow), conntrack.entry({ status: 2, mark: 77 }))
    expect(balancer.send({ flags: tcpFlags.ack }).skb.priority).toBe(0)
    expect(balancer.counters()).toEqual({ foreign: 1 })
  })

  test('that nobody has answered becomes ours', () => {
    const { conntrack } = balancer
    conntrack.add(keyOf(flow), conntrack.entry({ mark: 77 }))
    expect(balancer.send({ flags: tcpFlags.ack }).skb.priority).toBe(ours(7))
  })
})

test('without a backend it is dropped', () => {
  balancer.addService('random', [])
  const { verdict, skb } = balancer.send({ flags: tcpFlags.syn })
  expect(verdict).toBe(TC_ACT_SHOT)
  expect(skb.priority).toBe(0)
  expect(balancer.counters()).toEqual({ dropNoBackend: 1 })
})

test('both forms choose alike', () => {
  const other = new Balancer()
  for (const one of [balancer, other]) one.addService('round-robin', [4, 5, 4, 6])
  for (let i = 0; i < 8; i++) {
    const spec = { sourcePort: 1024 + i, flags: tcpFlags.syn }
    other.conntrack.table.clear()
    other.send(spec)
    expect(balancer.send(spec).skb.priority).toBe(Number(other.conntrack.only.object.get('mark')))
  }
})
