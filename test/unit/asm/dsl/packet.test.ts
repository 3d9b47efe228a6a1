import { describe, expect, test } from 'vitest'
import { ETH_P_IP, TC_ACT_SHOT } from '../../../../src/asm/dsl/program/context.ts'
import { tc } from '../../../../src/asm/dsl/program/program.ts'
import { be16, be32, u8, u32 } from '../../../../src/asm/layout/scalar.ts'
import { array, struct } from '../../../../src/asm/layout/struct.ts'
import { Ipv4Header } from '../../../../src/asm/packet/ipv4.ts'
import { UdpHeader } from '../../../../src/asm/packet/transport.ts'
import { runTc } from '../../../../src/asm/vm/run-tc.ts'
import { here, report } from './build-failure.ts'

const Odd = struct('odd', { a: u8, b: be32, c: be16 }, { packed: true })
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i)

describe('headers', () => {
  const read = tc('read', (b, skb) => {
    const odd = b.packet(skb).header(Odd, { at: 3, otherwise: TC_ACT_SHOT })
    b.assign(odd, { c: odd.c.toHost().add(1).toU16().toNetwork() })
    b.return(odd.b.toHost())
  })

  test('are read and written at their place, unaligned and in network order', () => {
    const { r0, packet } = runTc(read, bytes(10))
    expect(r0).toBe(0x04050607n)
    expect([...packet]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 10])
  })

  test('that do not fit are not touched', () => {
    for (const length of [9, 3, 0]) {
      const { verdict, packet } = runTc(read, bytes(length))
      expect(verdict).toBe(TC_ACT_SHOT)
      expect(packet).toEqual(bytes(length))
    }
  })

  test('at an offset that is computed', () => {
    const spec = tc('udp', (b, skb) => {
      const packet = b.packet(skb)
      const ip = packet.header(Ipv4Header, { at: 14, otherwise: 1 })
      const length = ip.versionAndLength.and(0x0f).shl(2)
      const udp = packet.header(UdpHeader, { at: length.add(14), otherwise: 2 })
      b.return(udp.destination.toHost())
    })
    const packet = new Uint8Array(14 + 24 + 8)
    packet[14] = 0x46
    packet.set([0x12, 0x34], 14 + 24 + 2)
    expect(runTc(spec, packet).r0).toBe(0x1234n)
    expect(runTc(spec, packet.slice(0, -1)).r0).toBe(2n)
    expect(runTc(spec, packet.slice(0, 33)).r0).toBe(1n)
  })
})

