import { formatIp, type IpFamily, ipFamily } from '../../address/ip.ts'
import { AttributeWriter } from '../core/attribute-writer.ts'
import { Attributes, required, viewOf } from '../core/attributes.ts'
import { littleEndian, messageFlags } from '../core/constants.ts'
import { NetlinkDecodeError, NetlinkError } from '../core/errors.ts'
import type { NetlinkMessage } from '../core/message.ts'
import { nameOf } from '../core/name-of.ts'
import type { NetlinkSocket } from '../core/socket.ts'
import {
  addressFamilies,
  familyName,
  type RouteKind,
  routeKinds,
  routeProtocols,
  routeTables,
  routeTypes,
  type Scope,
  scopes,
} from './constants.ts'

/** A route of a table, or the kernel's answer for one destination. */
export interface Route {
  readonly family: IpFamily
  /** What the kernel does with packets: `unicast` forwards, `local` delivers on this host. */
  readonly kind: RouteKind | number
  /** Network address, 4 or 16 bytes; all zero in a default route. */
  readonly destination: Uint8Array
  /** 0 in a default route; 32 or 128 in the answer to {@link getRoute}. */
  readonly prefixLength: number
  /** Index of the output interface. */
  readonly ifindex: number | undefined
  /** Next hop; `undefined` when the destination is on the link. May be IPv6 for an IPv4 destination (RTA_VIA). */
  readonly gateway: Uint8Array | undefined
  /** The address this host uses as source (RTA_PREFSRC). */
  readonly preferredSource: Uint8Array | undefined
  /** Bytes; `undefined` means: that of the interface. */
  readonly mtu: number | undefined
  /** Without policy rules the kernel keeps local and main in one trie, and answers main (254) for both. */
  readonly table: number
  readonly scope: Scope | number
  /** `RTPROT_*`: see `routeProtocols`. */
  readonly protocol: number
  /** Lower is preferred. */
  readonly metric: number | undefined
}

/** A route to make or remove. */
export interface RouteChange {
  /** The network; all routes of this family (a default route) when left out. */
  readonly destination?: { readonly address: Uint8Array; readonly prefixLength: number }
  /** Needed only for a default route without gateway. */
  readonly family?: IpFamily
  readonly gateway?: Uint8Array
  readonly ifindex?: number
  readonly preferredSource?: Uint8Array
  readonly mtu?: number
  readonly metric?: number
  /** Default: `unicast`. */
  readonly kind?: RouteKind
  /** Default: main (254). */
  readonly table?: number
  /** The gateway is on the link even if no address says so (RTNH_F_ONLINK). */
  readonly onLink?: boolean
}

/** RTA_* (include/uapi/linux/rtnetlink.h). */
const attributeTypes = {
  destination: 1,
  source: 2,
  iif: 3,
  oif: 4,
  gateway: 5,
  priority: 6,
  preferredSource: 7,
  metrics: 8,
  multipath: 9,
  table: 15,
  mark: 16,
  via: 18,
} as const
/** RTAX_MTU (include/uapi/linux/rtnetlink.h). */
const metricMtu = 2
/** RTNH_F_ONLINK (include/uapi/linux/rtnetlink.h). */
const onLinkFlag = 4
/** RTM_F_CLONED (include/uapi/linux/rtnetlink.h): a cached copy, such as a learnt path MTU. */
const clonedFlag = 0x200
/** RTM_F_LOOKUP_TABLE (include/uapi/linux/rtnetlink.h): answer with the table the route was found in. */
const lookupTableFlag = 0x1000
/** sizeof(struct rtmsg) (include/uapi/linux/rtnetlink.h). */
const headerSize = 12
/** sizeof(struct rtnexthop) (include/uapi/linux/rtnetlink.h). */
const nextHopSize = 8

/** @returns the routes of all tables, or of one. @throws {NetlinkError} when the kernel refuses. */
export function listRoutes(
  socket: NetlinkSocket,
  filter: { readonly family?: IpFamily; readonly table?: number } = {},
): Route[] {
  const family = filter.family === undefined ? 0 : addressFamilies[filter.family]
  const writer = new AttributeWriter().header(header({ family }))
  if (filter.table !== undefined) writer.u32(attributeTypes.table, filter.table)
  try {
    return socket
      .dump({ attempted: 'list routes', type: routeTypes.getRoute, payload: writer.finish() }, (message) =>
        isCloned(message) ? undefined : decodeRoute(message),
      )
      .filter((route) => route !== undefined)
  } catch (error) {
    // A table exists only while it has routes.
    if (filter.table !== undefined && error instanceof NetlinkError && error.errnoName === 'ENOENT') return []
    throw error
  }
}

