import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ETH_P_IP, ETH_P_IPV6 } from '../../../../src/asm/dsl/program/context.ts'
import { tc } from '../../../../src/asm/dsl/program/program.ts'
import { xdp } from '../../../../src/asm/dsl/program/xdp.ts'
import { ArpHeader, ETH_P_8021AD, ETH_P_8021Q, ETH_P_ARP } from '../../../../src/asm/packet/ethernet.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../../../../src/asm/packet/ipv4.ts'
import { runTc } from '../../../../src/asm/vm/run-tc.ts'
import { runXdp } from '../../../../src/asm/vm/run-xdp.ts'
import { ethernet, extensionHeader, ipv4, ipv6, ports, vlanTag } from './packets.ts'

/** Gives both ports of a TCP or UDP packet, or says where it stopped. */
const v4 = tc('v4', (b, skb) => {
  const ip = b.packet(skb).ipv4({ otherwise: 1 })
  const { l4 } = ip
  b.return(l4.source.toHost().toU32().shl(16).add(l4.destination.toHost()))
})
const v4Xdp = xdp('v4', (b, ctx) => {
  const ip = b.packet(ctx).ipv4({ otherwise: 1 })
  b.return(ip.l4.destination.toHost().and(3).add(1))
})
const v6 = tc('v6', (b, skb) => {
  const { l4 } = b.packet(skb).ipv6({ otherwise: 1 })
  b.return(l4.source.toHost().toU32().shl(16).add(l4.destination.toHost()))
})
const tagged = tc('tagged', (b, skb) => {
  const link = b.packet(skb).ethernet({ tags: 2, otherwise: 1 })
  b.if(link.payloadType.eq(ETH_P_IPV6), () =>
    b.return(link.ipv6({ otherwise: 2 }).udp().destination.toHost()),
  )
  b.if(link.payloadType.eq(ETH_P_ARP), () => b.return(link.arp().targetProtocol.toHost()))
  const { tcp } = { tcp: link.ipv4({ otherwise: 3 }).tcp({ otherwise: 4 }) }
  b.return(tcp.destination.toHost().toU32().add(link.vlan.shl(16)))
})

const port = fc.integer({ min: 1, max: 65535 })
const linear = fc.integer({ min: 0, max: 200 })

