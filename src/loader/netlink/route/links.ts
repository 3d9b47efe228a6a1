import { ENODEV } from '../../system-constants.ts'
import { AttributeWriter } from '../core/attribute-writer.ts'
import { Attributes, required, viewOf } from '../core/attributes.ts'
import { littleEndian } from '../core/constants.ts'
import { NetlinkDecodeError, NetlinkError } from '../core/errors.ts'
import type { NetlinkMessage } from '../core/message.ts'
import type { NetlinkSocket } from '../core/socket.ts'
import { linkFlags, routeTypes } from './constants.ts'

/** A network interface. */
export interface Link {
  readonly ifindex: number
  readonly name: string
  /** `IFF_*`: see `linkFlags`. */
  readonly flags: number
  /** Whether it is set up (IFF_UP), with or without a carrier. */
  readonly up: boolean
  /** Whether the layer below works, too (IFF_LOWER_UP): a carrier, a veth peer that is up. */
  readonly lowerUp: boolean
  /** Bytes of the largest packet, link-layer header not counted. */
  readonly mtu: number
  /** Link-layer address: 6 bytes on Ethernet, none on tunnels without one. */
  readonly mac: Uint8Array
  /** `ARPHRD_*`: see `hardwareTypes`. */
  readonly hardwareType: number
  /** Driver kind, such as `veth`; `undefined` for physical interfaces and loopback. */
  readonly kind: string | undefined
  /** Index of the bridge or bond it belongs to. */
  readonly master: number | undefined
  /** Index of the interface it is stacked on, or of the veth peer; in the peer's network namespace. */
  readonly peer: number | undefined
  /** Id of the network namespace `peer` is in, as this namespace numbers its peers; `undefined`: the same. */
  readonly peerNamespaceId: number | undefined
}

/** IFLA_* (include/uapi/linux/if_link.h). */
export const linkAttributes = {
  address: 1,
  name: 3,
  mtu: 4,
  link: 5,
  master: 10,
  info: 18,
  netnsFd: 28,
  extendedMask: 29,
  linkNetnsId: 37,
  alternativeName: 53,
} as const

/** IFLA_INFO_* (include/uapi/linux/if_link.h). */
export const linkInfoAttributes = { kind: 1, data: 2 } as const

/** `struct ifinfomsg` (include/uapi/linux/rtnetlink.h): its size. */
export const linkHeaderSize = 16

/** RTEXT_FILTER_SKIP_STATS (include/uapi/linux/rtnetlink.h): leave the counters out. */
const skipStatistics = 1 << 3
/** IFNAMSIZ - 1 (include/uapi/linux/if.h); longer names are alternative names. */
const maximumNameLength = 15

/** @returns all interfaces of the socket's network namespace. @throws {NetlinkError} when the kernel refuses. */
export function listLinks(socket: NetlinkSocket): Link[] {
  const payload = new AttributeWriter()
    .header(linkHeader({}))
    .u32(linkAttributes.extendedMask, skipStatistics)
    .finish()
  return socket.dump({ attempted: 'list links', type: routeTypes.getLink, payload }, decodeLink)
}

/**
 * @param which index or name (alternative names included)
 * @returns that interface
 * @throws {NetlinkError} ENODEV when there is none
 */
export function getLink(socket: NetlinkSocket, which: number | string): Link {
  const writer = new AttributeWriter().header(linkHeader(typeof which === 'number' ? { ifindex: which } : {}))
  if (typeof which === 'string') {
    const short = new TextEncoder().encode(which).byteLength <= maximumNameLength
    writer.string(short ? linkAttributes.name : linkAttributes.alternativeName, which)
  }
  writer.u32(linkAttributes.extendedMask, skipStatistics)
  const request = { attempted: `get link ${which}`, type: routeTypes.getLink, payload: writer.finish() }
  const [answer] = socket.request(request)
  return decodeLink(required(answer, 'link'))
}

/** As {@link getLink}, but `undefined` when there is no such interface. */
export function findLink(socket: NetlinkSocket, which: number | string): Link | undefined {
  try {
    return getLink(socket, which)
  } catch (error) {
    if (error instanceof NetlinkError && error.errno === ENODEV) return undefined
    throw error
  }
}

/** Encodes `struct ifinfomsg`. `change` says which of `flags` to set. */
export function linkHeader(fields: { ifindex?: number; flags?: number; change?: number }): Uint8Array {
  const bytes = new Uint8Array(linkHeaderSize)
  const view = viewOf(bytes)
  view.setInt32(4, checkIfindex(fields.ifindex ?? 0), littleEndian)
  view.setUint32(8, fields.flags ?? 0, littleEndian)
  view.setUint32(12, fields.change ?? 0, littleEndian)
  return bytes
}

/** @returns `ifindex`. @throws {RangeError} when it is no interface index. */
export function checkIfindex(ifindex: number): number {
  if (!Number.isInteger(ifindex) || ifindex < 0 || ifindex > 0x7fff_ffff)
    throw new RangeError(`${ifindex} is not an interface index`)
  return ifindex
}

/** Reads an RTM_NEWLINK message. @throws {NetlinkDecodeError} when it is malformed. */
export function decodeLink(message: NetlinkMessage): Link {
  if (message.payload.byteLength < linkHeaderSize)
    throw new NetlinkDecodeError(`a link message has ${message.payload.byteLength} bytes, expected 16`)
  const view = viewOf(message.payload)
  const attributes = Attributes.parse(message.payload, linkHeaderSize)
  const flags = view.getUint32(8, littleEndian)
  return {
    ifindex: view.getInt32(4, littleEndian),
    name: required(attributes.string(linkAttributes.name), 'interface name'),
    flags,
    up: (flags & linkFlags.up) !== 0,
    lowerUp: (flags & linkFlags.lowerUp) !== 0,
    mtu: required(attributes.u32(linkAttributes.mtu), 'MTU'),
    mac: attributes.bytes(linkAttributes.address)?.slice() ?? new Uint8Array(),
    hardwareType: view.getUint16(2, littleEndian),
    kind: attributes.nested(linkAttributes.info)?.string(linkInfoAttributes.kind),
    master: attributes.u32(linkAttributes.master),
    peer: attributes.u32(linkAttributes.link),
    peerNamespaceId: attributes.s32(linkAttributes.linkNetnsId),
  }
}
