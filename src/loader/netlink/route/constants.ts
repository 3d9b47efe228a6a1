import type { IpFamily } from '../../address/ip.ts'

/** Message types (include/uapi/linux/rtnetlink.h): NEW; DEL is one more, GET two more. */
export const routeTypes = {
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newNeighbour: 28,
  deleteNeighbour: 29,
  getNeighbour: 30,
  newQdisc: 36,
  deleteQdisc: 37,
  getQdisc: 38,
  newFilter: 44,
  deleteFilter: 45,
  getFilter: 46,
} as const

/** AF_INET and AF_INET6 (include/linux/socket.h). */
export const addressFamilies = { ipv4: 2, ipv6: 10 } as const

/** @returns the family's name, `undefined` for anything but IP. */
export function familyName(family: number): IpFamily | undefined {
  if (family === addressFamilies.ipv4) return 'ipv4'
  if (family === addressFamilies.ipv6) return 'ipv6'
  return undefined
}

/** `IFF_*` (include/uapi/linux/if.h). */
export const linkFlags = {
  up: 0x1,
  broadcast: 0x2,
  loopback: 0x8,
  pointToPoint: 0x10,
  running: 0x40,
  noArp: 0x80,
  promiscuous: 0x100,
  multicast: 0x1000,
  lowerUp: 0x1_0000,
} as const

/** `ARPHRD_*` (include/uapi/linux/if_arp.h): `ether` and `loopback` put an Ethernet header in front of the packet, `none` nothing. */
export const hardwareTypes = { ether: 1, loopback: 772, none: 0xfffe } as const

/** `rt_scope_t` (include/uapi/linux/rtnetlink.h). */
export const scopes = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const

/** How far an address or a route reaches. */
export type Scope = keyof typeof scopes

/** `RTN_*` (include/uapi/linux/rtnetlink.h). */
export const routeKinds = {
  unspec: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
} as const

/** What a route does with a packet. */
export type RouteKind = keyof typeof routeKinds

/** `RT_TABLE_*` (include/uapi/linux/rtnetlink.h). */
export const routeTables = { default: 253, main: 254, local: 255 } as const

/** `RTPROT_*`: who made a route (include/uapi/linux/rtnetlink.h). */
export const routeProtocols = {
  unspec: 0,
  redirect: 1,
  kernel: 2,
  boot: 3,
  static: 4,
  ra: 9,
  dhcp: 16,
} as const