describe('IPv4', () => {
  test('ports are found behind any options, wherever the packet lies in memory', () => {
    fc.assert(
      fc.property(
        port,
        port,
        fc.integer({ min: 0, max: 10 }),
        fc.constantFrom(IPPROTO_TCP, IPPROTO_UDP),
        linear,
        (source, destination, options, protocol, pieces) => {
          const packet = ethernet(ETH_P_IP, ipv4({ protocol, options }, ports(protocol, source, destination)))
          expect(runTc(v4, packet, { linear: pieces }).r0).toBe(BigInt(source * 0x10000 + destination))
          expect(runXdp(v4Xdp, packet).verdict).toBe((destination & 3) + 1)
        },
      ),
      { numRuns: 60 },
    )
  })

  const udp = ports(IPPROTO_UDP, 1, 2)
  const whole = ethernet(ETH_P_IP, ipv4({ protocol: IPPROTO_UDP }, udp))
  test.each<[string, Uint8Array, bigint]>([
    [
      'the first fragment',
      ethernet(ETH_P_IP, ipv4({ protocol: IPPROTO_UDP, fragment: 0x2000 }, udp)),
      0x10002n,
    ],
    ['a later fragment', ethernet(ETH_P_IP, ipv4({ protocol: IPPROTO_UDP, fragment: 0x2001 }, udp)), 1n],
    ['the last fragment', ethernet(ETH_P_IP, ipv4({ protocol: IPPROTO_UDP, fragment: 0x1fff }, udp)), 1n],
    ['another protocol', ethernet(ETH_P_IP, ipv4({ protocol: IPPROTO_ICMP }, udp)), 1n],
    ['another ethertype', ethernet(ETH_P_IPV6, ipv4({ protocol: IPPROTO_UDP }, udp)), 1n],
    ['another version', ethernet(ETH_P_IP, ipv4({ protocol: IPPROTO_UDP, version: 6 }, udp)), 1n],
    ['a header that is too short', ethernet(ETH_P_IP, ipv4({ protocol: IPPROTO_UDP, words: 4 }, udp)), 1n],
    ['options beyond the end', ethernet(ETH_P_IP, ipv4({ protocol: IPPROTO_UDP, words: 15 }, udp)), 1n],
    ['a packet that ends inside of the ports', whole.slice(0, 14 + 20 + 3), 1n],
    ['a packet that ends inside of the header', whole.slice(0, 14 + 19), 1n],
    ['no packet', new Uint8Array(0), 1n],
  ])('%s', (_, packet, expected) => {
    expect(runTc(v4, packet).r0).toBe(expected)
    expect(runTc(v4, packet, { linear: 10 }).r0).toBe(expected)
  })

  test('both the network and the transport header can be written after both were found', () => {
    const spec = tc('rewrite', (b, skb) => {
      const ip = b.packet(skb).ipv4({ otherwise: 1 })
      const udp = ip.udp()
      b.assign(ip, { ttl: ip.ttl.sub(1).toU8(), destination: 0x0a000009 })
      b.assign(udp, { destination: 53 })
      b.return(0)
    })
    for (const pieces of [0, 14, 40, 100]) {
      const { packet } = runTc(spec, whole, { linear: pieces })
      const expected = whole.slice()
      expected[14 + 8] = (expected[14 + 8] ?? 0) - 1
      expected.set([10, 0, 0, 9], 14 + 16)
      expected.set([0, 53], 14 + 20 + 2)
      expect(packet).toEqual(expected)
    }
  })

  test('a header that does not begin behind Ethernet', () => {
    const spec = tc('bare', (b, skb) => {
      b.return(
        b
          .packet(skb)
          .ipv4({ at: skb.mark.and(63), otherwise: 1 })
          .icmp()
          .rest.echo.id.toHost(),
      )
    })
    const icmp = Uint8Array.of(8, 0, 0, 0, 0x12, 0x34, 0, 1)
    const packet = new Uint8Array([...new Uint8Array(30), ...ipv4({ protocol: IPPROTO_ICMP }, icmp)])
    expect(runTc(spec, packet, { skb: { mark: 30 }, linear: 20 }).r0).toBe(0x1234n)
    expect(runTc(spec, packet, { skb: { mark: 29 } }).r0).toBe(1n)
  })
})

describe('IPv6', () => {
  const extension = fc.oneof(
    fc.record({
      kind: fc.constantFrom(0, 43, 60, 135, 139, 140),
      units: fc.integer({ min: 0, max: 5 }),
    }),
    fc.record({ kind: fc.constant(51), units: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ kind: fc.constant(44), units: fc.constant(0) }),
  )

  test('ports are found behind any extension headers', () => {
    fc.assert(
      fc.property(
        port,
        port,
        fc.array(extension, { maxLength: 6 }),
        fc.constantFrom(IPPROTO_TCP, IPPROTO_UDP),
        linear,
        (source, destination, extensions, protocol, pieces) => {
          const packet = ethernet(
            ETH_P_IPV6,
            ipv6(protocol, extensions, ports(protocol, source, destination)),
          )
          expect(runTc(v6, packet, { linear: pieces }).r0).toBe(BigInt(source * 0x10000 + destination))
        },
      ),
      { numRuns: 80 },
    )
  })

  test('more extension headers than are walked past, and later fragments, have no transport', () => {
    const chain = (count: number) =>
      ethernet(
        ETH_P_IPV6,
        ipv6(IPPROTO_UDP, new Array(count).fill({ kind: 60, units: 0 }), ports(IPPROTO_UDP, 1, 2)),
      )
    expect([5, 6, 7].map((count) => runTc(v6, chain(count)).r0)).toEqual([0x10002n, 0x10002n, 1n])
    const later = extensionHeader(44, IPPROTO_UDP, 0)
    later.set([0x00, 0x09], 2)
    const packet = ethernet(ETH_P_IPV6, ipv6(44, [], new Uint8Array([...later, ...ports(IPPROTO_UDP, 1, 2)])))
    expect(runTc(v6, packet).r0).toBe(1n)
    later.set([0x00, 0x01], 2)
    const first = ethernet(ETH_P_IPV6, ipv6(44, [], new Uint8Array([...later, ...ports(IPPROTO_UDP, 1, 2)])))
    expect(runTc(v6, first).r0).toBe(0x10002n)
  })

  test('addresses and the fields of the first word', () => {
    const spec = tc('fields', (b, skb) => {
      const ip = b.packet(skb).ipv6({ extensions: 0, otherwise: 1 })
      b.require(ip.source.inPrefix(0xfd00n << 112n, 8).and(ip.destination.eq(1n)), { otherwise: 2 })
      const message = ip.icmpv6()
      b.return(ip.start.flowLabel.add(message.rest.echo.sequence.toHost()))
    })
    const icmp = Uint8Array.of(128, 0, 0, 0, 0, 1, 0x01, 0x00)
    const packet = ethernet(ETH_P_IPV6, ipv6(IPPROTO_ICMPV6, [], icmp))
    expect(runTc(spec, packet).r0).toBe(0x12345n + 0x100n)
  })
})

