// The JavaScript half of the package: its native one takes longer to load than it can ever save on 16 bytes.
import { toBigIntBE, toBufferBE } from 'bigint-buffer/js'

/** The addresses of a network, both ends included; network byte order. */
export interface AddressRange {
  /** The network's own address: all host bits zero. */
  readonly first: Uint8Array
  /** All host bits one; in an IPv4 network of more than two addresses this is its broadcast address. */
  readonly last: Uint8Array
}

/**
 * The network that an address is in.
 *
 * @param address 4 or 16 bytes, network byte order
 * @param prefixLength 0–32 or 0–128: how many leading bits all addresses of the network have in common
 * @throws {RangeError} when either is not as said
 */
export function addressRange(address: Uint8Array, prefixLength: number): AddressRange {
  const { byteLength } = address
  if (byteLength !== 4 && byteLength !== 16)
    throw new RangeError(`an IP address has 4 or 16 bytes, got ${byteLength}`)
  const bits = byteLength * 8
  if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > bits)
    throw new RangeError(`prefix length ${prefixLength} is not within 0..${bits}`)
  const hostBits = (1n << BigInt(bits - prefixLength)) - 1n
  const value = toBigIntBE(address)
  const first = value - (value & hostBits)
  // A copy, because the package is free to answer with a Buffer.
  const bytes = (of: bigint): Uint8Array => Uint8Array.from(toBufferBE(of, byteLength))
  return { first: bytes(first), last: bytes(first + hostBits) }
}
