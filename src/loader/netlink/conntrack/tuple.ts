import { formatIp, type IpFamily, ipFamily } from '../../address/ip.ts'
import type { AttributeWriter } from '../core/attribute-writer.ts'
import { type Attributes, required } from '../core/attributes.ts'
import { NetlinkDecodeError } from '../core/errors.ts'
import { ipAttributes, protocolAttributes, protocols, tupleAttributes } from './constants.ts'

/** Who talks to whom in one direction. Addresses have 4 or 16 bytes, both the same. */
export interface ConntrackTuple {
  readonly source: Uint8Array
  readonly destination: Uint8Array
  /** `IPPROTO_*`, such as 6 for TCP. */
  readonly protocol: number
  /** 0–65535; TCP, UDP, SCTP, DCCP and UDP-Lite. */
  readonly sourcePort?: number
  readonly destinationPort?: number
  /** ICMP and ICMPv6: an echo request and its reply have the same id. */
  readonly icmp?: { readonly id: number; readonly type: number; readonly code: number }
}

/** @returns the family of a tuple's addresses. @throws {RangeError} when they are not of one family. */
export function tupleFamily({ source, destination }: ConntrackTuple): IpFamily {
  const family = ipFamily(source)
  if (ipFamily(destination) !== family)
    throw new RangeError(`${formatIp(source)} and ${formatIp(destination)} are of different families`)
  return family
}

/** `6 10.0.0.1:1000 -> 10.0.0.2:80`, for messages. */
export function formatTuple(tuple: ConntrackTuple): string {
  const { source, destination, protocol, sourcePort, destinationPort } = tuple
  const end = (address: Uint8Array, port: number | undefined) => {
    const text = address.byteLength === 16 ? `[${formatIp(address)}]` : formatIp(address)
    return port === undefined ? formatIp(address) : `${text}:${port}`
  }
  return `${protocol} ${end(source, sourcePort)} -> ${end(destination, destinationPort)}`
}

/** The tuple of the answers when nothing is translated. ICMP types are those of the answer (echo only). */
export function invertTuple(tuple: ConntrackTuple): ConntrackTuple {
  const { source, destination, sourcePort, destinationPort, icmp, ...rest } = tuple
  return {
    ...rest,
    source: destination,
    destination: source,
    ...(destinationPort === undefined ? {} : { sourcePort: destinationPort }),
    ...(sourcePort === undefined ? {} : { destinationPort: sourcePort }),
    ...(icmp === undefined ? {} : { icmp: { ...icmp, type: invertIcmpType(icmp.type) } }),
  }
}

/** Writes a tuple into CTA_TUPLE_ORIG or CTA_TUPLE_REPLY. @throws {RangeError} when a field does not fit. */
export function writeTuple(writer: AttributeWriter, attribute: number, tuple: ConntrackTuple): void {
  const v4 = tupleFamily(tuple) === 'ipv4'
  writer.nested(attribute, (inner) => {
    inner.nested(tupleAttributes.ip, (ip) =>
      ip
        .bytes(v4 ? ipAttributes.sourceV4 : ipAttributes.sourceV6, tuple.source)
        .bytes(v4 ? ipAttributes.destinationV4 : ipAttributes.destinationV6, tuple.destination),
    )
    inner.nested(tupleAttributes.protocol, (protocol) => writeProtocol(protocol, tuple))
  })
}

/** Reads a tuple. @throws {NetlinkDecodeError} when it is malformed. */
export function readTuple(attributes: Attributes | undefined): ConntrackTuple {
  const ip = required(attributes?.nested(tupleAttributes.ip), 'addresses of a tuple')
  const protocol = required(attributes?.nested(tupleAttributes.protocol), 'protocol of a tuple')
  const number = required(protocol.u8(protocolAttributes.number), 'protocol number')
  const sourcePort = protocol.be16(protocolAttributes.sourcePort)
  const destinationPort = protocol.be16(protocolAttributes.destinationPort)
  const icmp = readIcmp(protocol, number)
  const source = readAddress(ip, ipAttributes.sourceV4, ipAttributes.sourceV6)
  const destination = readAddress(ip, ipAttributes.destinationV4, ipAttributes.destinationV6)
  if (source.byteLength !== destination.byteLength)
    throw new NetlinkDecodeError('the addresses of a tuple are of different families')
  return {
    source,
    destination,
    protocol: number,
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
    ...(icmp === undefined ? {} : { icmp }),
  }
}

function writeProtocol(writer: AttributeWriter, tuple: ConntrackTuple): void {
  const { protocol, sourcePort, destinationPort, icmp } = tuple
  writer.u8(protocolAttributes.number, protocol)
  if (sourcePort !== undefined) writer.be16(protocolAttributes.sourcePort, sourcePort)
  if (destinationPort !== undefined) writer.be16(protocolAttributes.destinationPort, destinationPort)
  if (icmp === undefined) return
  const attributes = icmpAttributes(protocol)
  writer.be16(attributes.id, icmp.id).u8(attributes.type, icmp.type).u8(attributes.code, icmp.code)
}

function readIcmp(protocol: Attributes, number: number): ConntrackTuple['icmp'] {
  const attributes = icmpAttributes(number)
  const id = protocol.be16(attributes.id)
  if (id === undefined) return undefined
  return { id, type: protocol.u8(attributes.type) ?? 0, code: protocol.u8(attributes.code) ?? 0 }
}

function icmpAttributes(protocol: number): { id: number; type: number; code: number } {
  const { icmpId, icmpType, icmpCode, icmpv6Id, icmpv6Type, icmpv6Code } = protocolAttributes
  return protocol === protocols.icmpv6
    ? { id: icmpv6Id, type: icmpv6Type, code: icmpv6Code }
    : { id: icmpId, type: icmpType, code: icmpCode }
}

function readAddress(ip: Attributes, v4: number, v6: number): Uint8Array {
  const address = required(ip.bytes(v4) ?? ip.bytes(v6), 'address of a tuple')
  const size = ip.has(v4) ? 4 : 16
  if (address.byteLength !== size)
    throw new NetlinkDecodeError(`an address has ${address.byteLength} bytes, expected ${size}`)
  return address.slice()
}

/** ICMP_ECHO 8, ICMP_ECHOREPLY 0 (RFC 792); ICMPv6 128 and 129 (RFC 4443). */
function invertIcmpType(type: number): number {
  const pairs: Readonly<Record<number, number>> = { 8: 0, 0: 8, 128: 129, 129: 128 }
  return pairs[type] ?? type
}