describe('packets in pieces', () => {
  const read = tc('pull', (b, skb) => {
    const packet = b.packet(skb)
    packet.require(10, { otherwise: TC_ACT_SHOT })
    const odd = packet.header(Odd, { at: 3, otherwise: 7 })
    b.return(odd.b.toHost())
  })

  test('are pulled together when too little is in the first', () => {
    expect(runTc(read, bytes(64), { linear: 4 }).r0).toBe(0x04050607n)
    expect(runTc(read, bytes(64), { linear: 10 }).executed).toBeLessThan(
      runTc(read, bytes(64), { linear: 9 }).executed,
    )
  })

  test('otherwise runs for packets shorter than that', () => {
    expect(runTc(read, bytes(9)).verdict).toBe(TC_ACT_SHOT)
  })

  test('otherwise may be code', () => {
    const spec = tc('pull', (b, skb) => {
      b.packet(skb).require(100, { otherwise: () => b.return(skb.len) })
      b.return(0)
    })
    expect(runTc(spec, bytes(64)).r0).toBe(64n)
    expect(runTc(spec, bytes(100), { linear: 1 }).r0).toBe(0n)
  })

  test('headers taken before stay valid, at known and at computed places', () => {
    const spec = tc('kept', (b, skb) => {
      const packet = b.packet(skb)
      const near = packet.header(Odd, { at: 3, otherwise: 91 })
      const far = packet.header(Odd, { at: skb.mark.and(31), otherwise: 92 })
      const byte = far.b.toHost()
      packet.require(60, { otherwise: 93 })
      b.assign(near, { a: 0xee })
      b.assign(far, { a: 0xdd })
      b.return(byte.xor(far.b.toHost()).add(near.b.toHost()))
    })
    for (const linear of [30, 64]) {
      const { r0, packet } = runTc(spec, bytes(64), { linear, skb: { mark: 20 } })
      expect(r0).toBe(0x04050607n)
      expect([packet[3], packet[20]]).toEqual([0xee, 0xdd])
    }
    expect(runTc(spec, bytes(64), { linear: 20, skb: { mark: 20 } }).r0).toBe(92n)
    expect(runTc(spec, bytes(59), { linear: 30, skb: { mark: 20 } }).r0).toBe(93n)
  })

  test('a header can pull together what it needs', () => {
    const spec = tc('pulled', (b, skb) => {
      b.return(b.packet(skb).header(Odd, { at: 40, pull: true, otherwise: 9 }).a)
    })
    expect([0, 41, 64].map((linear) => runTc(spec, bytes(64), { linear }).r0)).toEqual([40n, 40n, 40n])
    expect(runTc(spec, bytes(46), { linear: 5 }).r0).toBe(9n)
  })

  test('a header that is not kept ends with the next pull, every header with other moves', () => {
    expect(
      report((b, _, skb) => {
        const packet = b.packet(skb)
        const odd = packet.header(Odd, { at: 0, keep: false, otherwise: 0 })
        packet.require(64, { otherwise: 0 })
        b.return(odd.b.toHost())
      }),
    ).toEqual([
      'PACKET_MOVED',
      `odd is used after the packet may have moved in memory (${here(-4)})`,
      'Read what you need before, or take the header again with packet.header(…).',
    ])
    expect(
      report((b, _, skb) => {
        const packet = b.packet(skb)
        const odd = packet.header(Odd, { at: 0, otherwise: 0 })
        b.if(skb.len.gt(100), () => packet.storeBytes(b.stack(Odd), { at: 5, otherwise: 0 }))
        b.return(odd.b.toHost())
      }),
    ).toEqual([
      'PACKET_MOVED',
      `odd is used after the packet may have moved in memory (${here(-4)})`,
      'Read what you need before, or take the header again with packet.header(…).',
    ])
  })

  test('after such a move, headers are taken again, whatever the way', () => {
    const spec = tc('again', (b, skb) => {
      const packet = b.packet(skb)
      b.if(
        skb.mark.eq(1),
        () => packet.storeBytes(b.stack(Odd, { b: 5 }), { at: 3, otherwise: 91 }),
        () => {
          packet.storeBytes(b.stack(Odd, { b: 6 }), { at: 3, otherwise: 91 })
          b.assign(packet.header(Odd, { at: 3, otherwise: 92 }), { c: 7 })
        },
      )
      const odd = packet.header(Odd, { at: 3, otherwise: 93 })
      b.return(odd.b.toHost().add(odd.c.toHost()))
    })
    expect([1, 2].map((mark) => runTc(spec, bytes(64), { skb: { mark } }).r0)).toEqual([5n, 13n])
  })

  test('so they are after a loop, whichever way it was left', () => {
    const spec = tc('loop', (b, skb) => {
      const packet = b.packet(skb)
      b.for(3, (i) => {
        packet.storeBytes(b.stack(Odd, { b: 5 }), { at: 3, otherwise: 91 })
        b.if(skb.mark.eq(i), () => b.break())
        packet.storeBytes(b.stack(Odd, { b: 6 }), { at: 3, otherwise: 91 })
        b.assign(packet.header(Odd, { at: 3, otherwise: 92 }), { c: 7 })
      })
      const odd = packet.header(Odd, { at: 3, otherwise: 93 })
      b.return(odd.b.toHost().add(odd.c.toHost()))
    })
    expect([0, 2, 3].map((mark) => runTc(spec, bytes(64), { skb: { mark } }).r0)).toEqual([5n, 5n, 13n])
  })

  test('bytes that are not in the first piece are copied to the stack, and from it', () => {
    const spec = tc('copy', (b, skb) => {
      const packet = b.packet(skb)
      const odd = packet.loadBytes(Odd, { at: skb.mark, otherwise: 7 })
      b.assign(odd, { c: 0x1234 })
      packet.storeBytes(odd, { at: 50, otherwise: 8 })
      b.return(odd.b.toHost())
    })
    const { r0, packet } = runTc(spec, bytes(64), { linear: 0, skb: { mark: 40 } })
    expect(r0).toBe(0x292a2b2cn)
    expect([...packet.slice(50, 57)]).toEqual([40, 41, 42, 43, 44, 0x12, 0x34])
    expect(runTc(spec, bytes(64), { skb: { mark: 60 } }).r0).toBe(7n)
    expect(runTc(spec, bytes(55), { skb: { mark: 0 } }).r0).toBe(8n)
  })

  test('elements of arrays in a packet, at a computed index, are proven against its end', () => {
    const Options = struct('options', { kind: u8, words: array(be16, 20) }, { packed: true })
    const spec = tc('elements', (b, skb) => {
      const packet = b.packet(skb)
      const options = packet.header(Options, { at: 2, otherwise: 90 })
      const word = options.words.at(skb.mark, { otherwise: 91 })
      b.assign(options.words, skb.mark, 0xabcd, { otherwise: 92 })
      packet.require(64, { otherwise: 93 })
      b.return(word.toHost())
    })
    const { r0, packet } = runTc(spec, bytes(64), { linear: 50, skb: { mark: 19 } })
    expect([r0, packet[41], packet[42]]).toEqual([0x292an, 0xab, 0xcd])
    expect(runTc(spec, bytes(64), { skb: { mark: 20 } }).r0).toBe(91n)
    expect(
      report((b, { c }, skb) => {
        b.return(b.packet(skb).header(Options, { at: 2, otherwise: 90 }).words.at(c.and(15)).toHost())
      }),
    ).toEqual([
      'INDEX_UNPROVEN',
      `options.words[…] is in the packet, which may end before it (${here(-4)})`,
      'Say what happens then: .at(index, { otherwise: … }).',
    ])
  })

  test('a header stays valid where the packet was moved only on a way that has returned', () => {
    const spec = tc('returned', (b, skb) => {
      const packet = b.packet(skb)
      const odd = packet.header(Odd, { at: 3, otherwise: 7 })
      b.if(skb.len.gt(100), () => {
        packet.require(100, { otherwise: 0 })
        b.return(1)
      })
      b.return(odd.b.toHost())
    })
    expect(runTc(spec, bytes(64)).r0).toBe(0x04050607n)
  })
})

