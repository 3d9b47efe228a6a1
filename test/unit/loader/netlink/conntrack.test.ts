import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseIp } from '../../../../src/loader/address/ip.ts'
import { protocols, statusBits, tcpStates } from '../../../../src/loader/netlink/conntrack/constants.ts'
import {
  decodeEntry,
  type NewConntrackEntry,
  statusNames,
  writeEntry,
} from '../../../../src/loader/netlink/conntrack/entry.ts'
import { deleteConntrackByMark } from '../../../../src/loader/netlink/conntrack/table.ts'
import {
  type ConntrackTuple,
  formatTuple,
  invertTuple,
  readTuple,
  writeTuple,
} from '../../../../src/loader/netlink/conntrack/tuple.ts'
import { AttributeWriter } from '../../../../src/loader/netlink/core/attribute-writer.ts'
import { Attributes } from '../../../../src/loader/netlink/core/attributes.ts'
import { NetlinkDecodeError } from '../../../../src/loader/netlink/core/errors.ts'
import type { NetlinkMessage } from '../../../../src/loader/netlink/core/message.ts'
import { netfilterHeader } from '../../../../src/loader/netlink/core/netfilter-message.ts'
import { NetlinkSocket } from '../../../../src/loader/netlink/core/socket.ts'
import { ack, PretendedKernel, port } from './support/pretended-kernel.ts'

const anyPort = fc.nat(65_535)
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const address = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })

const tuple: fc.Arbitrary<ConntrackTuple> = fc.constantFrom(4, 16).chain((size) => {
  const addresses = { source: address(size), destination: address(size) }
  const protocol = fc.constantFrom(protocols.tcp, protocols.udp, 132)
  const icmp = fc.record({
    id: anyPort,
    type: fc.constantFrom(...(size === 4 ? [0, 8] : [128, 129])),
    code: fc.nat(255),
  })
  return fc.oneof(
    fc.record({ ...addresses, protocol, sourcePort: anyPort, destinationPort: anyPort }),
    fc.record({ ...addresses, protocol: fc.constant(size === 4 ? protocols.icmp : protocols.icmpv6), icmp }),
    fc.record({ ...addresses, protocol: fc.constant(47) }),
  )
})

const entry: fc.Arbitrary<NewConntrackEntry> = fc.record(
  {
    original: tuple,
    timeout: u32,
    mark: u32,
    status: fc.nat(0xffff),
    zone: anyPort,
    tcpState: fc.constantFrom(...(Object.keys(tcpStates) as (keyof typeof tcpStates)[])),
  },
  { requiredKeys: ['original', 'timeout'] },
)

/** What the kernel adds to an entry: an id. */
function message(item: NewConntrackEntry): NetlinkMessage {
  const writer = new AttributeWriter().header(netfilterHeader(2)).be32(12, 4711)
  writeEntry(writer, item)
  return { type: 256, flags: 0, sequence: 1, port: 1, payload: writer.finish() }
}

describe('tuples', () => {
  test('any is read back as it was written', () => {
    fc.assert(
      fc.property(tuple, (item) => {
        const writer = new AttributeWriter()
        writeTuple(writer, 1, item)
        expect(readTuple(Attributes.parse(writer.finish()).nested(1))).toEqual(item)
      }),
    )
  })

  test('inverting twice gives the same', () => {
    fc.assert(
      fc.property(tuple, (item) => {
        expect(invertTuple(invertTuple(item))).toEqual(item)
        expect(invertTuple(item).source).toEqual(item.destination)
        expect(invertTuple(item).destinationPort).toBe(item.sourcePort)
      }),
    )
  })

  test('text', () => {
    const v4 = { source: parseIp('10.0.0.1'), destination: parseIp('10.0.0.2') }
    const v6 = { source: parseIp('::1'), destination: parseIp('::2') }
    const ports = { sourcePort: 1, destinationPort: 2 }
    expect(formatTuple({ ...v4, protocol: 6, ...ports })).toBe('6 10.0.0.1:1 -> 10.0.0.2:2')
    expect(formatTuple({ ...v6, protocol: 17, ...ports })).toBe('17 [::1]:1 -> [::2]:2')
    expect(formatTuple({ ...v6, protocol: 58 })).toBe('58 ::1 -> ::2')
  })

  test('an address of the wrong length, or none, is refused', () => {
    const bytes = new AttributeWriter()
      .nested(1, (ip) => ip.bytes(1, new Uint8Array(3)).bytes(2, new Uint8Array(4)))
      .nested(2, (protocol) => protocol.u8(1, 6))
      .finish()
    expect(() => readTuple(Attributes.parse(bytes))).toThrow(/3 bytes, expected 4/)
    expect(() => readTuple(undefined)).toThrow(NetlinkDecodeError)
  })
})

