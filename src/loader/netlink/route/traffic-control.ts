import { AttributeWriter } from '../core/attribute-writer.ts'
import { Attributes, viewOf } from '../core/attributes.ts'
import { littleEndian, messageFlags } from '../core/constants.ts'
import { NetlinkDecodeError } from '../core/errors.ts'
import type { NetlinkMessage } from '../core/message.ts'
import type { NetlinkSocket } from '../core/socket.ts'
import { routeTypes } from './constants.ts'
import { checkIfindex } from './links.ts'

/** A queueing discipline. `clsact` queues nothing; it is where filters on ingress and egress hang. */
export interface Qdisc {
  readonly ifindex: number
  /** Such as `clsact`, `noqueue`, `fq_codel`. */
  readonly kind: string
  /** 32 bits: major number above, minor below. */
  readonly handle: number
  readonly parent: number
}

/** Where a filter of a clsact qdisc sees packets. */
export type FilterDirection = 'ingress' | 'egress'

/** Which filter: the first filter that decides ends the search, by priority and then handle. */
export interface FilterId {
  readonly ifindex: number
  readonly direction: FilterDirection
  /** 1–65535, the lowest first. */
  readonly priority: number
  /** 1 to 2^32 - 1. */
  readonly handle: number
}

/** A BPF program on a clsact qdisc. */
export interface BpfFilter extends FilterId {
  /** What it was called when it was attached, such as `tsbpf_lb`; not the program's own name. */
  readonly name: string
  /** The program's id, as BPF_PROG_GET_FD_BY_ID takes it. */
  readonly programId: number | undefined
  /** The program's tag: 8 bytes. */
  readonly tag: Uint8Array
  /** Whether the program's return value is the verdict (TC_ACT_*); otherwise it is a class id. */
  readonly directAction: boolean
}

/** TCA_* (include/uapi/linux/rtnetlink.h). */
const attributeTypes = { kind: 1, options: 2 } as const
/** TCA_BPF_* (include/uapi/linux/pkt_cls.h). */
const bpfAttributes = { fd: 6, name: 7, flags: 8, tag: 10, id: 11 } as const
/** TCA_BPF_FLAG_ACT_DIRECT (include/uapi/linux/pkt_cls.h). */
const directActionFlag = 1
/** TC_H_CLSACT, the major number of its handle, TC_H_MIN_INGRESS and _EGRESS (include/uapi/linux/pkt_sched.h). */
const clsactParent = 0xffff_fff1
const clsactHandle = 0xffff_0000
const directions = { ingress: 0xffff_fff2, egress: 0xffff_fff3 } as const
/** ETH_P_ALL (include/uapi/linux/if_ether.h). */
const allProtocols = 0x0003
/** sizeof(struct tcmsg) (include/uapi/linux/rtnetlink.h). */
const headerSize = 20

/** @returns the qdiscs of the socket's network namespace, or of one interface. @throws {NetlinkError} */
export function listQdiscs(socket: NetlinkSocket, ifindex?: number): Qdisc[] {
  const attempted = ifindex === undefined ? 'list qdiscs' : `list qdiscs of link ${ifindex}`
  const payload = header({ ifindex: ifindex ?? 0 })
  const all = socket.dump({ attempted, type: routeTypes.getQdisc, payload }, decodeQdisc)
  // Older kernels send those of all interfaces.
  return ifindex === undefined ? all : all.filter((qdisc) => qdisc.ifindex === ifindex)
}

/** Gives an interface a clsact qdisc. @throws {NetlinkError} EEXIST when it has one (or an ingress qdisc). */
export function addClsact(socket: NetlinkSocket, ifindex: number): void {
  const flags = messageFlags.create | messageFlags.exclusive
  const attempted = `add qdisc clsact to link ${ifindex}`
  socket.request({ attempted, type: routeTypes.newQdisc, flags, payload: clsact(ifindex) })
}

/**
 * Removes an interface's clsact qdisc and all filters on it, whoever made them: only for one that we added.
 *
 * @throws {NetlinkError} ENOENT or EINVAL when it has none
 */
export function deleteClsact(socket: NetlinkSocket, ifindex: number): void {
  const attempted = `delete qdisc clsact of link ${ifindex}`
  socket.request({ attempted, type: routeTypes.deleteQdisc, payload: clsact(ifindex) })
}

/** What {@link addBpfFilter} attaches. */
export interface NewBpfFilter extends FilterId {
  /** File descriptor of a program of type `sched_cls`. */
  readonly programFd: number
  /** 1–255 bytes. */
  readonly name: string
}

/**
 * Attaches a program in direct-action mode.
 *
 * @throws {NetlinkError} EEXIST when the priority and handle are taken; EINVAL without a clsact qdisc
 */
export function addBpfFilter(socket: NetlinkSocket, filter: NewBpfFilter): void {
  changeBpfFilter(socket, 'add', filter, messageFlags.create | messageFlags.exclusive)
}

