import { IPPROTO_TCP, IPPROTO_UDP } from '../../../asm/packet/ipv4.ts'
import { formatIp, parseIp } from '../../../loader/address/ip.ts'
import { InvalidRequestError, NotYetError } from './errors.ts'

/** Transport protocols that are balanced, by name. */
export const protocols = { tcp: IPPROTO_TCP, udp: IPPROTO_UDP } as const
/** A transport protocol's name. */
export type Protocol = keyof typeof protocols

/** What clients connect to, as the operator writes it. */
export interface ServiceName {
  readonly protocol: Protocol
  /** 4 bytes, network order; undefined: every local address of the interface. */
  readonly address: Uint8Array | undefined
  /** 1–65535. */
  readonly port: number
}

/** Where connections go. */
export interface Endpoint {
  /** 4 bytes, network order. */
  readonly address: Uint8Array
  /** 1–65535. */
  readonly port: number
}

/** A backend as the operator writes it. */
export interface BackendRequest extends Endpoint {
  /** Its share of new connections relative to the others of the service, 1–1000. */
  readonly weight: number
}

/** The largest weight; keeps a service's ring small. */
export const maxWeight = 1000

/**
 * Reads `80`, `udp/53`, `203.0.113.10:80` or `tcp/203.0.113.10:80`.
 *
 * @throws {InvalidRequestError} saying what is wrong and how it is written
 */
export function parseService(text: string): ServiceName {
  const hint =
    'A service is written PORT, PROTOCOL/PORT, ADDRESS:PORT or PROTOCOL/ADDRESS:PORT: 80, udp/53, tcp/203.0.113.10:80.'
  const slash = text.indexOf('/')
  const word = slash < 0 ? 'tcp' : text.slice(0, slash)
  if (word !== 'tcp' && word !== 'udp')
    throw new InvalidRequestError(`service "${text}": the protocol must be tcp or udp, got "${word}"`, hint)
  const rest = slash < 0 ? text : text.slice(slash + 1)
  if (/^\d+$/.test(rest) || rest === '')
    return { protocol: word, address: undefined, port: parsePort(rest, `service "${text}"`, hint) }
  return { protocol: word, ...parseEndpoint(rest, `service "${text}"`, hint) }
}

/**
 * Reads `IP:PORT` with an optional `,weight=N`.
 *
 * @throws {InvalidRequestError} saying what is wrong and how it is written
 */
export function parseBackend(text: string): BackendRequest {
  const hint = 'A backend is written ADDRESS:PORT or ADDRESS:PORT,weight=N: 10.0.0.11:8080,weight=2.'
  const [place = '', ...options] = text.split(',')
  let weight = 1
  for (const option of options) {
    const value = /^weight=(.*)$/.exec(option)?.[1]
    if (value === undefined)
      throw new InvalidRequestError(`backend "${text}": unknown option "${option}"`, hint)
    weight = /^\d+$/.test(value) ? Number(value) : Number.NaN
    if (!(weight >= 1 && weight <= maxWeight))
      throw new InvalidRequestError(
        `backend "${text}": the weight must be 1 to ${maxWeight}, got "${value}"`,
        'To take a backend out without closing its connections, drain it.',
      )
  }
  return { ...parseEndpoint(place, `backend "${text}"`, hint), weight }
}

/** `tcp/203.0.113.10:80`, or `tcp/80` for every address of an interface. */
export function formatService(service: ServiceName): string {
  const { protocol, address, port } = service
  return address === undefined ? `${protocol}/${port}` : `${protocol}/${formatIp(address)}:${port}`
}

/** `10.0.0.11:8080`. */
export function formatEndpoint(endpoint: Endpoint): string {
  return `${formatIp(endpoint.address)}:${endpoint.port}`
}

/** Whether two services are written the same. */
export function sameService(a: ServiceName, b: ServiceName): boolean {
  return formatService(a) === formatService(b)
}

function parseEndpoint(text: string, what: string, hint: string): Endpoint {
  if (text.startsWith('[') || (text.match(/:/g)?.length ?? 0) > 1)
    throw new NotYetError(`${what}: IPv6 is not supported yet`, 'Use an IPv4 address for now.')
  const colon = text.lastIndexOf(':')
  if (colon < 0) throw new InvalidRequestError(`${what}: the port is missing`, hint)
  const address = readAddress(text.slice(0, colon), what, hint)
  return { address, port: parsePort(text.slice(colon + 1), what, hint) }
}

function readAddress(text: string, what: string, hint: string): Uint8Array {
  let address: Uint8Array
  try {
    address = parseIp(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new InvalidRequestError(`${what}: ${reason}`, hint)
  }
  const first = address[0] ?? 0
  if (first === 0) throw new InvalidRequestError(`${what}: ${text} is not the address of a host`, hint)
  if (first === 127)
    throw new InvalidRequestError(
      `${what}: ${text} is a loopback address, which packets from the network cannot reach`,
      'Use the address of an interface.',
    )
  if (first >= 224)
    throw new InvalidRequestError(
      `${what}: ${text} is a multicast or reserved address`,
      'Use the address of a host.',
    )
  return address
}

function parsePort(text: string, what: string, hint: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidRequestError(`${what}: "${text}" is not a port number`, hint)
  const port = Number(text)
  if (port < 1 || port > 65535)
    throw new InvalidRequestError(`${what}: the port must be 1 to 65535, got ${text}`, hint)
  return port
}