describe('entries', () => {
  test('what is written is read back; CONFIRMED is added to a status', () => {
    fc.assert(
      fc.property(entry, (item) => {
        const read = decodeEntry(message(item))
        const { original, timeout, mark = 0, zone = 0, status, tcpState } = item
        expect(read).toMatchObject({ original, timeout, mark, zone, tcpState, id: 4711, use: 0 })
        expect(read.reply).toEqual(invertTuple(original))
        expect(read.status).toBe(status === undefined ? 0 : status | statusBits.confirmed)
        expect(read.statusNames.reduce((bits, each) => bits | statusBits[each], 0)).toBe(read.status)
      }),
    )
  })

  test('damaged ones are read or refused, with a NetlinkDecodeError', () => {
    fc.assert(
      fc.property(entry, fc.nat(), fc.nat(255), (item, at, byte) => {
        const damaged = message(item)
        damaged.payload[at % damaged.payload.byteLength] = byte
        try {
          expect(decodeEntry(damaged).id).toBeTypeOf('number')
        } catch (error) {
          expect(error).toBeInstanceOf(NetlinkDecodeError)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('a message without its header is refused', () => {
    const short = { type: 256, flags: 0, sequence: 1, port: 1, payload: new Uint8Array(3) }
    expect(() => decodeEntry(short)).toThrow(/3 bytes, expected 4/)
  })

  test('status bits by name', () => {
    expect(statusNames(0)).toEqual([])
    expect(statusNames(0b1110)).toEqual(['seen_reply', 'assured', 'confirmed'])
  })

  test('a timeout that does not fit is refused', () => {
    const original = { source: parseIp('1.1.1.1'), destination: parseIp('2.2.2.2'), protocol: 47 }
    expect(() => message({ original, timeout: -1 })).toThrow(RangeError)
    expect(() => message({ original, timeout: 1.5 })).toThrow(RangeError)
  })
})

describe('deleting by mark', () => {
  const original = { source: parseIp('1.1.1.1'), destination: parseIp('2.2.2.2'), protocol: 47 }
  /** IPCTNL_MSG_CT_GET and IPCTNL_MSG_CT_DELETE of subsystem 1. */
  const get = 0x101
  const remove = 0x102

  /** A kernel whose table holds entries with these marks, and which ignores filters. */
  function kernelWith(marks: readonly number[]): PretendedKernel {
    return new PretendedKernel((sent) => {
      const sequence = sent[0]?.sequence ?? 0
      if (sent[0]?.type === remove) return [[ack(sequence)]]
      const entries = marks.map((mark) => ({ ...message({ original, timeout: 1, mark }), sequence, port }))
      return [[...entries, { type: 3, flags: 0, sequence, port, payload: new Uint8Array(4) }]]
    })
  }
  const typesSent = (kernel: PretendedKernel) => kernel.sent.map(([first]) => first?.type)

  test('deletes nothing when the kernel ignores the filter: it would empty the table', () => {
    const kernel = kernelWith([7, 8])
    const socket = new NetlinkSocket(kernel)
    expect(() => deleteConntrackByMark(socket, { mark: 7, mask: 0xff })).toThrow(
      'the kernel ignored the mark filter: asked for 0x7/0xff, got 0x8',
    )
    expect(typesSent(kernel)).toEqual([get])
  })

  test('deletes nothing when nothing matches: the filter was not seen to work', () => {
    const kernel = kernelWith([])
    expect(deleteConntrackByMark(new NetlinkSocket(kernel), { mark: 7, mask: 0xff })).toBe(0)
    expect(typesSent(kernel)).toEqual([get])
  })

  test('otherwise sends mark and mask', () => {
    const kernel = kernelWith([7, 0x107])
    expect(deleteConntrackByMark(new NetlinkSocket(kernel), { mark: 7, mask: 0xff })).toBe(2)
    expect(typesSent(kernel)).toEqual([get, remove])
    const attributes = Attributes.parse(kernel.sent[1]?.[0]?.payload ?? new Uint8Array(), 4)
    expect([attributes.be32(8), attributes.be32(21)]).toEqual([7, 0xff])
  })
})
