import { TsbpfError } from '../../../asm/diagnostics/error.ts'
import type { IpFamily } from '../../address/ip.ts'
import { AttributeWriter } from '../core/attribute-writer.ts'
import { required } from '../core/attributes.ts'
import { messageFlags } from '../core/constants.ts'
import { NetlinkError } from '../core/errors.ts'
import { decodeNetfilter, netfilterHeader, netfilterType } from '../core/netfilter-message.ts'
import type { NetlinkSocket } from '../core/socket.ts'
import { addressFamilies } from '../route/constants.ts'
import { conntrackTypes, entryAttributes, statisticsAttributes } from './constants.ts'
import { type ConntrackEntry, decodeEntry, type NewConntrackEntry, writeEntry } from './entry.ts'
import { type ConntrackTuple, formatTuple, tupleFamily, writeTuple } from './tuple.ts'

/** Entries whose mark, where `mask` has ones, is `mark`. */
export interface MarkFilter {
  /** 32 bits; no ones where `mask` has zeros, or nothing would match. */
  readonly mark: number
  /** 32 bits, not 0: that would match everything. */
  readonly mask: number
}

/**
 * Lists the connection tracking table of the socket's network namespace; the kernel does the filtering.
 *
 * @param socket a socket for `netfilter`
 * @throws {NetlinkError} when the kernel refuses; {@link TsbpfError} `CONNTRACK_FILTER` for an unfit filter, or
 *   when the kernel ignores it (CONFIG_NF_CONNTRACK_MARK missing)
 */
export function listConntrack(
  socket: NetlinkSocket,
  filter: { readonly family?: IpFamily; readonly mark?: MarkFilter } = {},
): ConntrackEntry[] {
  const writer = new AttributeWriter().header(netfilterHeader(familyNumber(filter.family)))
  if (filter.mark !== undefined) writeMark(writer, filter.mark)
  const request = {
    attempted: filter.mark === undefined ? 'list conntrack entries' : `list ${describe(filter.mark)}`,
    type: netfilterType('conntrack', conntrackTypes.get),
    payload: writer.finish(),
  }
  const entries = socket.dump(request, decodeEntry)
  if (filter.mark !== undefined) assertFiltered(entries, filter.mark)
  return entries
}

/**
 * @param tuple of either direction
 * @returns the entry, `undefined` when there is none
 * @throws {NetlinkError} when the kernel refuses
 */
