import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatIp, parseIp } from '../../../../src/loader/address/ip.ts'
import { addressRange } from '../../../../src/loader/address/prefix.ts'

describe('addressRange', () => {
  it.each([
    ['192.0.2.77', 24, '192.0.2.0', '192.0.2.255'],
    ['10.1.2.3', 31, '10.1.2.2', '10.1.2.3'],
    ['10.1.2.3', 32, '10.1.2.3', '10.1.2.3'],
    ['255.255.255.255', 0, '0.0.0.0', '255.255.255.255'],
    ['0.0.0.1', 8, '0.0.0.0', '0.255.255.255'],
    ['2001:db8:1:2::42', 61, '2001:db8:1::', '2001:db8:1:7:ffff:ffff:ffff:ffff'],
    ['::1', 128, '::1', '::1'],
    ['fe80::1', 0, '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('%s/%i is from %s to %s', (address, prefixLength, first, last) => {
    const range = addressRange(parseIp(address), prefixLength)
    expect([formatIp(range.first), formatIp(range.last)]).toEqual([first, last])
  })

  it('keeps the prefix and fills the rest with zeros or ones, bit by bit', () => {
    const address = fc
      .constantFrom(4, 16)
      .chain((size) =>
        fc.tuple(fc.uint8Array({ minLength: size, maxLength: size }), fc.integer({ min: 0, max: size * 8 })),
      )
    fc.assert(
      fc.property(address, ([bytes, prefixLength]) => {
        const before = Uint8Array.from(bytes)
        const { first, last } = addressRange(bytes, prefixLength)
        expect(bytes).toEqual(before)
        for (let bit = 0; bit < bytes.length * 8; bit++) {
          const at = (of: Uint8Array): number => ((of[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1
          expect([at(first), at(last)]).toEqual(bit < prefixLength ? [at(bytes), at(bytes)] : [0, 1])
        }
      }),
    )
  })

  it.each([-1, 33, 1.5, Number.NaN])('refuses the prefix length %f', (prefixLength) => {
    expect(() => addressRange(parseIp('10.0.0.1'), prefixLength)).toThrow(RangeError)
  })

  it('refuses what is no address', () => {
    expect(() => addressRange(new Uint8Array(5), 8)).toThrow('4 or 16 bytes, got 5')
  })
})
