import { formatIp } from '../../../loader/address/ip.ts'
import { AF_INET, backendStates, limits, type Scheduler, schedulers } from '../datapath/maps.ts'
import { fromWords, toWords } from './address-words.ts'
import {
  type Endpoint,
  formatEndpoint,
  formatService,
  type Protocol,
  protocols,
  type ServiceName,
  sameService,
} from './endpoint.ts'
import { AlreadyExistsError, InvalidRequestError, NotFoundError } from './errors.ts'
import { buildRing } from './ring.ts'
import type { Rollback } from './rollback.ts'
import { createRing, type Tables } from './tables.ts'

/** A backend's state, as shown. */
export type BackendState = 'active' | 'draining'

/** A backend in the tables. */
export interface BackendEntry extends Endpoint {
  readonly index: number
  readonly service: number
  readonly weight: number
  readonly state: BackendState
  /** What the backend sees as source; undefined: the client's own address. */
  readonly snatAddress: Uint8Array | undefined
}

/** A service in the tables. */
export interface ServiceEntry extends ServiceName {
  readonly index: number
  /** The interface whose addresses are meant, when `address` is undefined; else 0. */
  readonly ifindex: number
  readonly scheduler: Scheduler
}

/** What a service is made of. */
export interface NewService extends ServiceName {
  readonly ifindex: number
  readonly scheduler: Scheduler
}

/** A backend to add. */
export interface NewBackend extends Endpoint {
  readonly weight: number
  readonly snatAddress: Uint8Array | undefined
}

type ServiceRecord = NonNullable<ReturnType<Tables['services']['get']>>
type BackendRecord = NonNullable<ReturnType<Tables['backends']['get']>>

const emptyService: ServiceRecord = {
  inUse: 0,
  protocol: 0,
  family: 0,
  scheduler: 0,
  port: 0,
  reserved: 0,
  address: [0, 0, 0, 0],
  ifindex: 0,
}
const emptyBackend: BackendRecord = {
  address: [0, 0, 0, 0],
  snatAddress: [0, 0, 0, 0],
  port: 0,
  family: 0,
  state: backendStates.free,
  service: 0,
  weight: 0,
}

/** Services and backends as the maps hold them; every change can be undone through the rollback it is given. */
export class Registry {
  readonly #tables: Tables

  constructor(tables: Tables) {
    this.#tables = tables
  }

  /** All services, in the order of their index. */
  services(): ServiceEntry[] {
    return [...this.#tables.services].flatMap(([index, record]) =>
      record.inUse === 0 ? [] : [serviceEntry(index, record)],
    )
  }

  /** The service of this name, on this interface if one is given; undefined when there is none. */
  find(name: ServiceName, ifindex?: number): ServiceEntry | undefined {
    return this.#matching(name, ifindex)[0]
  }

  /**
   * The service of this name.
   *
   * @throws {NotFoundError} listing those there are
   * @throws {InvalidRequestError} when several interfaces have a service of this name and none was said
   */
  service(name: ServiceName, ifindex?: number): ServiceEntry {
    const [found, another] = this.#matching(name, ifindex)
    if (another !== undefined)
      throw new InvalidRequestError(
        `several interfaces have a service ${formatService(name)}`,
        'Say which one is meant with --interface NAME.',
      )
    if (found !== undefined) return found
    const all = this.services()
    throw new NotFoundError(
      `there is no service ${formatService(name)}`,
      all.length === 0
        ? 'Add one with `tsbpf-lb service add`.'
        : `The services are: ${all.map(formatService).join(', ')}.`,
    )
  }

