import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseIp } from '../../../../src/loader/address/ip.ts'
import { AttributeWriter } from '../../../../src/loader/netlink/core/attribute-writer.ts'
import { Attributes } from '../../../../src/loader/netlink/core/attributes.ts'
import { NetlinkDecodeError } from '../../../../src/loader/netlink/core/errors.ts'
import {
  connectionMarkByPriority,
  destinationByMark,
  destinationData,
  sourceByMark,
} from '../../../../src/loader/netlink/nftables/actions.ts'
import { type NftVerdict, nftVerdicts } from '../../../../src/loader/netlink/nftables/constants.ts'
import { tableDifferences } from '../../../../src/loader/netlink/nftables/differences.ts'
import {
  cmpOperators,
  type Expression,
  payloadBases,
  readExpression,
  writeExpression,
} from '../../../../src/loader/netlink/nftables/expressions.ts'
import { ctKeys, metaKeys } from '../../../../src/loader/netlink/nftables/keys.ts'
import {
  concatenatedKey,
  connectionStateNot,
  destinationIn,
  destinationKey,
  hostNumber,
} from '../../../../src/loader/netlink/nftables/matches.ts'
import { keyLength, keyTypeNumber } from '../../../../src/loader/netlink/nftables/specs.ts'
import { natTypes } from '../../../../src/loader/netlink/nftables/statements.ts'
import { NftTransaction } from '../../../../src/loader/netlink/nftables/transaction.ts'
import { commentItem, commentOf, encodeUserdata } from '../../../../src/loader/netlink/nftables/userdata.ts'

const register = fc.integer({ min: 0, max: 15 })
const value = fc.uint8Array({ minLength: 1, maxLength: 16 })
const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/)
const count = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn })
const keyOf = <K extends string>(table: Record<K, unknown>) => fc.constantFrom(...(Object.keys(table) as K[]))

const expression: fc.Arbitrary<Expression> = fc.oneof(
  fc.record({
    kind: fc.constant('payload' as const),
    base: keyOf(payloadBases),
    offset: fc.nat(255),
    length: fc.nat(64),
    register,
  }),
  fc.record({ kind: fc.constant('meta' as const), key: keyOf(metaKeys), register }),
  fc.record({ kind: fc.constant('ct' as const), key: keyOf(ctKeys), register }),
  fc.record({ kind: fc.constant('meta' as const), key: fc.integer({ min: 100, max: 200 }), register }),
  fc.record({ kind: fc.constant('cmp' as const), operator: keyOf(cmpOperators), register, value }),
  value.map((mask) => ({
    kind: 'bitwise' as const,
    source: 1,
    destination: 2,
    mask,
    xor: mask.map((byte) => 255 - byte),
  })),
  fc.record({ kind: fc.constant('lookup' as const), set: name, register, invert: fc.boolean() }),
  keyOf(nftVerdicts).map((verdict: NftVerdict) => ({ kind: 'verdict' as const, verdict })),
  name.map((chain) => ({ kind: 'verdict' as const, verdict: 'jump' as const, chain })),
  fc.record({ kind: fc.constant('counter' as const), packets: count, bytes: count }),
  fc.record({ kind: fc.constant('immediate' as const), register, value }),
  fc.record({ kind: fc.constant('map' as const), map: name, register, destination: register }),
  fc.record({ kind: fc.constant('meta set' as const), key: keyOf(metaKeys), register }),
  fc.record({ kind: fc.constant('meta set' as const), key: fc.integer({ min: 100, max: 200 }), register }),
  fc.record({ kind: fc.constant('ct set' as const), key: keyOf(ctKeys), register }),
  fc.record(
    {
      kind: fc.constant('nat' as const),
      translate: keyOf(natTypes),
      family: fc.constantFrom('ip' as const, 'ip6' as const),
      address: register,
      port: register,
    },
    { requiredKeys: ['kind', 'translate', 'family', 'address'] },
  ),
)

