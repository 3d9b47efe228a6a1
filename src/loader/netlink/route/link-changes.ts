import { AttributeWriter } from '../core/attribute-writer.ts'
import { messageFlags } from '../core/constants.ts'
import type { NetlinkSocket } from '../core/socket.ts'
import { linkFlags, routeTypes } from './constants.ts'
import { getLink, linkAttributes, linkHeader, linkInfoAttributes } from './links.ts'

/** How a new interface shall be. */
export interface NewLink {
  /** 1–15 bytes. */
  readonly name: string
  /** Six bytes; chosen by the kernel when left out. */
  readonly mac?: Uint8Array
  readonly mtu?: number
}

/** One end of a veth pair. */
export interface VethEnd extends NewLink {
  /** File descriptor of the network namespace it is created in; the socket's own when left out. */
  readonly netnsFd?: number
}

/** VETH_INFO_PEER (include/uapi/linux/veth.h). */
const vethPeer = 1

/**
 * Creates two connected interfaces, each directly in its network namespace. Both are down.
 *
 * @throws {NetlinkError} EEXIST when one of the names is taken
 */
export function createVeth(socket: NetlinkSocket, end: VethEnd, peer: VethEnd): void {
  const writer = new AttributeWriter().header(linkHeader({}))
  writeNewLink(writer, end)
  writer.nested(linkAttributes.info, (info) => {
    info.string(linkInfoAttributes.kind, 'veth').nested(linkInfoAttributes.data, (data) => {
      data.nested(vethPeer, (inner) => {
        inner.header(linkHeader({}))
        writeNewLink(inner, peer)
      })
    })
  })
  createLink(socket, `create veth ${end.name} with peer ${peer.name}`, writer)
}

/** Creates an interface that swallows what is sent to it. It is down. @throws {NetlinkError} EEXIST. */
export function createDummy(socket: NetlinkSocket, link: VethEnd): void {
  createPlainLink(socket, 'dummy', link)
}

/** Creates a software bridge (see {@link LinkChange.master} to add ports). It is down. @throws {NetlinkError} EEXIST. */
export function createBridge(socket: NetlinkSocket, link: VethEnd): void {
  createPlainLink(socket, 'bridge', link)
}

/** What to change; what is left out stays. */
export interface LinkChange {
  readonly up?: boolean
  /** Bytes. */
  readonly mtu?: number
  /** Only while the interface is down, on older kernels. */
  readonly name?: string
  readonly mac?: Uint8Array
  /** File descriptor of the network namespace to move it to. */
  readonly netnsFd?: number
  /** Index of the bridge or bond it shall belong to; 0 to take it out. */
  readonly master?: number
}

/**
 * Changes an interface.
 *
 * @param which index or name
 * @throws {NetlinkError} ENODEV when there is none; EINVAL for an MTU out of its range
 */
export function setLink(socket: NetlinkSocket, which: number | string, change: LinkChange): void {
  const ifindex = indexOf(socket, which)
  const flags = change.up === undefined ? {} : { flags: change.up ? linkFlags.up : 0, change: linkFlags.up }
  const writer = new AttributeWriter().header(linkHeader({ ifindex, ...flags }))
  if (change.name !== undefined) writer.string(linkAttributes.name, change.name)
  if (change.mtu !== undefined) writer.u32(linkAttributes.mtu, change.mtu)
  if (change.mac !== undefined) writer.bytes(linkAttributes.address, change.mac)
  if (change.master !== undefined) writer.u32(linkAttributes.master, change.master)
  if (change.netnsFd !== undefined) writer.u32(linkAttributes.netnsFd, change.netnsFd)
  const attempted = `set link ${which} ${describe(change)}`
  socket.request({ attempted, type: routeTypes.newLink, payload: writer.finish() })
}

/**
 * Deletes an interface; both ends of a veth pair.
 *
 * @param which index or name
 * @throws {NetlinkError} ENODEV when there is none; EOPNOTSUPP for hardware
 */
export function deleteLink(socket: NetlinkSocket, which: number | string): void {
  const payload = linkHeader({ ifindex: indexOf(socket, which) })
  socket.request({ attempted: `delete link ${which}`, type: routeTypes.deleteLink, payload })
}

function indexOf(socket: NetlinkSocket, which: number | string): number {
  // RTM_SETLINK and RTM_DELLINK take a name, too, but an index says exactly which was meant in the error.
  return typeof which === 'number' ? which : getLink(socket, which).ifindex
}

function createPlainLink(socket: NetlinkSocket, kind: string, link: VethEnd): void {
  const writer = new AttributeWriter().header(linkHeader({}))
  writeNewLink(writer, link)
  writer.nested(linkAttributes.info, (info) => info.string(linkInfoAttributes.kind, kind))
  createLink(socket, `create ${kind} ${link.name}`, writer)
}

function writeNewLink(writer: AttributeWriter, link: VethEnd): void {
  writer.string(linkAttributes.name, link.name)
  if (link.mac !== undefined) writer.bytes(linkAttributes.address, link.mac)
  if (link.mtu !== undefined) writer.u32(linkAttributes.mtu, link.mtu)
  if (link.netnsFd !== undefined) writer.u32(linkAttributes.netnsFd, link.netnsFd)
}

function createLink(socket: NetlinkSocket, attempted: string, writer: AttributeWriter): void {
  const flags = messageFlags.create | messageFlags.exclusive
  socket.request({ attempted, type: routeTypes.newLink, flags, payload: writer.finish() })
}

function describe(change: LinkChange): string {
  const parts: string[] = []
  if (change.up !== undefined) parts.push(change.up ? 'up' : 'down')
  if (change.name !== undefined) parts.push(`name ${change.name}`)
  if (change.mtu !== undefined) parts.push(`mtu ${change.mtu}`)
  if (change.mac !== undefined) parts.push('address')
  if (change.master !== undefined) parts.push(`master ${change.master}`)
  if (change.netnsFd !== undefined) parts.push(`netns (fd ${change.netnsFd})`)
  return parts.join(' ')
}
