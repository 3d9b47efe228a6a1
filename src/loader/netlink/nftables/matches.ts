import type { IpFamily } from '../../address/ip.ts'
import { viewOf } from '../core/attributes.ts'
import { align4, littleEndian } from '../core/constants.ts'
import { nftFamilies } from './constants.ts'
import type { Expression } from './expressions.ts'

/** NF_CT_STATE_BIT (include/uapi/linux/netfilter/nf_conntrack_common.h). */
export const connectionStates = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 } as const

/** Where addresses stand in the IP headers (RFC 791, RFC 8200), and ports in UDP's and TCP's. */
const destinationAddress = { ipv4: { offset: 16, length: 4 }, ipv6: { offset: 24, length: 16 } } as const
const destinationPort = { offset: 2, length: 2 } as const

/** `iif @set`: the packet came in by an interface of the set (key: `iface_index`). */
export function inputInterfaceIn(set: string): Expression[] {
  return [
    { kind: 'meta', key: 'iif', register: 0 },
    { kind: 'lookup', set, register: 0, invert: false },
  ]
}

/**
 * `ip daddr . meta l4proto . th dport @set`: where the packet goes is in the set (key: address, `inet_proto`,
 * `inet_service`). The family is checked first, as a table of family `inet` sees both.
 */
export function destinationIn(set: string, family: IpFamily): Expression[] {
  const { offset, length } = destinationAddress[family]
  const words = length / 4
  const protocol = nftFamilies[family === 'ipv4' ? 'ip' : 'ip6']
  return [
    { kind: 'meta', key: 'nfproto', register: 0 },
    { kind: 'cmp', operator: 'eq', register: 0, value: Uint8Array.of(protocol) },
    { kind: 'payload', base: 'network', offset, length, register: 0 },
    { kind: 'meta', key: 'l4proto', register: words },
    { kind: 'payload', base: 'transport', ...destinationPort, register: words + 1 },
    { kind: 'lookup', set, register: 0, invert: false },
  ]
}

/** `ct state ! a,b`: the packet's connection is in none of the states. */
export function connectionStateNot(...states: (keyof typeof connectionStates)[]): Expression[] {
  const mask = states.reduce((bits, state) => bits | connectionStates[state], 0)
  return [{ kind: 'ct', key: 'state', register: 0 }, ...maskedEquals(mask, 0)]
}

/** IPS_* (include/uapi/linux/netfilter/nf_conntrack_common.h). */
export const connectionStatus = { seenReply: 1 << 1, assured: 1 << 2, confirmed: 1 << 3 } as const

/**
 * `ct status ! confirmed`: the packet has an entry that is not in the table yet. It was made for this very packet,
 * and how it is translated is still open.
 */
export const connectionIsNew: readonly Expression[] = [
  { kind: 'ct', key: 'status', register: 0 },
  ...maskedEquals(connectionStatus.confirmed, 0),
]

/** `meta priority & MASK == VALUE`. */
export function priorityIs(value: number, mask: number): Expression[] {
  return [{ kind: 'meta', key: 'priority', register: 0 }, ...maskedEquals(mask, value)]
}

/** `counter drop`. */
export const countAndDrop: readonly Expression[] = [
  { kind: 'counter', packets: 0n, bytes: 0n },
  { kind: 'verdict', verdict: 'drop' },
]

/** A set's key of type `iface_index`, or a register's content: 32 bits in host byte order. */
export function hostNumber(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  viewOf(bytes).setUint32(0, value, littleEndian)
  return bytes
}

/** A concatenated key: every part padded with zeros to four bytes. */
export function concatenatedKey(...parts: readonly Uint8Array[]): Uint8Array {
  const key = new Uint8Array(parts.reduce((sum, part) => sum + align4(part.byteLength), 0))
  let at = 0
  for (const part of parts) {
    key.set(part, at)
    at += align4(part.byteLength)
  }
  return key
}

/** The key of a set of address, `inet_proto`, `inet_service`. @param port 0–65535 @param protocol such as 6 for TCP */
export function destinationKey(address: Uint8Array, protocol: number, port: number): Uint8Array {
  return concatenatedKey(address, Uint8Array.of(protocol), Uint8Array.of(port >> 8, port & 0xff))
}

/** `register 0 & MASK == VALUE`, of a number in host byte order. */
function maskedEquals(mask: number, value: number): Expression[] {
  return [
    { kind: 'bitwise', source: 0, destination: 0, mask: hostNumber(mask), xor: new Uint8Array(4) },
    { kind: 'cmp', operator: 'eq', register: 0, value: hostNumber(value) },
  ]
}