function encoded(item: Expression): Uint8Array {
  const writer = new AttributeWriter()
  writeExpression(writer, item)
  return writer.finish()
}

describe('expressions', () => {
  test('any is read back as it was written', () => {
    fc.assert(
      fc.property(expression, (item) => {
        expect(readExpression(Attributes.parse(encoded(item)))).toEqual(item)
      }),
    )
  })

  test('damaged ones are read or refused, with a NetlinkDecodeError', () => {
    fc.assert(
      fc.property(expression, fc.nat(), fc.nat(255), (item, at, byte) => {
        const bytes = encoded(item)
        bytes[at % bytes.byteLength] = byte
        try {
          expect(readExpression(Attributes.parse(bytes)).kind).toBeTypeOf('string')
        } catch (error) {
          expect(error).toBeInstanceOf(NetlinkDecodeError)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('128-bit register numbers, as the kernel answers them, are words', () => {
    const meta = (number: number) =>
      new AttributeWriter()
        .string(1, 'meta')
        .nested(2, (data) => data.be32(2, metaKeys.iif).be32(1, number))
        .finish()
    const registers = [1, 2, 3, 4, 8, 9, 23].map((number) => readExpression(Attributes.parse(meta(number))))
    expect(registers.map((item) => item.kind === 'meta' && item.register)).toEqual([0, 4, 8, 12, 0, 1, 15])
  })

  test('what cannot be written is refused', () => {
    const zero = new Uint8Array(4)
    expect(() => encoded({ kind: 'meta', key: 'iif', register: 16 })).toThrow(/0\.\.15/)
    expect(() => encoded({ kind: 'other', name: 'limit' })).toThrow(/"limit" can be read but not written/)
    expect(() =>
      encoded({ kind: 'bitwise', source: 0, destination: 0, mask: zero, xor: new Uint8Array(3) }),
    ).toThrow(/mask has 4 bytes, xor has 3/)
  })

  test('a translation that says more than is described here is read as what it is not: known', () => {
    const nat = (more: (data: AttributeWriter) => void) =>
      readExpression(
        Attributes.parse(
          new AttributeWriter()
            .string(1, 'nat')
            .nested(2, (data) => {
              data.be32(1, 1).be32(2, 2).be32(3, 8)
              more(data)
            })
            .finish(),
        ),
      )
    const known = { kind: 'nat', translate: 'destination', family: 'ip', address: 0 }
    const other = { kind: 'other', name: 'nat' }
    // As the kernel gives it back: the last address equals the first, and the flag says that there is an address.
    expect(nat((data) => data.be32(4, 8).be32(7, 1))).toEqual(known)
    expect(nat((data) => data.be32(4, 8).be32(5, 9).be32(6, 9).be32(7, 3))).toEqual({ ...known, port: 1 })
    expect(nat((data) => data.be32(4, 9))).toEqual(other)
    expect(nat((data) => data.be32(5, 9).be32(6, 10))).toEqual(other)
    // NF_NAT_RANGE_PROTO_RANDOM
    expect(nat((data) => data.be32(7, 1 | 4))).toEqual(other)
  })

  test('one kind not described here keeps its name', () => {
    const bytes = new AttributeWriter()
      .string(1, 'limit')
      .nested(2, (data) => data.be64(1, 3n))
      .finish()
    expect(readExpression(Attributes.parse(bytes))).toEqual({ kind: 'other', name: 'limit' })
  })
})

describe('keys', () => {
  test('concatenations are padded part by part', () => {
    expect([...destinationKey(parseIp('10.0.0.1'), 6, 80)]).toEqual([10, 0, 0, 1, 6, 0, 0, 0, 0, 80, 0, 0])
    expect(destinationKey(parseIp('::1'), 17, 53)).toHaveLength(24)
    expect([...concatenatedKey(Uint8Array.of(1, 2, 3, 4, 5), Uint8Array.of(6))]).toEqual([
      ...[1, 2, 3, 4, 5, 0, 0, 0],
      ...[6, 0, 0, 0],
    ])
    expect([...hostNumber(0x0102_0304)]).toEqual([4, 3, 2, 1])
  })

  test('type numbers and lengths are those nft uses', () => {
    expect(keyTypeNumber(['iface_index'])).toBe(20)
    expect(keyTypeNumber(['ipv4_addr', 'inet_proto', 'inet_service'])).toBe(0x730d)
    expect(keyTypeNumber(['ipv6_addr', 'inet_proto', 'inet_service'])).toBe(0x830d)
    expect(keyLength(['inet_service'])).toBe(2)
    expect(keyLength(['ipv4_addr', 'inet_proto', 'inet_service'])).toBe(12)
    expect(keyLength(['ipv6_addr', 'inet_proto', 'inet_service'])).toBe(24)
  })

  test('an IPv6 destination fills registers 0 to 3, so the next parts come after it', () => {
    const registers = destinationIn('s', 'ipv6').map((item) => 'register' in item && item.register)
    expect(registers).toEqual([0, 0, 0, 4, 5, 0])
    expect(connectionStateNot('established', 'related')[1]).toMatchObject({ mask: Uint8Array.of(6, 0, 0, 0) })
  })

  test('data of a translation is an address and a port after it', () => {
    expect([...destinationData(parseIp('10.0.0.1'), 8080)]).toEqual([10, 0, 0, 1, 0x1f, 0x90, 0, 0])
    expect(keyLength(['ipv4_addr', 'inet_service'])).toBe(8)
    expect(destinationByMark('m', 6, 'ipv4').at(-1)).toMatchObject({ address: 0, port: 1 })
    expect(destinationByMark('m', 6, 'ipv6').at(-1)).toMatchObject({ address: 0, port: 4 })
    expect(sourceByMark('m', 'ipv6').at(-1)).not.toHaveProperty('port')
    expect(connectionMarkByPriority('m').map(({ kind }) => kind)).toEqual(['meta', 'map', 'ct set'])
  })

  test('a list of elements that exceeds one message is spread; a key too long is refused', () => {
    const keys = Array.from({ length: 10_000 }, (_, index) => hostNumber(index))
    const table = { family: 'inet', name: 't' } as const
    expect(() => new NftTransaction('x').addElements(table, 's', keys)).not.toThrow()
    expect(() => new NftTransaction('x').addElements(table, 's', [new Uint8Array(65)])).toThrow(RangeError)
    const pairs = keys.map((key) => ({ key, data: new Uint8Array(64) }))
    expect(() => new NftTransaction('x').addMapElements(table, 'm', pairs)).not.toThrow()
    const long = [{ key: hostNumber(1), data: new Uint8Array(65) }]
    expect(() => new NftTransaction('x').addMapElements(table, 'm', long)).toThrow(RangeError)
  })
})

describe('comments', () => {
  test('are found among other items', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{0,127}$/), fc.uint8Array({ maxLength: 20 }), (text, other) => {
        const items = [
          { type: 9, value: other },
          { type: 7, value: commentItem(text) },
        ]
        expect(commentOf(encodeUserdata(items), 7)).toBe(text)
        expect(commentOf(encodeUserdata(items), 0)).toBeUndefined()
      }),
    )
  })

  test('foreign userdata is not a comment, and is never read out of range', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        expect(['string', 'undefined']).toContain(typeof commentOf(bytes, 0))
      }),
    )
    expect(commentOf(Uint8Array.of(0, 200, 65), 0)).toBeUndefined()
    expect(commentOf(undefined, 0)).toBeUndefined()
  })

  test('that nft would refuse are refused', () => {
    expect(() => commentItem('x'.repeat(128))).toThrow(/at most 127 bytes/)
    expect(() => commentItem('a\0b')).toThrow(RangeError)
  })
})

test('a table that is not there is one difference', () => {
  expect(tableDifferences({ family: 'ip', name: 't' }, undefined)).toEqual(['table ip t does not exist'])
})