/** What narrows the kernel's choice of a route. */
export interface RouteQuery {
  /** The packet's source address. */
  readonly source?: Uint8Array
  /** Index of the interface the packet arrives on: asks how it would be forwarded. */
  readonly inputIfindex?: number
  /** Index of the interface it has to leave by. */
  readonly outputIfindex?: number
  readonly mark?: number
}

/**
 * Asks which way the kernel would send a packet.
 *
 * @throws {NetlinkError} ENETUNREACH when there is no route; EHOSTUNREACH, EACCES or EINVAL for routes that refuse
 */
export function getRoute(socket: NetlinkSocket, destination: Uint8Array, query: RouteQuery = {}): Route {
  const bits = destination.byteLength * 8
  const family = addressFamilies[ipFamily(destination)]
  const writer = new AttributeWriter()
    .header(
      header({
        family,
        destinationLength: bits,
        sourceLength: query.source === undefined ? 0 : bits,
        // IPv6 always answers with the table, and refuses the flag.
        flags: bits === 32 ? lookupTableFlag : 0,
      }),
    )
    .bytes(attributeTypes.destination, destination)
  if (query.source !== undefined) writer.bytes(attributeTypes.source, query.source)
  if (query.inputIfindex !== undefined) writer.u32(attributeTypes.iif, query.inputIfindex)
  if (query.outputIfindex !== undefined) writer.u32(attributeTypes.oif, query.outputIfindex)
  if (query.mark !== undefined) writer.u32(attributeTypes.mark, query.mark)
  const [answer] = socket.request({
    attempted: `get the route to ${formatIp(destination)}`,
    type: routeTypes.getRoute,
    payload: writer.finish(),
  })
  return required(decodeRoute(required(answer, 'route')), 'IP route')
}

/** Makes a route. @throws {NetlinkError} EEXIST when there is one, ENETUNREACH when the gateway is out of reach. */
export function addRoute(socket: NetlinkSocket, route: RouteChange): void {
  const flags = messageFlags.create | messageFlags.exclusive
  changeRoute(socket, 'add', routeTypes.newRoute, route, flags)
}

/** Makes a route or replaces the one with the same destination, table and metric. @throws {NetlinkError} */
export function replaceRoute(socket: NetlinkSocket, route: RouteChange): void {
  changeRoute(socket, 'replace', routeTypes.newRoute, route, messageFlags.create | messageFlags.replace)
}

/** Removes the first route that has everything `route` says. @throws {NetlinkError} ESRCH when there is none. */
export function deleteRoute(socket: NetlinkSocket, route: RouteChange): void {
  changeRoute(socket, 'delete', routeTypes.deleteRoute, route, 0)
}

function changeRoute(
  socket: NetlinkSocket,
  verb: string,
  type: number,
  route: RouteChange,
  flags: number,
): void {
  const deleting = type === routeTypes.deleteRoute
  const family = familyOf(route)
  const kind = routeKinds[route.kind ?? 'unicast']
  const writer = new AttributeWriter().header(
    header({
      family: addressFamilies[family],
      destinationLength: route.destination?.prefixLength ?? 0,
      protocol: deleting ? 0 : routeProtocols.static,
      // RT_SCOPE_NOWHERE in a deletion matches any scope.
      scope: deleting ? scopes.nowhere : scopeOf(route),
      kind: deleting && route.kind === undefined ? 0 : kind,
      flags: route.onLink === true ? onLinkFlag : 0,
    }),
  )
  if (route.destination !== undefined) writer.bytes(attributeTypes.destination, route.destination.address)
  if (route.gateway !== undefined) writeGateway(writer, family, route.gateway)
  if (route.ifindex !== undefined) writer.u32(attributeTypes.oif, route.ifindex)
  if (route.preferredSource !== undefined) writer.bytes(attributeTypes.preferredSource, route.preferredSource)
  if (route.metric !== undefined) writer.u32(attributeTypes.priority, route.metric)
  const { mtu } = route
  if (mtu !== undefined) writer.nested(attributeTypes.metrics, (metrics) => metrics.u32(metricMtu, mtu))
  writer.u32(attributeTypes.table, route.table ?? routeTables.main)
  socket.request({ attempted: `${verb} route ${describe(route)}`, type, flags, payload: writer.finish() })
}

function writeGateway(writer: AttributeWriter, family: IpFamily, gateway: Uint8Array): void {
  const gatewayFamily = ipFamily(gateway)
  if (gatewayFamily === family) {
    writer.bytes(attributeTypes.gateway, gateway)
    return
  }
  // struct rtvia: a 16-bit family, then the address.
  const via = new Uint8Array(2 + gateway.byteLength)
  viewOf(via).setUint16(0, addressFamilies[gatewayFamily], littleEndian)
  via.set(gateway, 2)
  writer.bytes(attributeTypes.via, via)
}

