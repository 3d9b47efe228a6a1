import type { IpFamily } from '../../address/ip.ts'
import type { Expression } from './expressions.ts'
import { concatenatedKey, hostNumber } from './matches.ts'

/** `ct mark set meta priority map @map` (map: `classid` to `mark`). */
export function connectionMarkByPriority(map: string): Expression[] {
  return [
    { kind: 'meta', key: 'priority', register: 0 },
    { kind: 'map', map, register: 0, destination: 0 },
    { kind: 'ct set', key: 'mark', register: 0 },
  ]
}

/** `meta priority set none`. */
export const clearPriority: readonly Expression[] = [
  { kind: 'immediate', register: 0, value: hostNumber(0) },
  { kind: 'meta set', key: 'priority', register: 0 },
]

/**
 * `meta l4proto PROTOCOL dnat ip to ct mark map @map` (map: `mark` to address and `inet_service`). The kernel would do
 * without the protocol; `nft` accepts a port only where one is matched, and so reads what it has listed.
 *
 * @param protocol such as 6 for TCP
 */
export function destinationByMark(map: string, protocol: number, family: IpFamily): Expression[] {
  return [
    { kind: 'meta', key: 'l4proto', register: 0 },
    { kind: 'cmp', operator: 'eq', register: 0, value: Uint8Array.of(protocol) },
    ...byMark(map),
    {
      kind: 'nat',
      translate: 'destination',
      family: familyName(family),
      address: 0,
      port: family === 'ipv4' ? 1 : 4,
    },
  ]
}

/** `snat ip to ct mark map @map` (map: `mark` to address). */
export function sourceByMark(map: string, family: IpFamily): Expression[] {
  return [...byMark(map), { kind: 'nat', translate: 'source', family: familyName(family), address: 0 }]
}

/** The data of {@link destinationByMark}'s map. @param port 0–65535 */
export function destinationData(address: Uint8Array, port: number): Uint8Array {
  return concatenatedKey(address, Uint8Array.of(port >> 8, port & 0xff))
}

function byMark(map: string): Expression[] {
  return [
    { kind: 'ct', key: 'mark', register: 0 },
    { kind: 'map', map, register: 0, destination: 0 },
  ]
}

function familyName(family: IpFamily): 'ip' | 'ip6' {
  return family === 'ipv4' ? 'ip' : 'ip6'
}