export function findConntrack(
  socket: NetlinkSocket,
  tuple: ConntrackTuple,
  zone?: number,
): ConntrackEntry | undefined {
  try {
    const [answer] = socket.request({
      attempted: `get conntrack entry ${formatTuple(tuple)}`,
      type: netfilterType('conntrack', conntrackTypes.get),
      payload: tuplePayload(tuple, zone),
    })
    return decodeEntry(required(answer, 'conntrack entry'))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Makes an entry. @throws {NetlinkError} EEXIST when one of its tuples is taken. */
export function createConntrack(socket: NetlinkSocket, entry: NewConntrackEntry): void {
  const family = familyNumber(tupleFamily(entry.original))
  const writer = new AttributeWriter().header(netfilterHeader(family))
  writeEntry(writer, entry)
  socket.request({
    attempted: `create conntrack entry ${formatTuple(entry.original)}`,
    type: netfilterType('conntrack', conntrackTypes.new),
    flags: messageFlags.create | messageFlags.exclusive,
    payload: writer.finish(),
  })
}

/**
 * Deletes one entry.
 *
 * @param tuple of either direction
 * @returns false when there was none
 * @throws {NetlinkError} when the kernel refuses
 */
export function deleteConntrack(socket: NetlinkSocket, tuple: ConntrackTuple, zone?: number): boolean {
  try {
    socket.request({
      attempted: `delete conntrack entry ${formatTuple(tuple)}`,
      type: netfilterType('conntrack', conntrackTypes.delete),
      payload: tuplePayload(tuple, zone),
    })
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/**
 * Deletes all entries with a mark, in the kernel (a flush with CTA_MARK and CTA_MARK_MASK).
 *
 * A kernel that does not know marks would ignore the filter and empty the whole table. So the entries are listed by
 * the same filter first, and nothing is deleted when the list is empty or holds an entry that does not match.
 *
 * @returns how many were listed to be deleted
 * @throws {NetlinkError} when the kernel refuses; {@link TsbpfError} `CONNTRACK_FILTER` as {@link listConntrack}
 */
export function deleteConntrackByMark(socket: NetlinkSocket, mark: MarkFilter): number {
  const { length } = listConntrack(socket, { mark })
  if (length === 0) return 0
  const writer = new AttributeWriter().header(netfilterHeader(0))
  writeMark(writer, mark)
  socket.request({
    attempted: `delete ${describe(mark)}`,
    type: netfilterType('conntrack', conntrackTypes.delete),
    payload: writer.finish(),
  })
  return length
}

/** How full the table is. */
export interface ConntrackStatistics {
  /** Entries of this network namespace. */
  readonly entries: number
  /** `net.netfilter.nf_conntrack_max`: the limit for each network namespace. */
  readonly maximumEntries: number
}

/** @returns the number of entries and its limit. @throws {NetlinkError} when the kernel refuses. */
export function conntrackStatistics(socket: NetlinkSocket): ConntrackStatistics {
  const [answer] = socket.request({
    attempted: 'get conntrack statistics',
    type: netfilterType('conntrack', conntrackTypes.getStatistics),
    payload: netfilterHeader(0),
  })
  const { attributes } = decodeNetfilter(required(answer, 'conntrack statistics'))
  return {
    entries: required(attributes.be32(statisticsAttributes.entries), 'number of conntrack entries'),
    maximumEntries: required(
      attributes.be32(statisticsAttributes.maximumEntries),
      'limit of conntrack entries',
    ),
  }
}

function tuplePayload(tuple: ConntrackTuple, zone: number | undefined): Uint8Array {
  const family = familyNumber(tupleFamily(tuple))
  const writer = new AttributeWriter().header(netfilterHeader(family))
  // The kernel looks a tuple up in both directions.
  writeTuple(writer, entryAttributes.original, tuple)
  if (zone !== undefined) writer.be16(entryAttributes.zone, zone)
  return writer.finish()
}

function writeMark(writer: AttributeWriter, { mark, mask }: MarkFilter): void {
  const unfit = (reason: string) =>
    new TsbpfError('CONNTRACK_FILTER', `mark ${hex(mark)}/${hex(mask)} ${reason}`, {
      hint: 'Give the bits to compare as mask, and their values as mark.',
    })
  if (mask === 0) throw unfit('would match every entry')
  if (maskedMark(mark, mask) !== mark) throw unfit('has bits outside the mask and matches nothing')
  writer.be32(entryAttributes.mark, mark).be32(entryAttributes.markMask, mask)
}

function assertFiltered(entries: readonly ConntrackEntry[], { mark, mask }: MarkFilter): void {
  const other = entries.find((entry) => maskedMark(entry.mark, mask) !== mark)
  if (other !== undefined)
    throw new TsbpfError(
      'CONNTRACK_FILTER',
      `the kernel ignored the mark filter: asked for ${hex(mark)}/${hex(mask)}, got ${hex(other.mark)}`,
      { hint: 'The kernel needs CONFIG_NF_CONNTRACK_MARK.' },
    )
}

function maskedMark(mark: number, mask: number): number {
  return (mark & mask) >>> 0
}

function isMissing(error: unknown): boolean {
  return error instanceof NetlinkError && error.errnoName === 'ENOENT'
}

function familyNumber(family: IpFamily | undefined): number {
  return family === undefined ? 0 : addressFamilies[family]
}

function describe({ mark, mask }: MarkFilter): string {
  return `conntrack entries with mark ${hex(mark)}/${hex(mask)}`
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}
