import { formatIp } from '../../../loader/address/ip.ts'
import type { NetlinkSocket } from '../../../loader/netlink/core/socket.ts'
import type { Link } from '../../../loader/netlink/route/links.ts'
import type { Scheduler } from '../datapath/maps.ts'
import {
  type BackendRequest,
  formatEndpoint,
  formatService,
  protocols,
  type ServiceName,
  sameService,
} from './endpoint.ts'
import { InvalidRequestError } from './errors.ts'
import { type BackendRoute, interfaceAddresses, routeTo } from './network.ts'

/** A service as the operator asks for it. */
export interface ServiceRequest extends ServiceName {
  readonly backends: readonly BackendRequest[]
  /** Undefined: `random` for a new service, unchanged for one that is there. */
  readonly scheduler?: Scheduler | undefined
}

/** A backend with the way to it. */
export interface PlannedBackend extends BackendRequest {
  readonly route: BackendRoute
}

/** A service that was checked against this host: nothing about it can be wrong any more. */
export interface PlannedService extends ServiceName {
  readonly scheduler: Scheduler | undefined
  /** The interface whose addresses are meant; 0 when `address` is given. */
  readonly ifindex: number
  /** The addresses clients connect to. */
  readonly addresses: readonly Uint8Array[]
  readonly backends: readonly PlannedBackend[]
}

/** Somewhere clients connect to. */
export interface Destination {
  readonly address: Uint8Array
  /** Protocol number. */
  readonly protocol: number
  readonly port: number
}

/**
 * Checks services against the interface and this host's routes, without changing anything.
 *
 * @param existing destinations that are balanced already
 * @throws {InvalidRequestError} for the first thing that cannot be
 */
export function planServices(
  socket: NetlinkSocket,
  link: Link,
  requests: readonly ServiceRequest[],
  existing: readonly Destination[],
): PlannedService[] {
  requests.forEach((request, i) => {
    if (requests.slice(0, i).some((other) => sameService(other, request)))
      throw new InvalidRequestError(
        `service ${formatService(request)} is given twice`,
        'Put all its backends behind one --service.',
      )
  })
  const resolved = requests.map((request) => ({ request, addresses: addressesOf(socket, link, request) }))
  const destinations: Destination[] = [
    ...existing,
    ...resolved.flatMap(({ request, addresses }) =>
      addresses.map((address) => destinationOf(request, address)),
    ),
  ]
  return resolved.map(({ request, addresses }) => {
    if (request.backends.length === 0)
      throw new InvalidRequestError(
        `service ${formatService(request)} has no backend`,
        'Give at least one --backend ADDRESS:PORT after it.',
      )
    return {
      protocol: request.protocol,
      address: request.address,
      port: request.port,
      scheduler: request.scheduler,
      ifindex: request.address === undefined ? link.ifindex : 0,
      addresses,
      backends: planBackends(socket, request, request.backends, destinations),
    }
  })
}

/** Checks a service's backends; see {@link planServices}. */
export function planBackends(
  socket: NetlinkSocket,
  service: ServiceName,
  backends: readonly BackendRequest[],
  destinations: readonly Destination[],
): PlannedBackend[] {
  return backends.map((backend, i) => {
    const name = formatEndpoint(backend)
    if (backends.slice(0, i).some((other) => formatEndpoint(other) === name))
      throw new InvalidRequestError(
        `service ${formatService(service)}: backend ${name} is given twice`,
        'Give a backend that shall get more connections a larger weight: ADDRESS:PORT,weight=2.',
      )
    if (
      destinations.some((destination) =>
        same(destination, destinationOf({ ...service, port: backend.port }, backend.address)),
      )
    )
      throw new InvalidRequestError(
        `service ${formatService(service)}: the backend ${name} is itself balanced, its packets would never arrive`,
        'Give the address and port where the server listens.',
      )
    return { ...backend, route: routeTo(socket, backend) }
  })
}

/** The addresses that a service is about. @throws {InvalidRequestError} when the interface has none */
function addressesOf(socket: NetlinkSocket, link: Link, service: ServiceName): readonly Uint8Array[] {
  if (service.address !== undefined) return [service.address]
  const addresses = interfaceAddresses(socket, link.ifindex)
  if (addresses.length === 0)
    throw new InvalidRequestError(
      `service ${formatService(service)}: ${link.name} has no IPv4 address`,
      `Give ${link.name} an address, or name the service's: ${service.protocol}/ADDRESS:${service.port}.`,
    )
  return addresses
}

function destinationOf(service: Pick<ServiceName, 'protocol' | 'port'>, address: Uint8Array): Destination {
  return { address, protocol: protocols[service.protocol], port: service.port }
}

function same(a: Destination, b: Destination): boolean {
  return a.protocol === b.protocol && a.port === b.port && formatIp(a.address) === formatIp(b.address)
}
