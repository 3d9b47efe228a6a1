import { describe, expect, test } from 'vitest'
import { controlTypes, messageFlags } from '../../../../src/loader/netlink/core/constants.ts'
import type { NetlinkMessage } from '../../../../src/loader/netlink/core/message.ts'
import { NetlinkSocket } from '../../../../src/loader/netlink/core/socket.ts'
import { ack, PretendedKernel, port, type Step } from './support/pretended-kernel.ts'

const itemType = 16
const sequenceOf = (sent: NetlinkMessage[]) => sent[0]?.sequence ?? -1
const u8 = (...bytes: number[]) => Uint8Array.from(bytes)

function item(sent: NetlinkMessage[], value: number, flags = 0): NetlinkMessage {
  return {
    type: itemType,
    flags: messageFlags.multi | flags,
    sequence: sequenceOf(sent),
    port,
    payload: u8(value),
  }
}

function done(sent: NetlinkMessage[], errno = 0, flags = 0): NetlinkMessage {
  const payload = new Uint8Array(4)
  new DataView(payload.buffer).setInt32(0, -errno, true)
  return { type: controlTypes.done, flags, sequence: sequenceOf(sent), port, payload }
}

const request = { attempted: 'try it', type: 18, payload: u8() }
const value = ({ payload }: NetlinkMessage) => payload[0]

describe('request', () => {
  test('gives what comes before the acknowledgement', () => {
    const kernel = new PretendedKernel((sent) => [[item(sent, 1)], [item(sent, 2), ack(sequenceOf(sent))]])
    expect(new NetlinkSocket(kernel).request(request).map(value)).toEqual([1, 2])
    expect(kernel.sent[0]?.[0]?.flags).toBe(messageFlags.request | messageFlags.ack)
  })

  test('messages for others are passed over', () => {
    const kernel = new PretendedKernel((sent) => [
      [{ ...item(sent, 7), sequence: 0 }],
      [
        { ...ack(sequenceOf(sent), 1), port: 78 },
        { ...ack(sequenceOf(sent), 1), sequence: 99 },
      ],
      [ack(sequenceOf(sent))],
    ])
    expect(new NetlinkSocket(kernel).request(request)).toEqual([])
  })

  test('a refusal carries the kernel’s words', () => {
    const kernel = new PretendedKernel((sent) => [[ack(sequenceOf(sent), 17, 'Taken')]])
    expect(() => new NetlinkSocket(kernel).request(request)).toThrow('try it: EEXIST: Taken')
  })

  test('no answer is an error, as are lost messages', () => {
    expect(() => new NetlinkSocket(new PretendedKernel(() => [])).request(request)).toThrow(/did not answer/)
    const kernel = new PretendedKernel(() => ['lost'])
    expect(() => new NetlinkSocket(kernel).request(request)).toThrow(/ENOBUFS/)
  })

  test('what a failed request left behind does not reach the next', () => {
    const kernel = new PretendedKernel(
      (sent) => [[ack(sequenceOf(sent), 1)], [item(sent, 9)]],
      (sent) => [[ack(sequenceOf(sent))]],
    )
    const socket = new NetlinkSocket(kernel)
    expect(() => socket.request(request)).toThrow(/EPERM/)
    expect(socket.request(request)).toEqual([])
    expect(kernel.sent.map(sequenceOf)).toEqual([1, 2])
  })
})

describe('dump', () => {
  const whole = (sent: NetlinkMessage[]) => [[item(sent, 1), item(sent, 2)], [item(sent, 3)], [done(sent)]]

  test('gives all parts', () => {
    const kernel = new PretendedKernel(whole)
    expect(new NetlinkSocket(kernel).dump(request, value)).toEqual([1, 2, 3])
    expect(kernel.sent[0]?.[0]?.flags).toBe(messageFlags.request | messageFlags.dump)
  })

  test.each<[string, (sent: NetlinkMessage[]) => readonly Step[]]>([
    [
      'a part says so',
      (sent) => [[item(sent, 1), item(sent, 9, messageFlags.dumpInterrupted)], [done(sent)]],
    ],
    ['the end says so', (sent) => [[item(sent, 9)], [done(sent, 0, messageFlags.dumpInterrupted)]]],
    ['datagrams were lost', (sent) => [[item(sent, 9)], 'lost', [item(sent, 9)], [done(sent)]]],
    ['an overrun is reported', (sent) => [[{ ...done(sent), type: controlTypes.overrun }], [done(sent)]]],
  ])('starts again when %s', (_name, disturbed) => {
    const kernel = new PretendedKernel(disturbed, disturbed, whole)
    expect(new NetlinkSocket(kernel).dump(request, value)).toEqual([1, 2, 3])
    expect(kernel.sent).toHaveLength(3)
  })

  test('gives up when it is disturbed every time', () => {
    const kernel = new PretendedKernel((sent) => [[done(sent, 0, messageFlags.dumpInterrupted)]])
    expect(() => new NetlinkSocket(kernel).dump(request, value)).toThrow(/changed during each of 8 dumps/)
    expect(kernel.sent).toHaveLength(8)
  })

  test('an error instead of the parts, or at their end', () => {
    const early = new PretendedKernel((sent) => [[ack(sequenceOf(sent), 19)]])
    expect(() => new NetlinkSocket(early).dump(request, value)).toThrow('try it: ENODEV')
    const late = new PretendedKernel((sent) => [[item(sent, 1)], [done(sent, 2)]])
    expect(() => new NetlinkSocket(late).dump(request, value)).toThrow('try it: ENOENT')
  })

  test('an answer that stops is an error', () => {
    const kernel = new PretendedKernel((sent) => [[item(sent, 1)], 'silent'])
    expect(() => new NetlinkSocket(kernel).dump(request, value)).toThrow(/did not answer/)
  })
})

describe('batch', () => {
  const requests = ['begin', 'first', 'second', 'end'].map((attempted) => ({ ...request, attempted }))
  const sequence = (sent: NetlinkMessage[], index: number) => sent[index]?.sequence ?? -1

  test('goes out as one datagram', () => {
    const kernel = new PretendedKernel((sent) => [[ack(sequence(sent, 2))]])
    new NetlinkSocket(kernel).batch('all', requests)
    expect(kernel.sent).toHaveLength(1)
    expect(kernel.sent[0]?.map((message) => message.sequence)).toEqual([1, 2, 3, 4])
  })

  test('the first refusal names its part, even if later answers were lost', () => {
    const kernel = new PretendedKernel((sent) => [
      [ack(sequence(sent, 1), 2, 'No such thing')],
      'lost',
      [ack(sequence(sent, 2), 17)],
    ])
    expect(() => new NetlinkSocket(kernel).batch('all', requests)).toThrow('first: ENOENT: No such thing')
  })

  test('no answer is an error', () => {
    const kernel = new PretendedKernel(() => [])
    expect(() => new NetlinkSocket(kernel).batch('all', requests)).toThrow(
      'all: EAGAIN: the kernel did not answer',
    )
  })
})