describe('the context', () => {
  test('is read, and written', () => {
    const spec = tc('context', (b, skb) => {
      b.if(skb.protocol.ne(ETH_P_IP), () => b.return(1))
      b.assign(skb, { mark: skb.mark.add(skb.len), cb: [1, 2, 3, 4, skb.hash] })
      b.return(skb.cb.at(4))
    })
    const packet = new Uint8Array(20)
    packet.set([0x08, 0x00], 12)
    const { r0, skb } = runTc(spec, packet, { skb: { mark: 5, hash: 77 } })
    expect(r0).toBe(77n)
    expect([skb.mark, skb.len, skb.cb]).toEqual([25, 20, [1, 2, 3, 4, 77]])
    expect(runTc(spec, new Uint8Array(20)).r0).toBe(1n)
  })

  test('tests of a field leave the others alone', () => {
    const spec = tc('vlan', (b, skb) => {
      const x = b.variable(u32, 0)
      b.if(skb.vlanPresent.ne(0), () => x.set(skb.vlanTci))
      b.return(x.get())
    })
    expect(runTc(spec, new Uint8Array(14), { skb: { vlanPresent: 1, vlanTci: 5 } }).r0).toBe(5n)
    expect(runTc(spec, new Uint8Array(14), { skb: { vlanTci: 5 } }).r0).toBe(0n)
  })
})