/** Attaches a program in place of the one with the same priority and handle, in one step. @throws {NetlinkError} */
export function replaceBpfFilter(socket: NetlinkSocket, filter: NewBpfFilter): void {
  changeBpfFilter(socket, 'replace', filter, messageFlags.create)
}

/** Removes one filter. @throws {NetlinkError} ENOENT when there is none. */
export function deleteBpfFilter(socket: NetlinkSocket, filter: FilterId): void {
  const payload = filterMessage(filter).finish()
  const attempted = `delete bpf filter ${describe(filter)}`
  socket.request({ attempted, type: routeTypes.deleteFilter, payload })
}

/** @returns the BPF filters of an interface in one direction. @throws {NetlinkError} EINVAL without a clsact qdisc. */
export function listBpfFilters(
  socket: NetlinkSocket,
  ifindex: number,
  direction: FilterDirection,
): BpfFilter[] {
  const payload = header({ ifindex, parent: directions[direction] })
  const attempted = `list ${direction} filters of link ${ifindex}`
  return socket
    .dump({ attempted, type: routeTypes.getFilter, payload }, (message) => decodeFilter(message, direction))
    .filter((filter) => filter !== undefined)
}

function changeBpfFilter(socket: NetlinkSocket, verb: string, filter: NewBpfFilter, flags: number): void {
  const payload = filterMessage(filter)
    .nested(attributeTypes.options, (options) =>
      options
        .u32(bpfAttributes.fd, filter.programFd)
        .string(bpfAttributes.name, filter.name)
        .u32(bpfAttributes.flags, directActionFlag),
    )
    .finish()
  const attempted = `${verb} bpf filter ${filter.name} ${describe(filter)}`
  socket.request({ attempted, type: routeTypes.newFilter, flags, payload })
}

function clsact(ifindex: number): Uint8Array {
  return new AttributeWriter()
    .header(header({ ifindex, handle: clsactHandle, parent: clsactParent }))
    .string(attributeTypes.kind, 'clsact')
    .finish()
}

function filterMessage({ ifindex, direction, priority, handle }: FilterId): AttributeWriter {
  if (!Number.isInteger(priority) || priority < 1 || priority > 0xffff)
    throw new RangeError(`filter priority ${priority} is not within 1..65535`)
  if (!Number.isInteger(handle) || handle < 1 || handle > 0xffff_ffff)
    throw new RangeError(`filter handle ${handle} is not within 1..4294967295`)
  // Priority above, protocol in network byte order below.
  const info = ((priority << 16) | (allProtocols << 8)) >>> 0
  return new AttributeWriter()
    .header(header({ ifindex, handle, parent: directions[direction], info }))
    .string(attributeTypes.kind, 'bpf')
}

function decodeQdisc(message: NetlinkMessage): Qdisc {
  const { ifindex, handle, parent, attributes } = decode(message)
  return { ifindex, kind: attributes.string(attributeTypes.kind) ?? '', handle, parent }
}

/** `undefined` for other kinds of filter, and for the message that stands for a whole priority (handle 0). */
function decodeFilter(message: NetlinkMessage, direction: FilterDirection): BpfFilter | undefined {
  const { ifindex, handle, info, attributes } = decode(message)
  const options = attributes.nested(attributeTypes.options)
  if (attributes.string(attributeTypes.kind) !== 'bpf' || handle === 0 || options === undefined)
    return undefined
  return {
    ifindex,
    direction,
    priority: info >>> 16,
    handle,
    name: options.string(bpfAttributes.name) ?? '',
    programId: options.u32(bpfAttributes.id),
    tag: options.bytes(bpfAttributes.tag)?.slice() ?? new Uint8Array(),
    directAction: ((options.u32(bpfAttributes.flags) ?? 0) & directActionFlag) !== 0,
  }
}

function decode({ payload }: NetlinkMessage) {
  if (payload.byteLength < headerSize)
    throw new NetlinkDecodeError(`a tc message has ${payload.byteLength} bytes, expected ${headerSize}`)
  const view = viewOf(payload)
  return {
    ifindex: view.getInt32(4, littleEndian),
    handle: view.getUint32(8, littleEndian),
    parent: view.getUint32(12, littleEndian),
    info: view.getUint32(16, littleEndian),
    attributes: Attributes.parse(payload, headerSize),
  }
}

/** Encodes `struct tcmsg`. */
function header(fields: { ifindex: number; handle?: number; parent?: number; info?: number }): Uint8Array {
  const bytes = new Uint8Array(headerSize)
  const view = viewOf(bytes)
  view.setInt32(4, checkIfindex(fields.ifindex), littleEndian)
  view.setUint32(8, fields.handle ?? 0, littleEndian)
  view.setUint32(12, fields.parent ?? 0, littleEndian)
  view.setUint32(16, fields.info ?? 0, littleEndian)
  return bytes
}

function describe({ ifindex, direction, priority, handle }: FilterId): string {
  return `on ${direction} of link ${ifindex} (priority ${priority}, handle ${handle})`
}
