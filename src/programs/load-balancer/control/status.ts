import { formatIp } from '../../../loader/address/ip.ts'
import { conntrackStatistics } from '../../../loader/netlink/conntrack/table.ts'
import { findLink } from '../../../loader/netlink/route/links.ts'
import { BpfProgram } from '../../../loader/program/program.ts'
import { type CounterName, counters, type Scheduler } from '../datapath/maps.ts'
import { type Attachment, listAttachments } from './attachment.ts'
import { type Balancer, guardedTraffic, readBalancer } from './balancer.ts'
import { formatEndpoint, formatService } from './endpoint.ts'
import { listFlows } from './flows.ts'
import { type NetfilterState, netfilterDrops, netfilterState } from './netfilter-gear.ts'
import type { BackendState, ServiceEntry } from './registry.ts'
import { describeTranslation, type TranslationChoice } from './translation.ts'

/** The load balancer as it runs. All counts are since the backend, or the balancer, was added. */
export interface Status {
  readonly interfaces: readonly InterfaceStatus[]
  readonly services: readonly ServiceStatus[]
  /** Whether netfilter's part is in place; it translates, so nothing works without. */
  readonly netfilter: NetfilterState
  readonly conntrack: { readonly entries: number; readonly maximum: number }
  /** Events and drops, by reason. */
  readonly counters: Readonly<Record<CounterName | 'dropUntranslated', number>>
}

/** An interface the balancer is up on. */
export interface InterfaceStatus {
  readonly name: string | null
  readonly ifindex: number
  readonly mode: string
  /** Who translates the connections that come in here, and why. */
  readonly translation: TranslationChoice
  /** Null when the program is no longer attached. */
  readonly program: { readonly id: number; readonly name: string; readonly tag: string } | null
}

/** A service with its backends. */
export interface ServiceStatus {
  readonly service: string
  /** The interface whose addresses are meant; null for a service with an address. */
  readonly interface: string | null
  readonly addresses: readonly string[]
  readonly scheduler: Scheduler
  readonly backends: readonly BackendStatus[]
}

/** A backend with its traffic. */
export interface BackendStatus {
  readonly backend: string
  readonly state: BackendState
  readonly weight: number
  /** The source address it sees; null when it sees the clients' own. */
  readonly snat: string | null
  /** Connections in the kernel's table now. */
  readonly active: number
  /** Connections since it was added. */
  readonly connections: number
  /** Packets from clients. */
  readonly packets: number
  /** Bytes from clients, link headers included. */
  readonly bytes: number
}

/** Reads the running balancer's state. @throws {NotFoundError} when none is running here */
export async function status(): Promise<Status> {
  return await readBalancer((balancer) => {
    const { route, netfilter, tables, directory } = balancer
    const { entries, maximumEntries } = conntrackStatistics(netfilter)
    return {
      interfaces: listAttachments(route, tables, directory).map(interfaceStatus),
      services: describeServices(balancer),
      netfilter: netfilterState(netfilter, guardedTraffic(balancer)),
      conntrack: { entries, maximum: maximumEntries },
      counters: readCounters(balancer),
    }
  })
}

/** The services of the running balancer with their backends and traffic. */
export async function listServices(): Promise<ServiceStatus[]> {
  return await readBalancer(describeServices)
}

function describeServices(balancer: Balancer): ServiceStatus[] {
  const active = new Map<number, number>()
  for (const { backendIndex } of listFlows(balancer.netfilter))
    active.set(backendIndex, (active.get(backendIndex) ?? 0) + 1)
  return balancer.registry.services().map((service) => describeService(balancer, service, active))
}

function describeService(
  { registry, route, tables }: Balancer,
  service: ServiceEntry,
  active: ReadonlyMap<number, number>,
): ServiceStatus {
  const { ifindex } = service
  return {
    service: formatService(service),
    interface: ifindex === 0 ? null : (findLink(route, ifindex)?.name ?? `#${ifindex}`),
    addresses: registry.addresses(service).map(formatIp),
    scheduler: service.scheduler,
    backends: registry.backends(service).map((backend) => {
      const perCpu = tables.stats.get(backend.index) ?? []
      const sum = (field: 'connections' | 'packets' | 'bytes'): number =>
        Number(perCpu.reduce((total, value) => total + value[field], 0n))
      return {
        backend: formatEndpoint(backend),
        state: backend.state,
        weight: backend.weight,
        snat: backend.snatAddress === undefined ? null : formatIp(backend.snatAddress),
        active: active.get(backend.index) ?? 0,
        connections: sum('connections'),
        packets: sum('packets'),
        bytes: sum('bytes'),
      }
    }),
  }
}

function interfaceStatus({ ifindex, name, mode, translation, programId }: Attachment): InterfaceStatus {
  using program = programId === undefined ? undefined : BpfProgram.openId(programId)
  const info = program?.info()
  return {
    name: name ?? null,
    ifindex,
    mode,
    translation: describeTranslation(translation),
    program: info === undefined ? null : { id: info.id, name: info.name, tag: info.tag },
  }
}

/** What the program has counted, and what netfilter has. */
function readCounters({ tables, netfilter }: Balancer): Status['counters'] {
  const total = (index: number): number =>
    Number((tables.counters.get(index) ?? []).reduce((sum, { packets }) => sum + packets, 0n))
  const counted = Object.fromEntries(
    Object.entries(counters).map(([name, index]) => [name, total(index)]),
  ) as Record<CounterName, number>
  const { untranslated, tableFull } = netfilterDrops(netfilter)
  return {
    ...counted,
    dropTableFull: counted.dropTableFull + Number(tableFull),
    dropUntranslated: Number(untranslated),
  }
}