  #matching(name: ServiceName, ifindex: number | undefined): ServiceEntry[] {
    return this.services().filter(
      (service) =>
        sameService(service, name) &&
        (ifindex === undefined || service.address !== undefined || service.ifindex === ifindex),
    )
  }

  /** A service's addresses that clients connect to. */
  addresses(service: ServiceEntry): Uint8Array[] {
    return [...this.#tables.frontends]
      .filter(([, value]) => value.service === service.index)
      .flatMap(([key]) => fromWords(key.address) ?? [])
      .sort((a, b) => (formatIp(a) < formatIp(b) ? -1 : 1))
  }

  /** Backends of one service, or of all. */
  backends(service?: ServiceEntry): BackendEntry[] {
    return [...this.#tables.backends].flatMap(([index, record]) =>
      record.state === backendStates.free || (service !== undefined && record.service !== service.index)
        ? []
        : [backendEntry(index, record)],
    )
  }

  /** A service's backend. @throws {NotFoundError} listing those there are */
  backend(service: ServiceEntry, endpoint: Endpoint): BackendEntry {
    const all = this.backends(service)
    const found = all.find((backend) => formatEndpoint(backend) === formatEndpoint(endpoint))
    if (found !== undefined) return found
    throw new NotFoundError(
      `service ${formatService(service)} has no backend ${formatEndpoint(endpoint)}`,
      all.length === 0
        ? 'Add one with `tsbpf-lb backend add`.'
        : `Its backends are: ${all.map(formatEndpoint).join(', ')}.`,
    )
  }

  /** Every destination that is balanced: address, protocol number and port. */
  frontends(): { address: Uint8Array; protocol: number; port: number }[] {
    return [...this.#tables.frontends].flatMap(([key]) => {
      const address = fromWords(key.address)
      return address === undefined ? [] : [{ address, protocol: key.protocol, port: key.port }]
    })
  }

  /** Adds a service without backends, which answers nowhere until {@link addAddresses}. */
  addService(request: NewService, rollback: Rollback): ServiceEntry {
    const index = this.#freeIndex(
      [...this.#tables.services],
      ([, record]) => record.inUse === 0,
      'services',
      limits.services,
    )
    const record: ServiceRecord = {
      ...emptyService,
      inUse: 1,
      protocol: protocols[request.protocol],
      family: AF_INET,
      scheduler: schedulers[request.scheduler],
      port: request.port,
      address: toWords(request.address),
      ifindex: request.ifindex,
    }
    this.#writeService(index, record, rollback)
    return serviceEntry(index, record)
  }

  /**
   * Lets a service answer at these addresses.
   *
   * @throws {AlreadyExistsError} when another service answers at one of them
   */
  addAddresses(service: ServiceEntry, addresses: readonly Uint8Array[], rollback: Rollback): void {
    for (const address of addresses) {
      const key = this.#frontendKey(service, address)
      const taken = this.#tables.frontends.get(key)
      if (taken?.service === service.index) continue
      if (taken !== undefined) {
        const other = this.services().find(({ index }) => index === taken.service)
        throw new AlreadyExistsError(
          `service ${formatService(service)}: ${formatIp(address)}:${service.port} is served already${other === undefined ? '' : ` by ${formatService(other)}`}`,
          'Change that service with `tsbpf-lb backend add|remove|drain`, or remove it first.',
        )
      }
      this.#tables.frontends.set(key, { service: service.index }, 'noexist')
      rollback.add(`the frontend of ${formatService(service)}`, () => this.#tables.frontends.delete(key))
    }
  }

  /** Lets a service answer nowhere. */
  removeAddresses(service: ServiceEntry, rollback: Rollback): void {
    for (const address of this.addresses(service)) {
      const key = this.#frontendKey(service, address)
      this.#tables.frontends.delete(key)
      rollback.add(`the frontend of ${formatService(service)}`, () =>
        this.#tables.frontends.set(key, { service: service.index }),
      )
    }
  }

  /** Removes a service whose addresses and backends are gone. */
  removeService(service: ServiceEntry, rollback: Rollback): void {
    this.#writeService(service.index, emptyService, rollback)
  }

  /** Changes how the service chooses backends for new connections. */
  setScheduler(service: ServiceEntry, scheduler: Scheduler, rollback: Rollback): void {
    const record = this.#tables.services.get(service.index)
    if (record === undefined || record.scheduler === schedulers[scheduler]) return
    this.#writeService(service.index, { ...record, scheduler: schedulers[scheduler] }, rollback)
  }

  /** Adds a backend; within {@link changeBackends}. */
  addBackend(service: ServiceEntry, request: NewBackend, rollback: Rollback): BackendEntry {
    const index = this.#freeIndex(
      [...this.#tables.backends],
      ([, record]) => record.state === backendStates.free,
      'backends',
      limits.backends,
    )
    const stats = this.#tables.stats.get(index)
    if (stats !== undefined)
      this.#tables.stats.set(
        index,
        stats.map(() => ({ connections: 0n, packets: 0n, bytes: 0n })),
      )
    const record: BackendRecord = {
      address: toWords(request.address),
      snatAddress: toWords(request.snatAddress),
      port: request.port,
      family: AF_INET,
      state: backendStates.active,
      service: service.index,
      weight: request.weight,
    }
    this.#writeBackend(index, record, rollback)
    return backendEntry(index, record)
  }

  /** Changes a backend's state, weight or source address; within {@link changeBackends}. */
  updateBackend(
    backend: BackendEntry,
    change: { readonly state?: BackendState; readonly weight?: number; readonly snatAddress?: Uint8Array },
    rollback: Rollback,
  ): void {
    const record = this.#tables.backends.get(backend.index)
    if (record === undefined) return
    const { state, weight, snatAddress } = change
    this.#writeBackend(
      backend.index,
      {
        ...record,
        ...(state === undefined ? {} : { state: backendStates[state] }),
        ...(weight === undefined ? {} : { weight }),
        ...(snatAddress === undefined ? {} : { snatAddress: toWords(snatAddress) }),
      },
      rollback,
    )
  }

  /** Frees a backend's slot. Nothing may refer to it any more: no ring, no connection. */
  removeBackend(backend: BackendEntry, rollback: Rollback): void {
    this.#writeBackend(backend.index, emptyBackend, rollback)
  }

  /**
   * Makes changes to a service's backends take effect: builds its ring anew from the active ones and puts it in
   * place of the old one. When this returns no CPU uses the old ring any more (the kernel waits for running
   * programs after such an update).
   */
  changeBackends<T>(service: ServiceEntry, rollback: Rollback, change: () => T): T {
    // Noted first and so undone last: the old ring comes out of the old backends.
    rollback.add(`the ring of ${formatService(service)}`, () => {
      if (this.#tables.services.get(service.index)?.inUse === 1) this.refreshBackends(service)
    })
    const result = change()
    this.refreshBackends(service)
    return result
  }

  /** Builds a service's ring anew from its active backends and puts it in place of the old one. */
  refreshBackends(service: ServiceEntry): void {
    const active = this.backends(service).filter((backend) => backend.state === 'active')
    const ring = createRing(buildRing(active.map(({ index, weight }) => ({ backend: index, weight }))))
    try {
      this.#tables.rings.setObject(service.index, ring)
    } finally {
      ring.close()
    }
  }

  #frontendKey(service: ServiceName, address: Uint8Array): Parameters<Tables['frontends']['get']>[0] {
    return {
      address: toWords(address),
      port: service.port,
      protocol: protocols[service.protocol],
      family: AF_INET,
    }
  }

  #freeIndex<T extends readonly [number, unknown]>(
    entries: readonly T[],
    isFree: (entry: T) => boolean,
    what: string,
    limit: number,
  ): number {
    const free = entries.find(isFree)
    if (free === undefined)
      throw new InvalidRequestError(`there are ${limit} ${what} already, as many as there can be`)
    return free[0]
  }

  #writeService(index: number, record: ServiceRecord, rollback: Rollback): void {
    const before = this.#tables.services.get(index) ?? emptyService
    this.#tables.services.set(index, record)
    rollback.add(`service ${index}`, () => this.#tables.services.set(index, before))
  }

  #writeBackend(index: number, record: BackendRecord, rollback: Rollback): void {
    const before = this.#tables.backends.get(index) ?? emptyBackend
    this.#tables.backends.set(index, record)
    rollback.add(`backend ${index}`, () => this.#tables.backends.set(index, before))
  }
}

function serviceEntry(index: number, record: ServiceRecord): ServiceEntry {
  return {
    index,
    protocol: nameOf(protocols, record.protocol, 'tcp') as Protocol,
    address: fromWords(record.address),
    port: record.port,
    ifindex: record.ifindex,
    scheduler: nameOf(schedulers, record.scheduler, 'random') as Scheduler,
  }
}

function backendEntry(index: number, record: BackendRecord): BackendEntry {
  return {
    index,
    service: record.service,
    address: fromWords(record.address) ?? new Uint8Array(4),
    snatAddress: fromWords(record.snatAddress),
    port: record.port,
    weight: record.weight,
    state: record.state === backendStates.draining ? 'draining' : 'active',
  }
}

function nameOf(table: Readonly<Record<string, number>>, number: number, fallback: string): string {
  return Object.entries(table).find(([, value]) => value === number)?.[0] ?? fallback
}
