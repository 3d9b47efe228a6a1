import { isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatIp, IpAddressError, ipFamily, parseIp } from '../../../../src/loader/address/ip.ts'
import { formatMac, parseMac } from '../../../../src/loader/address/mac.ts'

const v4 = fc.uint8Array({ minLength: 4, maxLength: 4 })
/** Zero groups are common, so that runs of them are. */
const v6 = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])))

describe('formatIp', () => {
  // RFC 5952, sections 2, 4 and 5.
  test.each([
    ['2001:0db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:DB8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['::ffff:c000:201', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s is %s', (text, canonical) => {
    expect(formatIp(parseIp(text))).toBe(canonical)
  })

  test('is read back as the same bytes', () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6), (bytes) => {
        expect(parseIp(formatIp(bytes))).toEqual(bytes)
      }),
    )
  })

  test('agrees with the URL standard, which writes IPv6 the same way but for IPv4-mapped addresses', () => {
    fc.assert(
      fc.property(v6, (bytes) => {
        const text = formatIp(bytes)
        fc.pre(!text.includes('.'))
        expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`)
      }),
    )
  })

  test('refuses other lengths', () => {
    for (const length of [0, 3, 5, 15, 17]) expect(() => formatIp(new Uint8Array(length))).toThrow(RangeError)
  })
})

describe('parseIp', () => {
  test('accepts and refuses what node does', () => {
    const character = fc.constantFrom(...'0123456789abcF:::.'.split(''))
    fc.assert(
      fc.property(fc.array(character, { maxLength: 24 }), (characters) => {
        const text = characters.join('')
        if (isIPv4(text) || isIPv6(text)) {
          const bytes = parseIp(text)
          expect(ipFamily(bytes)).toBe(isIPv4(text) ? 'ipv4' : 'ipv6')
          expect(parseIp(formatIp(bytes))).toEqual(bytes)
        } else expect(() => parseIp(text)).toThrow(IpAddressError)
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['10.0.0.1', [10, 0, 0, 1]],
    ['255.255.255.255', [255, 255, 255, 255]],
    ['0.0.0.0', [0, 0, 0, 0]],
    ['::', new Array(16).fill(0)],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ['::ffff:1.2.3.4', [...new Array(10).fill(0), 255, 255, 1, 2, 3, 4]],
    ['1::8', [0, 1, ...new Array(12).fill(0), 0, 8]],
    ['1:2:3:4:5:6:7::', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]],
  ])('%s', (text, bytes) => {
    expect([...parseIp(text)]).toEqual(bytes)
  })

  test.each([
    ['', 'four numbers'],
    ['10.1', 'four numbers'],
    ['10.0.0.01', 'leading zero'],
    ['10.0.0.256', 'larger than 255'],
    ['10.0.0.+1', 'not a number'],
    ['10.0.0.1 ', 'not a number'],
    ['0x0a.0.0.1', 'not a number'],
    ['1::2::3', 'only once'],
    [':::', 'only once'],
    ['1:2:3:4:5:6:7', 'this has 7'],
    ['1:2:3:4:5:6:7:8:9', 'this has 9'],
    ['1:2:3:4::5:6:7:8', 'at least one group'],
    [':1:2:3:4:5:6:7', 'empty'],
    ['12345::', 'hexadecimal'],
    ['fe80::1%eth0', 'hexadecimal'],
    ['1.2.3.4::', 'hexadecimal'],
    ['::1.2.3.4:5', 'hexadecimal'],
    ['::1.2.3.04', 'leading zero'],
    ['[::1]', 'hexadecimal'],
    ['::1/128', 'hexadecimal'],
  ])('%j is refused: %s', (text, reason) => {
    expect(() => parseIp(text)).toThrow(reason)
    expect(() => parseIp(text)).toThrow(IpAddressError)
  })
})

describe('MAC addresses', () => {
  test('round trip', () => {
    const mac = fc.uint8Array({ minLength: 6, maxLength: 6 })
    fc.assert(
      fc.property(mac, (bytes) => {
        expect(parseMac(formatMac(bytes))).toEqual(bytes)
      }),
    )
  })

  test.each(['', '02:00:00:00:00', '02-00-00-00-00-01', '02:00:00:00:00:0g', '2:0:0:0:0:1'])(
    '%j is refused',
    (text) => expect(() => parseMac(text)).toThrow(/not a MAC address/),
  )
})
