import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatEndpoint,
  formatService,
  maxWeight,
  parseBackend,
  parseService,
  sameService,
} from '../../../../../src/programs/load-balancer/control/endpoint.ts'

const port = fc.integer({ min: 1, max: 65_535 })
const byte = fc.integer({ min: 0, max: 255 })
/** Addresses a host can have: not 0.x, not loopback, not multicast or reserved. */
const address = fc
  .tuple(
    fc.integer({ min: 1, max: 223 }).filter((first) => first !== 127),
    byte,
    byte,
    byte,
  )
  .map((bytes) => Uint8Array.from(bytes))
const protocol = fc.constantFrom('tcp' as const, 'udp' as const)

describe('services', () => {
  test('a service is read as it is written', () => {
    fc.assert(
      fc.property(protocol, fc.option(address, { nil: undefined }), port, (protocol, address, port) => {
        const service = { protocol, address, port }
        expect(parseService(formatService(service))).toEqual(service)
        expect(sameService(parseService(formatService(service)), service)).toBe(true)
      }),
    )
  })

  test.each([
    ['80', 'tcp/80'],
    ['tcp/80', 'tcp/80'],
    ['udp/53', 'udp/53'],
    ['203.0.113.10:80', 'tcp/203.0.113.10:80'],
    ['tcp/203.0.113.10:80', 'tcp/203.0.113.10:80'],
    ['udp/203.0.113.10:65535', 'udp/203.0.113.10:65535'],
    ['0080', 'tcp/80'],
  ])('%s means %s', (text, meant) => {
    expect(formatService(parseService(text))).toBe(meant)
  })

  test.each([
    ['0', 'service "0": the port must be 1 to 65535, got 0'],
    ['70000', 'service "70000": the port must be 1 to 65535, got 70000'],
    ['', 'service "": "" is not a port number'],
    ['udp/', 'service "udp/": "" is not a port number'],
    ['http', 'service "http": the port is missing'],
    ['-1', 'service "-1": the port is missing'],
    ['80.5', 'service "80.5": the port is missing'],
    ['sctp/80', 'service "sctp/80": the protocol must be tcp or udp, got "sctp"'],
    ['TCP/80', 'service "TCP/80": the protocol must be tcp or udp, got "TCP"'],
    ['/80', 'service "/80": the protocol must be tcp or udp, got ""'],
    ['10.0.0.1:http', 'service "10.0.0.1:http": "http" is not a port number'],
    ['10.0.0.1:', 'service "10.0.0.1:": "" is not a port number'],
    ['10.0.0.1:0', 'service "10.0.0.1:0": the port must be 1 to 65535, got 0'],
    ['10.0.0.1:70000', 'service "10.0.0.1:70000": the port must be 1 to 65535, got 70000'],
    ['10.0.0:80', /service "10\.0\.0:80": .*IPv4 needs four numbers separated by dots/],
    ['10.0.0.256:80', /service "10\.0\.0\.256:80": .*256 is larger than 255/],
    ['10.0.0.01:80', /"01" has a leading zero/],
    ['example.com:80', /IPv4 needs four numbers/],
    [':80', /IPv4 needs four numbers/],
    ['0.0.0.0:80', 'service "0.0.0.0:80": 0.0.0.0 is not the address of a host'],
    ['127.0.0.1:80', /127\.0\.0\.1 is a loopback address/],
    ['224.0.0.1:80', /224\.0\.0\.1 is a multicast or reserved address/],
    ['255.255.255.255:80', /multicast or reserved/],
    [' 80', 'service " 80": the port is missing'],
  ])('"%s" is refused', (text, message) => {
    expect(() => parseService(text)).toThrow(
      expect.objectContaining({
        code: 'INVALID_REQUEST',
        message: typeof message === 'string' ? message : expect.stringMatching(message),
        hint: expect.stringMatching(/./),
      }),
    )
  })

  test.each(['[2001:db8::1]:80', '2001:db8::1', 'tcp/[::1]:80', '::'])(
    'IPv6 (%s) is not there yet',
    (text) => {
      expect(() => parseService(text)).toThrow(
        expect.objectContaining({
          code: 'NOT_YET',
          message: `service "${text}": IPv6 is not supported yet`,
          hint: 'Use an IPv4 address for now.',
        }),
      )
    },
  )
})

describe('backends', () => {
  test('a backend is read as it is written', () => {
    const weight = fc.integer({ min: 1, max: maxWeight })
    fc.assert(
      fc.property(address, port, weight, (address, port, weight) => {
        const text = formatEndpoint({ address, port })
        expect(parseBackend(text)).toEqual({ address, port, weight: 1 })
        expect(parseBackend(`${text},weight=${weight}`)).toEqual({ address, port, weight })
      }),
    )
  })

  test.each([
    ['', 'backend "": the port is missing'],
    ['10.0.0.1', 'backend "10.0.0.1": the port is missing'],
    ['8080', 'backend "8080": the port is missing'],
    ['10.0.0.1:0', 'backend "10.0.0.1:0": the port must be 1 to 65535, got 0'],
    ['10.0.0.1:70000', 'backend "10.0.0.1:70000": the port must be 1 to 65535, got 70000'],
    ['10.0.0.1:80,weight=0', 'backend "10.0.0.1:80,weight=0": the weight must be 1 to 1000, got "0"'],
    [
      '10.0.0.1:80,weight=1001',
      'backend "10.0.0.1:80,weight=1001": the weight must be 1 to 1000, got "1001"',
    ],
    ['10.0.0.1:80,weight=', 'backend "10.0.0.1:80,weight=": the weight must be 1 to 1000, got ""'],
    ['10.0.0.1:80,weight=1.5', 'backend "10.0.0.1:80,weight=1.5": the weight must be 1 to 1000, got "1.5"'],
    ['10.0.0.1:80,weight=-1', 'backend "10.0.0.1:80,weight=-1": the weight must be 1 to 1000, got "-1"'],
    ['10.0.0.1:80,color=red', 'backend "10.0.0.1:80,color=red": unknown option "color=red"'],
    ['10.0.0.1:80,', 'backend "10.0.0.1:80,": unknown option ""'],
    ['127.0.0.1:80', /loopback/],
    ['tcp/10.0.0.1:80', /"tcp\/10" is not a number/],
  ])('"%s" is refused', (text, message) => {
    expect(() => parseBackend(text)).toThrow(
      expect.objectContaining({
        code: 'INVALID_REQUEST',
        message: typeof message === 'string' ? message : expect.stringMatching(message),
        hint: expect.stringMatching(/./),
      }),
    )
  })

  test('IPv6 is not there yet', () => {
    expect(() => parseBackend('[2001:db8::1]:80')).toThrow(expect.objectContaining({ code: 'NOT_YET' }))
  })
})

test('any text is either read or refused with a hint', () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f.:,/=[\]weight tcpud]*$/))
  fc.assert(
    fc.property(text, (text) => {
      for (const parse of [parseService, parseBackend]) {
        try {
          const { port } = parse(text)
          expect(port).toBeGreaterThan(0)
          expect(port).toBeLessThan(65_536)
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(INVALID_REQUEST|NOT_YET)$/) })
          expect((error as { hint: string }).hint).not.toBe('')
        }
      }
    }),
  )
})
