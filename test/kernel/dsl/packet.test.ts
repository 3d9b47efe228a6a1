import { expect } from 'vitest'
import { ETH_P_IP, ETH_P_IPV6, TC_ACT_OK } from '../../../src/asm/dsl/program/context.ts'
import { type BuiltProgram, tc } from '../../../src/asm/dsl/program/program.ts'
import { XDP_PASS, xdp } from '../../../src/asm/dsl/program/xdp.ts'
import { u32 } from '../../../src/asm/layout/scalar.ts'
import { struct } from '../../../src/asm/layout/struct.ts'
import { ETH_P_8021Q } from '../../../src/asm/packet/ethernet.ts'
import { IPPROTO_TCP, IPPROTO_UDP } from '../../../src/asm/packet/ipv4.ts'
import { runTc } from '../../../src/asm/vm/run-tc.ts'
import { runXdp } from '../../../src/asm/vm/run-xdp.ts'
import { ethernet, ipv4, ipv6, ports, vlanTag } from '../../unit/asm/dsl/packets.ts'
import { failOnLeakedFds } from '../bpf/fixture.ts'
import { describe, test } from '../support/kernel-test.ts'
import { runInKernel } from './in-kernel.ts'

failOnLeakedFds()

const extensions = [
  { kind: 0, units: 1 },
  { kind: 60, units: 0 },
  { kind: 51, units: 4 },
  { kind: 44, units: 0 },
]
const padding = new Uint8Array(64)
const padded = (header: Uint8Array): Uint8Array => new Uint8Array([...header, ...padding])
const packets = [
  ethernet(ETH_P_IP, ipv4({ protocol: IPPROTO_TCP, options: 10 }, padded(ports(IPPROTO_TCP, 7, 80)))),
  ethernet(ETH_P_IP, ipv4({ protocol: IPPROTO_UDP }, padded(ports(IPPROTO_UDP, 8, 53)))),
  ethernet(ETH_P_IP, ipv4({ protocol: IPPROTO_UDP, fragment: 5 }, padded(ports(IPPROTO_UDP, 8, 53)))),
  ethernet(ETH_P_IPV6, ipv6(IPPROTO_TCP, [], padded(ports(IPPROTO_TCP, 9, 443)))),
  ethernet(ETH_P_IPV6, ipv6(IPPROTO_UDP, extensions, padded(ports(IPPROTO_UDP, 10, 53)))),
  ethernet(
    ETH_P_IPV6,
    ipv6(IPPROTO_UDP, new Array(8).fill(extensions[1]), padded(ports(IPPROTO_UDP, 10, 53))),
  ),
]
const inTags = ethernet(
  ETH_P_8021Q,
  vlanTag(
    7,
    ETH_P_8021Q,
    vlanTag(100, ETH_P_IP, ipv4({ protocol: IPPROTO_TCP }, padded(ports(IPPROTO_TCP, 7, 80)))),
  ),
)

/** What the program does in the interpreter it does in the kernel, optimised or not. */
function agree(program: BuiltProgram, sent: readonly Uint8Array[] = packets): void {
  for (const spec of [program, program.rebuild({ passes: 'none' })])
    for (const packet of sent) {
      const expected = spec.type === 'xdp' ? runXdp(spec, packet) : runTc(spec, packet)
      expect(runInKernel(spec, packet)).toEqual({ verdict: expected.verdict, packet: expected.packet })
    }
}

describe('the verifier takes', () => {
  test('IPv4 with options: both headers rewritten after both were found', () => {
    agree(
      tc('v4', (b, skb) => {
        const ip = b.packet(skb).ipv4({ otherwise: TC_ACT_OK })
        b.assign(ip, { ttl: ip.ttl.sub(1).toU8(), tos: { dscp: 46 } })
        b.assign(ip.l4, { destination: 8080 })
        b.assign(ip, { destination: 0x0a090909 })
        b.return(ip.transport)
      }),
    )
  })

  test('IPv6 behind extension headers', () => {
    agree(
      tc('v6', (b, skb) => {
        const ip = b.packet(skb).ipv6({ otherwise: TC_ACT_OK })
        const { l4 } = ip
        b.assign(ip, { destination: ip.source, hopLimit: 3 })
        b.assign(l4, { destination: 8080 })
        b.return(ip.end)
      }),
    )
  })

  test('both in XDP', () => {
    agree(
      xdp('both', (b, ctx) => {
        const packet = b.packet(ctx)
        const link = packet.ethernet({ otherwise: XDP_PASS })
        b.if(link.payloadType.eq(ETH_P_IP), () => {
          const tcp = link.ipv4().tcp()
          b.assign(tcp, { flags: { ece: 1 }, window: tcp.window.toHost().shr(1).toU16().toNetwork() })
          b.return(XDP_PASS)
        })
        b.assign(link.ipv6().udp(), { source: 1 })
        b.return(XDP_PASS)
      }),
    )
  })

  test('VLAN tags in the packet', () => {
    agree(
      xdp('tags', (b, ctx) => {
        const link = b.packet(ctx).ethernet({ tags: 2, otherwise: XDP_PASS })
        const ip = link.ipv4()
        b.assign(ip.tcp(), { destination: 8080 })
        b.assign(link, { source: link.destination })
        b.return(link.vlan.and(3).add(1))
      }),
      [...packets, inTags],
    )
  })

  test('bytes copied to the stack and back', () => {
    const Words = struct('words', { first: u32, second: u32 })
    agree(
      tc('copied', (b, skb) => {
        const packet = b.packet(skb)
        const ip = packet.ipv4({ otherwise: TC_ACT_OK })
        const words = packet.loadBytes(Words, { at: ip.end, otherwise: TC_ACT_OK })
        b.assign(words, { second: words.first })
        packet.storeBytes(words, { at: ip.end, otherwise: TC_ACT_OK })
        b.return(packet.ipv4({ otherwise: TC_ACT_OK }).ttl)
      }),
    )
    agree(
      xdp('copied', (b, ctx) => {
        const packet = b.packet(ctx)
        const words = packet.loadBytes(Words, { at: 34, otherwise: XDP_PASS })
        packet.storeBytes(words, { at: 42, otherwise: XDP_PASS })
        b.return(XDP_PASS)
      }),
    )
  })
})
