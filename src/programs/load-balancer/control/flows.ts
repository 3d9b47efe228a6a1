import { formatIp } from '../../../loader/address/ip.ts'
import type { ConntrackEntry } from '../../../loader/netlink/conntrack/entry.ts'
import { deleteConntrackByMark, listConntrack } from '../../../loader/netlink/conntrack/table.ts'
import type { NetlinkSocket } from '../../../loader/netlink/core/socket.ts'
import { markBackendMask, markPrefix, markPrefixMask } from '../datapath/mark.ts'
import { protocols } from './endpoint.ts'

/** A balanced connection. */
export interface Flow {
  readonly protocol: string
  /** `address:port` */
  readonly client: string
  /** What the client connected to. */
  readonly vip: string
  /** Where it was sent. */
  readonly backend: string
  /** The address and port the backend sees. */
  readonly source: string
  /** The kernel's TCP state; null for UDP. */
  readonly state: string | null
  /** Whether a packet came back. */
  readonly replied: boolean
  /** Seconds until the entry expires if no packet comes. */
  readonly timeout: number | null
  readonly backendIndex: number
}

/** The balancer's entries of the kernel's connection table; optionally those of one backend. */
export function listFlows(socket: NetlinkSocket, backend?: number): Flow[] {
  return listConntrack(socket, { family: 'ipv4', mark: markOf(backend) }).map(flowOf)
}

/** Removes a backend's connections from the kernel's table, or all of ours. @returns how many there were */
export function deleteFlows(socket: NetlinkSocket, backend?: number): number {
  return deleteConntrackByMark(socket, markOf(backend))
}

function markOf(backend: number | undefined): { mark: number; mask: number } {
  return backend === undefined
    ? { mark: markPrefix, mask: markPrefixMask }
    : { mark: markPrefix + backend, mask: 0xffff_ffff }
}

function flowOf(entry: ConntrackEntry): Flow {
  const { original, reply } = entry
  const protocol = Object.entries(protocols).find(([, number]) => number === original.protocol)?.[0]
  return {
    protocol: protocol ?? String(original.protocol),
    client: `${formatIp(original.source)}:${original.sourcePort ?? 0}`,
    vip: `${formatIp(original.destination)}:${original.destinationPort ?? 0}`,
    backend: `${formatIp(reply.source)}:${reply.sourcePort ?? 0}`,
    source: `${formatIp(reply.destination)}:${reply.destinationPort ?? 0}`,
    state: entry.tcpState ?? null,
    replied: entry.statusNames.includes('seen_reply'),
    timeout: entry.timeout ?? null,
    backendIndex: (entry.mark & markBackendMask) >>> 0,
  }
}