describe('Ethernet', () => {
  const inner = ipv4({ protocol: IPPROTO_TCP }, ports(IPPROTO_TCP, 1, 80))

  test('VLAN tags are walked past, as many as were asked for', () => {
    const one = ethernet(ETH_P_8021Q, vlanTag(100, ETH_P_IP, inner))
    const two = ethernet(ETH_P_8021AD, vlanTag(7, ETH_P_8021Q, vlanTag(100, ETH_P_IP, inner)))
    const three = ethernet(
      ETH_P_8021AD,
      vlanTag(7, ETH_P_8021Q, vlanTag(9, ETH_P_8021Q, vlanTag(1, ETH_P_IP, inner))),
    )
    for (const linear of [0, 16, 100])
      expect(
        [ethernet(ETH_P_IP, inner), one, two, three].map((p) => runTc(tagged, p, { linear }).r0),
      ).toEqual([80n, 80n + (100n << 16n), 80n + (100n << 16n), 3n])
  })

  test('each layer has an otherwise of its own, or that of the one before', () => {
    const udp6 = ethernet(
      ETH_P_8021Q,
      vlanTag(1, ETH_P_IPV6, ipv6(IPPROTO_UDP, [], ports(IPPROTO_UDP, 1, 53))),
    )
    expect(runTc(tagged, udp6).r0).toBe(53n)
    const tcp6 = ethernet(ETH_P_IPV6, ipv6(IPPROTO_TCP, [], ports(IPPROTO_TCP, 1, 53)))
    expect(runTc(tagged, tcp6).r0).toBe(2n)
    const udp4 = ethernet(ETH_P_IP, ipv4({ protocol: IPPROTO_UDP }, ports(IPPROTO_UDP, 1, 80)))
    expect(runTc(tagged, udp4).r0).toBe(4n)
    expect(runTc(tagged, new Uint8Array(13)).r0).toBe(1n)
  })

  test('ARP', () => {
    const arp = ArpHeader.encode({
      ...ArpHeader.decode(new Uint8Array(ArpHeader.size)),
      operation: 1,
      targetProtocol: 0x0a000001,
    })
    expect(ArpHeader.size).toBe(28)
    expect(runTc(tagged, ethernet(ETH_P_ARP, arp)).r0).toBe(0x0a000001n)
    const spec = tc('arp', (b, skb) => {
      b.return(b.packet(skb).arp({ otherwise: 5 }).operation.toHost())
    })
    expect(runTc(spec, ethernet(ETH_P_ARP, arp)).r0).toBe(1n)
    expect(runTc(spec, ethernet(ETH_P_IP, arp)).r0).toBe(5n)
  })
})
