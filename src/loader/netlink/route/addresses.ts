import { formatIp, type IpFamily, ipFamily } from '../../address/ip.ts'
import { addressRange } from '../../address/prefix.ts'
import { AttributeWriter } from '../core/attribute-writer.ts'
import { Attributes, required, viewOf } from '../core/attributes.ts'
import { littleEndian, messageFlags } from '../core/constants.ts'
import { NetlinkDecodeError } from '../core/errors.ts'
import type { NetlinkMessage } from '../core/message.ts'
import { nameOf } from '../core/name-of.ts'
import type { NetlinkSocket } from '../core/socket.ts'
import { addressFamilies, familyName, routeTypes, type Scope, scopes } from './constants.ts'
import { checkIfindex } from './links.ts'

/** An address of an interface. */
export interface InterfaceAddress {
  readonly ifindex: number
  readonly family: IpFamily
  /** The interface's own address: 4 or 16 bytes, network byte order. */
  readonly address: Uint8Array
  /** 0–32 or 0–128. */
  readonly prefixLength: number
  readonly scope: Scope | number
  /** `IFA_F_*` (include/uapi/linux/if_addr.h): see `addressFlags`. */
  readonly flags: number
  /** IPv4 only; on IPv6 the label is empty. */
  readonly label: string
}

/** `IFA_F_*` (include/uapi/linux/if_addr.h). */
export const addressFlags = {
  secondary: 0x01,
  noDuplicateDetection: 0x02,
  duplicate: 0x08,
  deprecated: 0x20,
  tentative: 0x40,
  permanent: 0x80,
} as const

/** IFA_* (include/uapi/linux/if_addr.h). */
const attributeTypes = { address: 1, local: 2, label: 3, broadcast: 4, flags: 8 } as const

/** sizeof(struct ifaddrmsg) (include/uapi/linux/if_addr.h). */
const headerSize = 8

/**
 * @param filter only that interface's, only that family's
 * @returns the addresses of the socket's network namespace
 * @throws {NetlinkError} ENODEV when there is no such interface
 */
export function listAddresses(
  socket: NetlinkSocket,
  filter: { readonly ifindex?: number; readonly family?: IpFamily } = {},
): InterfaceAddress[] {
  const family = filter.family === undefined ? 0 : addressFamilies[filter.family]
  const attempted =
    filter.ifindex === undefined ? 'list addresses' : `list addresses of link ${filter.ifindex}`
  return socket
    .dump(
      { attempted, type: routeTypes.getAddress, payload: header({ family, ifindex: filter.ifindex ?? 0 }) },
      decodeAddress,
    )
    .filter((address) => address !== undefined)
}

/** An address to give to an interface, or to take from it. */
export interface AddressChange {
  readonly ifindex: number
  readonly address: Uint8Array
  readonly prefixLength: number
  /** `host` makes an address that is not used towards others. Default: `global`. */
  readonly scope?: Scope
  /** IPv6: use it at once, without looking for a duplicate on the link (IFA_F_NODAD). Default: false. */
  readonly noDuplicateDetection?: boolean
}

/** Gives an interface an address. @throws {NetlinkError} EEXIST when it has it, ENODEV without such an interface. */
export function addAddress(socket: NetlinkSocket, change: AddressChange): void {
  const writer = addressMessage(change)
  if (change.noDuplicateDetection === true)
    writer.u32(attributeTypes.flags, addressFlags.noDuplicateDetection)
  const flags = messageFlags.create | messageFlags.exclusive
  socket.request({
    attempted: `add address ${describe(change)}`,
    type: routeTypes.newAddress,
    flags,
    payload: writer.finish(),
  })
}

/** Takes an address from an interface. @throws {NetlinkError} EADDRNOTAVAIL when it does not have it. */
export function deleteAddress(socket: NetlinkSocket, change: AddressChange): void {
  socket.request({
    attempted: `delete address ${describe(change)}`,
    type: routeTypes.deleteAddress,
    payload: addressMessage(change).finish(),
  })
}

/** Reads an RTM_NEWADDR message; `undefined` for families other than IP. */
function decodeAddress(message: NetlinkMessage): InterfaceAddress | undefined {
  const { payload } = message
  if (payload.byteLength < headerSize)
    throw new NetlinkDecodeError(`an address message has ${payload.byteLength} bytes, expected ${headerSize}`)
  const view = viewOf(payload)
  const family = familyName(view.getUint8(0))
  if (family === undefined) return undefined
  const attributes = Attributes.parse(payload, headerSize)
  // On point-to-point links IFA_ADDRESS is the other end's; IPv6 sends IFA_LOCAL only then.
  const address = attributes.bytes(attributeTypes.local) ?? attributes.bytes(attributeTypes.address)
  return {
    ifindex: view.getUint32(4, littleEndian),
    family,
    address: required(address, 'address').slice(),
    prefixLength: view.getUint8(1),
    scope: nameOf(scopes, view.getUint8(3)) ?? view.getUint8(3),
    flags: attributes.u32(attributeTypes.flags) ?? view.getUint8(2),
    label: attributes.string(attributeTypes.label) ?? '',
  }
}

function addressMessage(change: AddressChange): AttributeWriter {
  const { address, prefixLength } = change
  const family = addressFamilies[ipFamily(address)]
  const { last } = addressRange(address, prefixLength)
  const scope = scopes[change.scope ?? 'global']
  const writer = new AttributeWriter()
    .header(header({ family, prefixLength, scope, ifindex: change.ifindex }))
    .bytes(attributeTypes.local, address)
    .bytes(attributeTypes.address, address)
  // Without it the interface has no broadcast address; RFC 3021: none on /31.
  if (address.byteLength === 4 && prefixLength < 31) writer.bytes(attributeTypes.broadcast, last)
  return writer
}

function header(fields: {
  family: number
  prefixLength?: number
  scope?: number
  ifindex: number
}): Uint8Array {
  const bytes = new Uint8Array(headerSize)
  const view = viewOf(bytes)
  view.setUint8(0, fields.family)
  view.setUint8(1, fields.prefixLength ?? 0)
  view.setUint8(3, fields.scope ?? 0)
  view.setUint32(4, checkIfindex(fields.ifindex), littleEndian)
  return bytes
}

function describe({ address, prefixLength, ifindex }: AddressChange): string {
  return `${formatIp(address)}/${prefixLength} on link ${ifindex}`
}
