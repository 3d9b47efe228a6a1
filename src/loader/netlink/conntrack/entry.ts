import type { IpFamily } from '../../address/ip.ts'
import type { AttributeWriter } from '../core/attribute-writer.ts'
import { type Attributes, required } from '../core/attributes.ts'
import type { NetlinkMessage } from '../core/message.ts'
import { nameOf } from '../core/name-of.ts'
import { decodeNetfilter } from '../core/netfilter-message.ts'
import {
  counterAttributes,
  entryAttributes,
  natAttributes,
  protocolInfoAttributes,
  type StatusName,
  statusBits,
  type TcpState,
  tcpStates,
} from './constants.ts'
import { type ConntrackTuple, invertTuple, readTuple, tupleFamily, writeTuple } from './tuple.ts'

/** A connection as the kernel tracks it. */
export interface ConntrackEntry {
  readonly family: IpFamily
  /** As the first packet came in. */
  readonly original: ConntrackTuple
  /** As answers come in: the inverse of what the packet became, so it shows every translation. */
  readonly reply: ConntrackTuple
  /** `IPS_*`: see `statusBits`. */
  readonly status: number
  /** The names of the bits that are set. */
  readonly statusNames: readonly StatusName[]
  /** Seconds left; `undefined` for an entry that is offloaded, or in an event about its end. */
  readonly timeout: number | undefined
  /** 32 bits; 0 when nobody set it. */
  readonly mark: number
  /** `undefined` for other protocols; `NONE` while the kernel has seen no packet of it. */
  readonly tcpState: TcpState | undefined
  /** 32 bits; stays the same while the entry lives. */
  readonly id: number
  /** How many hold a reference. */
  readonly use: number
  /** Conntrack zone; 0 is the default one. */
  readonly zone: number
  /** What has passed in each direction; `undefined` unless accounting was on when it was made. */
  readonly counters: { readonly original: TrafficCounter; readonly reply: TrafficCounter } | undefined
}

/** Traffic of one direction. */
export interface TrafficCounter {
  readonly packets: bigint
  readonly bytes: bigint
}

/** An entry to make. */
export interface NewConntrackEntry {
  readonly original: ConntrackTuple
  /** Default: the inverse of `original`. */
  readonly reply?: ConntrackTuple
  /** Seconds, 1 to 2^32 - 1. */
  readonly timeout: number
  readonly mark?: number
  /** `IPS_*`; `confirmed` is always set by the kernel. */
  readonly status?: number
  /** Default for TCP: NONE. */
  readonly tcpState?: TcpState
  readonly zone?: number
  /** Where packets of the original direction are sent instead; the port stays when left out. */
  readonly destinationNat?: NatTarget
  /** Which source they are given. */
  readonly sourceNat?: NatTarget
}

/** An address and port that replaces another. */
export interface NatTarget {
  readonly address: Uint8Array
  readonly port?: number
}

/** Writes the attributes of IPCTNL_MSG_CT_NEW. @throws {RangeError} when a field does not fit. */
export function writeEntry(writer: AttributeWriter, entry: NewConntrackEntry): void {
  writeTuple(writer, entryAttributes.original, entry.original)
  writeTuple(writer, entryAttributes.reply, entry.reply ?? invertTuple(entry.original))
  writer.be32(entryAttributes.timeout, entry.timeout)
  // The kernel sets CONFIRMED itself, and answers EBUSY to a status that would take it away.
  if (entry.status !== undefined)
    writer.be32(entryAttributes.status, (entry.status | statusBits.confirmed) >>> 0)
  if (entry.mark !== undefined) writer.be32(entryAttributes.mark, entry.mark)
  if (entry.zone !== undefined) writer.be16(entryAttributes.zone, entry.zone)
  if (entry.destinationNat !== undefined)
    writeNat(writer, entryAttributes.natDestination, entry.destinationNat)
  if (entry.sourceNat !== undefined) writeNat(writer, entryAttributes.natSource, entry.sourceNat)
  const { tcpState } = entry
  if (tcpState !== undefined)
    writer.nested(entryAttributes.protocolInfo, (info) =>
      info.nested(protocolInfoAttributes.tcp, (tcp) =>
        tcp.u8(protocolInfoAttributes.tcpState, tcpStates[tcpState]),
      ),
    )
}

/** Reads an IPCTNL_MSG_CT_NEW message. @throws {NetlinkDecodeError} when it is malformed. */
export function decodeEntry(message: NetlinkMessage): ConntrackEntry {
  const { attributes } = decodeNetfilter(message)
  const original = readTuple(attributes.nested(entryAttributes.original))
  const status = attributes.be32(entryAttributes.status) ?? 0
  const tcp = attributes.nested(entryAttributes.protocolInfo)?.nested(protocolInfoAttributes.tcp)
  const tcpState = tcp?.u8(protocolInfoAttributes.tcpState)
  return {
    family: tupleFamily(original),
    original,
    reply: readTuple(attributes.nested(entryAttributes.reply)),
    status,
    statusNames: statusNames(status),
    timeout: attributes.be32(entryAttributes.timeout),
    mark: attributes.be32(entryAttributes.mark) ?? 0,
    tcpState: tcpState === undefined ? undefined : nameOf(tcpStates, tcpState),
    id: required(attributes.be32(entryAttributes.id), 'conntrack id'),
    use: attributes.be32(entryAttributes.use) ?? 0,
    zone: attributes.be16(entryAttributes.zone) ?? 0,
    counters: readCounters(attributes),
  }
}

/** The names of the status bits that are set, lowest first. */
export function statusNames(status: number): StatusName[] {
  const names: StatusName[] = []
  for (const name in statusBits) {
    const key = name as StatusName
    if ((status & statusBits[key]) !== 0) names.push(key)
  }
  return names
}

function writeNat(writer: AttributeWriter, attribute: number, { address, port }: NatTarget): void {
  const v4 = address.byteLength === 4
  writer.nested(attribute, (nat) => {
    nat
      .bytes(v4 ? natAttributes.minimumV4 : natAttributes.minimumV6, address)
      .bytes(v4 ? natAttributes.maximumV4 : natAttributes.maximumV6, address)
    if (port !== undefined)
      nat.nested(natAttributes.ports, (ports) =>
        ports.be16(natAttributes.minimumPort, port).be16(natAttributes.maximumPort, port),
      )
  })
}

function readCounters(attributes: Attributes): ConntrackEntry['counters'] {
  const original = attributes.nested(entryAttributes.countersOriginal)
  const reply = attributes.nested(entryAttributes.countersReply)
  if (original === undefined || reply === undefined) return undefined
  return { original: readCounter(original), reply: readCounter(reply) }
}

function readCounter(attributes: Attributes): TrafficCounter {
  return {
    packets: attributes.be64(counterAttributes.packets) ?? 0n,
    bytes: attributes.be64(counterAttributes.bytes) ?? 0n,
  }
}
