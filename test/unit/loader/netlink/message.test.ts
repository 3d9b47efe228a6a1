import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AttributeWriter } from '../../../../src/loader/netlink/core/attribute-writer.ts'
import { controlTypes, messageFlags } from '../../../../src/loader/netlink/core/constants.ts'
import { NetlinkDecodeError, NetlinkError } from '../../../../src/loader/netlink/core/errors.ts'
import {
  decodeDoneMessage,
  decodeErrorMessage,
  decodeMessages,
  encodeMessage,
  type NetlinkMessage,
} from '../../../../src/loader/netlink/core/message.ts'

const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const message = fc.record({
  type: u16,
  flags: u16,
  sequence: u32,
  port: u32,
  payload: fc.uint8Array({ maxLength: 40 }),
})

describe('messages', () => {
  test('any sequence of messages is read back', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
        const bytes = Uint8Array.from(messages.flatMap((each) => [...encodeMessage(each)]))
        const plain = decodeMessages(bytes).map((each) => ({ ...each, payload: each.payload.slice() }))
        expect(plain).toEqual(messages)
      }),
    )
  })

  test('the bytes on the wire', () => {
    const payload = Uint8Array.of(0xff)
    expect([...encodeMessage({ type: 16, flags: 0x301, sequence: 7, port: 0, payload })]).toEqual([
      ...[17, 0, 0, 0, 16, 0, 1, 3, 7, 0, 0, 0, 0, 0, 0, 0],
      ...[0xff, 0, 0, 0],
    ])
  })

  test('header fields that do not fit are refused', () => {
    const good: NetlinkMessage = { type: 1, flags: 0, sequence: 1, port: 0, payload: new Uint8Array() }
    expect(() => encodeMessage({ ...good, type: 65_536 })).toThrow(RangeError)
    expect(() => encodeMessage({ ...good, sequence: -1 })).toThrow(RangeError)
    expect(() => encodeMessage({ ...good, flags: 0.5 })).toThrow(RangeError)
  })

  test('arbitrary bytes are split or refused', () => {
    const valid = fc
      .array(message, { minLength: 1, maxLength: 3 })
      .map((messages) => Uint8Array.from(messages.flatMap((each) => [...encodeMessage(each)])))
    const damaged = fc.tuple(valid, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([bytes, at, value]) => {
      const copy = bytes.slice()
      copy[at % copy.byteLength] = value
      return copy
    })
    const cut = fc.tuple(valid, fc.nat()).map(([bytes, at]) => bytes.slice(0, at % bytes.byteLength))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), damaged, cut), (bytes) => {
        try {
          const total = decodeMessages(bytes).reduce((sum, each) => sum + 16 + each.payload.byteLength, 0)
          expect(total).toBeLessThanOrEqual(bytes.byteLength)
        } catch (error) {
          expect(error).toBeInstanceOf(NetlinkDecodeError)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('a length beyond the end, or below the header, is refused', () => {
    expect(() => decodeMessages(Uint8Array.of(17, ...new Array(15).fill(0)))).toThrow(/claims 17 bytes/)
    expect(() => decodeMessages(Uint8Array.of(15, ...new Array(15).fill(0)))).toThrow(/claims 15 bytes/)
    expect(() => decodeMessages(new Uint8Array(3))).toThrow(/3 stray bytes/)
  })
})

/** An NLMSG_ERROR as the kernel makes it: error, the request's header (and body unless capped), attributes. */
function errorMessage(errno: number, capped: boolean, attributes?: Uint8Array): NetlinkMessage {
  const body = new Uint8Array(8).fill(0xcc)
  const request = encodeMessage({ type: 16, flags: 5, sequence: 1, port: 0, payload: body })
  const result = new Uint8Array(4)
  new DataView(result.buffer).setInt32(0, errno, true)
  const echoed = capped ? request.subarray(0, 16) : request
  return {
    type: controlTypes.error,
    flags: (capped ? messageFlags.capped : 0) | (attributes === undefined ? 0 : messageFlags.ackAttributes),
    sequence: 1,
    port: 1,
    payload: Uint8Array.of(...result, ...echoed, ...(attributes ?? [])),
  }
}

describe('acknowledgements', () => {
  const attributes = new AttributeWriter().string(1, 'Not like this').u32(2, 32).u32(5, 9).finish()

  test.each([true, false])('an extended ack, capped: %s', (capped) => {
    expect(decodeErrorMessage(errorMessage(-17, capped, attributes))).toEqual({
      errno: 17,
      extendedAck: { message: 'Not like this', attributeOffset: 32, missingAttribute: 9 },
    })
  })

  test('the type of the attribute at fault is read from the request', () => {
    const payload = new AttributeWriter().header(new Uint8Array(16)).u32(4, 70_000).finish()
    const request = encodeMessage({ type: 16, flags: 5, sequence: 1, port: 0, payload })
    const { extendedAck } = decodeErrorMessage(errorMessage(-22, true, attributes), request)
    expect(extendedAck.attributeType).toBe(4)
    const beyond = decodeErrorMessage(errorMessage(-22, true, attributes), request.subarray(0, 34))
    expect(beyond.extendedAck.attributeType).toBeUndefined()
  })

  test('success, and no attributes', () => {
    expect(decodeErrorMessage(errorMessage(0, true))).toEqual({ errno: 0, extendedAck: { message: '' } })
  })

  test('a malformed acknowledgement is refused', () => {
    const short = { ...errorMessage(-1, true), payload: new Uint8Array(19) }
    expect(() => decodeErrorMessage(short)).toThrow(NetlinkDecodeError)
    expect(() => decodeErrorMessage(errorMessage(1, true))).toThrow(/positive error number/)
    const cut = errorMessage(-1, false, attributes)
    expect(() => decodeErrorMessage({ ...cut, payload: cut.payload.subarray(0, 22) })).toThrow(
      NetlinkDecodeError,
    )
  })

  test('the end of a dump', () => {
    const done = (bytes: number[]): NetlinkMessage => ({
      type: controlTypes.done,
      flags: 0,
      sequence: 1,
      port: 1,
      payload: Uint8Array.from(bytes),
    })
    expect(decodeDoneMessage(done([])).errno).toBe(0)
    expect(decodeDoneMessage(done([0, 0, 0, 0])).errno).toBe(0)
    expect(decodeDoneMessage(done([0xfe, 0xff, 0xff, 0xff])).errno).toBe(2)
    expect(decodeDoneMessage(done([5, 0, 0, 0])).errno).toBe(0)
  })
})

describe('NetlinkError', () => {
  test('says what was attempted, the error, the kernel’s words and where', () => {
    const error = new NetlinkError('create veth lb0', 17, {
      message: 'Taken',
      attributeOffset: 32,
      attributeType: 3,
    })
    expect(error.message).toBe('create veth lb0: EEXIST: Taken')
    expect(error.details).toBe('the kernel objects to the attribute at byte 32 of the request (type 3)')
    expect(error).toMatchObject({
      code: 'NETLINK',
      errno: 17,
      errnoName: 'EEXIST',
      attempted: 'create veth lb0',
    })
  })

  test('explains the number when the kernel says nothing, and hints', () => {
    const error = new NetlinkError('list links', 1)
    expect(error.message).toBe('list links: EPERM: operation not permitted')
    expect(error.hint).toContain('CAP_NET_ADMIN')
    expect(new NetlinkError('x', 524).message).toBe('x: ENOTSUPP: no reason given')
  })
})
