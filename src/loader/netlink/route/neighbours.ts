import { formatIp, type IpFamily, ipFamily } from '../../address/ip.ts'
import { AttributeWriter } from '../core/attribute-writer.ts'
import { Attributes, required, viewOf } from '../core/attributes.ts'
import { littleEndian, messageFlags } from '../core/constants.ts'
import { NetlinkDecodeError } from '../core/errors.ts'
import type { NetlinkMessage } from '../core/message.ts'
import { nameOf } from '../core/name-of.ts'
import type { NetlinkSocket } from '../core/socket.ts'
import { addressFamilies, familyName, routeTypes } from './constants.ts'
import { checkIfindex } from './links.ts'

/** `NUD_*` (include/uapi/linux/neighbour.h). */
export const neighbourStates = {
  none: 0,
  incomplete: 0x01,
  reachable: 0x02,
  stale: 0x04,
  delay: 0x08,
  probe: 0x10,
  failed: 0x20,
  noarp: 0x40,
  permanent: 0x80,
} as const

/** How sure the kernel is of a neighbour's link-layer address. */
export type NeighbourState = keyof typeof neighbourStates

/** An entry of the ARP or neighbour discovery table. */
export interface Neighbour {
  readonly ifindex: number
  readonly family: IpFamily
  readonly address: Uint8Array
  /** Empty while unknown. */
  readonly mac: Uint8Array
  readonly state: NeighbourState | number
}

/** NDA_* (include/uapi/linux/neighbour.h). */
const attributeTypes = { destination: 1, linkAddress: 2, ifindex: 8 } as const
/** sizeof(struct ndmsg) (include/uapi/linux/neighbour.h). */
const headerSize = 12

/** @returns the neighbours, of all interfaces or one. @throws {NetlinkError} when the kernel refuses. */
export function listNeighbours(
  socket: NetlinkSocket,
  filter: { readonly family?: IpFamily; readonly ifindex?: number } = {},
): Neighbour[] {
  const family = filter.family === undefined ? 0 : addressFamilies[filter.family]
  const writer = new AttributeWriter().header(header(family, 0, 0))
  if (filter.ifindex !== undefined) writer.u32(attributeTypes.ifindex, filter.ifindex)
  return socket
    .dump(
      { attempted: 'list neighbours', type: routeTypes.getNeighbour, payload: writer.finish() },
      decodeNeighbour,
    )
    .filter((neighbour) => neighbour !== undefined)
}

/** Enters a neighbour's link-layer address for good (NUD_PERMANENT), replacing what was known. @throws {NetlinkError} */
export function setNeighbour(
  socket: NetlinkSocket,
  neighbour: { readonly ifindex: number; readonly address: Uint8Array; readonly mac: Uint8Array },
): void {
  const { ifindex, address, mac } = neighbour
  const family = addressFamilies[ipFamily(address)]
  const payload = new AttributeWriter()
    .header(header(family, ifindex, neighbourStates.permanent))
    .bytes(attributeTypes.destination, address)
    .bytes(attributeTypes.linkAddress, mac)
    .finish()
  const flags = messageFlags.create | messageFlags.replace
  const attempted = `set neighbour ${formatIp(address)} on link ${ifindex}`
  socket.request({ attempted, type: routeTypes.newNeighbour, flags, payload })
}

/** Forgets a neighbour. @throws {NetlinkError} ENOENT when it is not known. */
export function deleteNeighbour(socket: NetlinkSocket, ifindex: number, address: Uint8Array): void {
  const payload = new AttributeWriter()
    .header(header(addressFamilies[ipFamily(address)], ifindex, 0))
    .bytes(attributeTypes.destination, address)
    .finish()
  const attempted = `delete neighbour ${formatIp(address)} on link ${ifindex}`
  socket.request({ attempted, type: routeTypes.deleteNeighbour, payload })
}

function decodeNeighbour({ payload }: NetlinkMessage): Neighbour | undefined {
  if (payload.byteLength < headerSize)
    throw new NetlinkDecodeError(
      `a neighbour message has ${payload.byteLength} bytes, expected ${headerSize}`,
    )
  const view = viewOf(payload)
  const family = familyName(view.getUint8(0))
  if (family === undefined) return undefined
  const attributes = Attributes.parse(payload, headerSize)
  const state = view.getUint16(8, littleEndian)
  return {
    ifindex: view.getInt32(4, littleEndian),
    family,
    address: required(attributes.bytes(attributeTypes.destination), 'neighbour address').slice(),
    mac: attributes.bytes(attributeTypes.linkAddress)?.slice() ?? new Uint8Array(),
    state: nameOf(neighbourStates, state) ?? state,
  }
}

function header(family: number, ifindex: number, state: number): Uint8Array {
  const bytes = new Uint8Array(headerSize)
  const view = viewOf(bytes)
  view.setUint8(0, family)
  view.setInt32(4, checkIfindex(ifindex), littleEndian)
  view.setUint16(8, state, littleEndian)
  return bytes
}
