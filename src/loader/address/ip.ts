import { TsbpfError } from '../../asm/diagnostics/error.ts'

/** Text that is not an IP address. */
export class IpAddressError extends TsbpfError {
  /** The text. */
  readonly text: string

  constructor(text: string, reason: string) {
    super('IP_ADDRESS', `"${text}" is not an IP address: ${reason}`, {
      hint: 'Write IPv4 as 192.0.2.1 and IPv6 as 2001:db8::1, without prefix length, port, brackets or zone.',
    })
    this.text = text
  }
}

/** `ipv4` for 4 bytes, `ipv6` for 16. */
export type IpFamily = 'ipv4' | 'ipv6'

/** @returns the family of an address in bytes. @throws {RangeError} unless there are 4 or 16 bytes. */
export function ipFamily(address: Uint8Array): IpFamily {
  if (address.byteLength === 4) return 'ipv4'
  if (address.byteLength === 16) return 'ipv6'
  throw new RangeError(`an IP address has 4 or 16 bytes, got ${address.byteLength}`)
}

/**
 * Reads an address in text: IPv4 as four decimal numbers (no leading zeros, no short forms), IPv6 as in RFC 4291
 * section 2.2 (groups of one to four hexadecimal digits, one `::`, an IPv4 tail).
 *
 * @returns 4 or 16 bytes, network byte order
 * @throws {IpAddressError} saying what is wrong with it
 */
export function parseIp(text: string): Uint8Array {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text, text)
}

/**
 * Writes an address as text: IPv4 as four decimal numbers; IPv6 as RFC 5952 recommends (lower case, no leading
 * zeros, `::` for the longest and first run of at least two zero groups, IPv4-mapped addresses with an IPv4 tail).
 *
 * @throws {RangeError} unless there are 4 or 16 bytes
 */
export function formatIp(address: Uint8Array): string {
  return ipFamily(address) === 'ipv4' ? address.join('.') : formatIpv6(address)
}

const groupCount = 8

function parseIpv4(text: string, whole: string): Uint8Array {
  const parts = text.split('.')
  if (parts.length !== 4) throw new IpAddressError(whole, 'IPv4 needs four numbers separated by dots')
  return Uint8Array.from(parts, (part) => {
    if (!/^\d{1,3}$/.test(part)) throw new IpAddressError(whole, `"${part}" is not a number from 0 to 255`)
    if (part.length > 1 && part.startsWith('0'))
      throw new IpAddressError(whole, `"${part}" has a leading zero, which some read as octal`)
    if (Number(part) > 255) throw new IpAddressError(whole, `${part} is larger than 255`)
    return Number(part)
  })
}

function parseIpv6(text: string): Uint8Array {
  const halves = text.split('::')
  if (halves.length > 2 || text.includes(':::'))
    throw new IpAddressError(text, '"::" may stand in it only once')
  const [head = '', tail] = halves
  const before = parseGroups(head, text, tail === undefined)
  const after = tail === undefined ? [] : parseGroups(tail, text, true)
  const given = before.length + after.length
  if (tail === undefined && given !== groupCount)
    throw new IpAddressError(text, `IPv6 has ${groupCount} groups, this has ${given}`)
  if (tail !== undefined && given >= groupCount)
    throw new IpAddressError(text, `"::" stands for at least one group, and ${given} are given`)
  const groups = [...before, ...new Array<number>(groupCount - given).fill(0), ...after]
  const bytes = new Uint8Array(16)
  groups.forEach((group, index) => {
    bytes[index * 2] = group >> 8
    bytes[index * 2 + 1] = group & 0xff
  })
  return bytes
}

function parseGroups(half: string, whole: string, mayEndInIpv4: boolean): number[] {
  if (half === '') return []
  const parts = half.split(':')
  return parts.flatMap((part, index) => {
    if (part.includes('.') && mayEndInIpv4 && index === parts.length - 1) {
      const [a = 0, b = 0, c = 0, d = 0] = parseIpv4(part, whole)
      return [(a << 8) | b, (c << 8) | d]
    }
    if (part === '') throw new IpAddressError(whole, 'a group between two colons is empty')
    if (!/^[0-9a-fA-F]{1,4}$/.test(part))
      throw new IpAddressError(whole, `"${part}" is not one to four hexadecimal digits`)
    return [Number.parseInt(part, 16)]
  })
}

function formatIpv6(address: Uint8Array): string {
  const mapped = address.subarray(0, 10).every((byte) => byte === 0) && address[10] === 0xff
  if (mapped && address[11] === 0xff) return `::ffff:${address.subarray(12).join('.')}`
  const groups = Array.from({ length: groupCount }, (_, index) =>
    (((address[index * 2] ?? 0) << 8) | (address[index * 2 + 1] ?? 0)).toString(16),
  )
  const { start, length } = longestZeroRun(groups)
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  groups.forEach((group, index) => {
    if (group !== '0') start = index + 1
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start }
  })
  return best
}