function familyOf(route: RouteChange): IpFamily {
  if (route.destination !== undefined) {
    const { address, prefixLength } = route.destination
    const bits = address.byteLength * 8
    if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > bits)
      throw new RangeError(`prefix length ${prefixLength} is not within 0..${bits}`)
    return ipFamily(address)
  }
  if (route.family !== undefined) return route.family
  if (route.gateway !== undefined) return ipFamily(route.gateway)
  throw new TypeError('a default route needs a family or a gateway')
}

/** What iproute2 chooses, too: the kernel refuses a next hop whose scope is not narrower than the route's. */
function scopeOf(route: RouteChange): number {
  if (route.kind === 'local') return scopes.host
  if (route.kind === 'broadcast' || route.kind === 'anycast') return scopes.link
  const unicast = route.kind === undefined || route.kind === 'unicast'
  return unicast && route.gateway === undefined ? scopes.link : scopes.global
}

function isCloned(message: NetlinkMessage): boolean {
  if (message.payload.byteLength < headerSize) return false
  return (viewOf(message.payload).getUint32(8, littleEndian) & clonedFlag) !== 0
}

/** Reads an RTM_NEWROUTE message; `undefined` for families other than IP. */
function decodeRoute({ payload }: NetlinkMessage): Route | undefined {
  if (payload.byteLength < headerSize)
    throw new NetlinkDecodeError(`a route message has ${payload.byteLength} bytes, expected ${headerSize}`)
  const view = viewOf(payload)
  const family = familyName(view.getUint8(0))
  if (family === undefined) return undefined
  const attributes = Attributes.parse(payload, headerSize)
  const hop = firstNextHop(attributes.bytes(attributeTypes.multipath))
  const size = family === 'ipv4' ? 4 : 16
  return {
    family,
    kind: nameOf(routeKinds, view.getUint8(7)) ?? view.getUint8(7),
    destination: attributes.bytes(attributeTypes.destination)?.slice() ?? new Uint8Array(size),
    prefixLength: view.getUint8(1),
    ifindex: attributes.u32(attributeTypes.oif) ?? hop?.ifindex,
    gateway: gatewayOf(attributes) ?? (hop === undefined ? undefined : gatewayOf(hop.attributes)),
    preferredSource: attributes.bytes(attributeTypes.preferredSource)?.slice(),
    mtu: attributes.nested(attributeTypes.metrics)?.u32(metricMtu),
    table: attributes.u32(attributeTypes.table) ?? view.getUint8(4),
    scope: nameOf(scopes, view.getUint8(6)) ?? view.getUint8(6),
    protocol: view.getUint8(5),
    metric: attributes.u32(attributeTypes.priority),
  }
}

function gatewayOf(attributes: Attributes): Uint8Array | undefined {
  const via = attributes.bytes(attributeTypes.via)
  return attributes.bytes(attributeTypes.gateway)?.slice() ?? via?.slice(2)
}

/** RTA_MULTIPATH is an array of `struct rtnexthop`, each followed by attributes. */
function firstNextHop(multipath: Uint8Array | undefined) {
  if (multipath === undefined || multipath.byteLength < nextHopSize) return undefined
  const view = viewOf(multipath)
  const length = view.getUint16(0, littleEndian)
  if (length < nextHopSize || length > multipath.byteLength)
    throw new NetlinkDecodeError(`a next hop claims ${length} bytes, ${multipath.byteLength} are there`)
  const attributes = Attributes.parse(multipath.subarray(0, length), nextHopSize)
  return { ifindex: view.getInt32(4, littleEndian), attributes }
}

function header(fields: {
  family: number
  destinationLength?: number
  sourceLength?: number
  protocol?: number
  scope?: number
  kind?: number
  flags?: number
}): Uint8Array {
  const bytes = new Uint8Array(headerSize)
  bytes[0] = fields.family
  bytes[1] = fields.destinationLength ?? 0
  bytes[2] = fields.sourceLength ?? 0
  bytes[5] = fields.protocol ?? 0
  bytes[6] = fields.scope ?? 0
  bytes[7] = fields.kind ?? 0
  viewOf(bytes).setUint32(8, fields.flags ?? 0, littleEndian)
  return bytes
}

function describe(route: RouteChange): string {
  const { destination, gateway, ifindex } = route
  const target =
    destination === undefined ? 'default' : `${formatIp(destination.address)}/${destination.prefixLength}`
  const via = gateway === undefined ? '' : ` via ${formatIp(gateway)}`
  return `${target}${via}${ifindex === undefined ? '' : ` dev ${ifindex}`}`
}
