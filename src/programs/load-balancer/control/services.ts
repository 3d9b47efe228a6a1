import { findLink, type Link } from '../../../loader/netlink/route/links.ts'
import { listAttachments } from './attachment.ts'
import { type Balancer, changeBalancer, type LockOptions, syncNetfilter } from './balancer.ts'
import { type BackendRequest, type Endpoint, formatService, protocols, type ServiceName } from './endpoint.ts'
import { AlreadyExistsError, InvalidRequestError, NotFoundError } from './errors.ts'
import { deleteFlows } from './flows.ts'
import { enableForwarding } from './forwarding.ts'
import { interfaceByName } from './network.ts'
import type { BackendEntry, NewBackend, ServiceEntry } from './registry.ts'
import {
  type PlannedBackend,
  type PlannedService,
  planBackends,
  planServices,
  type ServiceRequest,
} from './requests.ts'
import { Rollback, transaction } from './rollback.ts'
import { netfilterTranslates } from './translation.ts'

/** Which service, and on which interface if several have one of this name. */
export interface ServiceChoice extends LockOptions {
  readonly service: ServiceName
  readonly interface?: string | undefined
}

/** Adds a service to the running balancer. @throws {AlreadyExistsError} when it is there */
export async function addService(
  request: ServiceRequest,
  options: LockOptions & { readonly interface?: string | undefined } = {},
): Promise<void> {
  await changeBalancer(options, (balancer) =>
    transaction(undefined, async (rollback) => {
      const link = interfaceOf(balancer, options.interface)
      if (balancer.registry.find(request, link.ifindex) !== undefined)
        throw new AlreadyExistsError(
          `service ${formatService(request)} is there already`,
          'Change its backends with `tsbpf-lb backend add|remove|drain`.',
        )
      const [planned] = planServices(balancer.route, link, [request], existingDestinations(balancer, request))
      if (planned === undefined) return
      createService(balancer, planned, rollback)
      syncNetfilter(balancer, rollback)
    }),
  )
}

/** Removes a service: its connections end. @returns how many there were */
export async function removeService(choice: ServiceChoice): Promise<number> {
  return await changeBalancer(choice, (balancer) =>
    transaction(undefined, async (rollback) => {
      const service = balancer.registry.service(choice.service, ifindexOf(balancer, choice.interface))
      const ended = endService(balancer, service, rollback)
      syncNetfilter(balancer, rollback)
      return ended
    }),
  )
}

/**
 * Removes a service with its backends and connections. Its own record goes last: should this process be killed
 * meanwhile, the service is still there to be removed again.
 *
 * @returns how many connections there were
 */
export function endService(balancer: Balancer, service: ServiceEntry, rollback: Rollback): number {
  const { registry } = balancer
  registry.removeAddresses(service, rollback)
  const backends = registry.backends(service)
  registry.changeBackends(service, rollback, () => {
    for (const backend of backends) registry.updateBackend(backend, { state: 'draining' }, rollback)
  })
  // No CPU chooses them any more.
  let ended = 0
  for (const backend of backends) {
    ended += deleteFlows(balancer.netfilter, backend.index)
    registry.removeBackend(backend, rollback)
  }
  registry.removeService(service, rollback)
  return ended
}

/** Adds a backend to a service. One that is draining takes connections again. */
export async function addBackend(
  choice: ServiceChoice,
  request: BackendRequest,
): Promise<'added' | 'resumed'> {
  return await changeBalancer(choice, (balancer) =>
    transaction(undefined, async (rollback) => {
      const { registry } = balancer
      const service = registry.service(choice.service, ifindexOf(balancer, choice.interface))
      const [planned] = planBackends(balancer.route, service, [request], registry.frontends())
      const known = findBackend(registry.backends(service), request)
      if (planned === undefined) throw new InvalidRequestError('no backend was given')
      if (known?.state === 'active') {
        // An `add` that was killed may have noted the backend without letting it take connections.
        registry.refreshBackends(service)
        throw new AlreadyExistsError(
          `service ${formatService(service)} has this backend already`,
          'To change its weight, remove it and add it again, or run `up` with the new weight.',
        )
      }
      putBackends(balancer, service, [planned], rollback)
      return known === undefined ? 'added' : 'resumed'
    }),
  )
}

/** Removes a backend at once: its connections end. @returns how many there were */
export async function removeBackend(choice: ServiceChoice, endpoint: Endpoint): Promise<number> {
  return await changeBalancer(choice, (balancer) =>
    transaction(undefined, async (rollback) => {
      const { registry } = balancer
      const service = registry.service(choice.service, ifindexOf(balancer, choice.interface))
      const backend = registry.backend(service, endpoint)
      registry.changeBackends(service, rollback, () =>
        registry.updateBackend(backend, { state: 'draining' }, rollback),
      )
      // No CPU chooses it any more; what it has goes before its index can be given to another.
      const flows = deleteFlows(balancer.netfilter, backend.index)
      registry.removeBackend(backend, rollback)
      syncNetfilter(balancer, rollback)
      return flows
    }),
  )
}

/** Lets a backend keep its connections and take no new ones. @returns false when it was draining already */
export async function drainBackend(choice: ServiceChoice, endpoint: Endpoint): Promise<boolean> {
  return await changeBalancer(choice, (balancer) =>
    transaction(undefined, async (rollback) => {
      const { registry } = balancer
      const service = registry.service(choice.service, ifindexOf(balancer, choice.interface))
      const backend = registry.backend(service, endpoint)
      if (backend.state === 'draining') return false
      registry.changeBackends(service, rollback, () =>
        registry.updateBackend(backend, { state: 'draining' }, rollback),
      )
      return true
    }),
  )
}

/**
 * Makes a service be as planned: adds it, or changes the one that is there. Backends that it has and the plan does
 * not are drained.
 */
export function applyService(
  balancer: Balancer,
  planned: PlannedService,
  rollback: Rollback,
): 'added' | 'changed' {
  const { registry } = balancer
  const service = registry.find(planned, planned.ifindex === 0 ? undefined : planned.ifindex)
  if (service === undefined) {
    createService(balancer, planned, rollback)
    return 'added'
  }
  if (planned.scheduler !== undefined) registry.setScheduler(service, planned.scheduler, rollback)
  const dropped = registry
    .backends(service)
    .filter((backend) => backend.state === 'active' && findBackend(planned.backends, backend) === undefined)
  putBackends(balancer, service, planned.backends, rollback, dropped)
  registry.addAddresses(service, planned.addresses, rollback)
  return 'changed'
}

/** Destinations balanced already, but for those of the service that is about to be changed. */
export function existingDestinations(
  { registry }: Balancer,
  ...except: readonly ServiceName[]
): { address: Uint8Array; protocol: number; port: number }[] {
  return registry
    .frontends()
    .filter(
      ({ protocol, port }) =>
        !except.some((name) => protocols[name.protocol] === protocol && name.port === port),
    )
}

function createService(balancer: Balancer, planned: PlannedService, rollback: Rollback): void {
  const { registry } = balancer
  // Backends first, then the address: no packet meets a service that has nobody to answer.
  const service = registry.addService({ ...planned, scheduler: planned.scheduler ?? 'random' }, rollback)
  putBackends(balancer, service, planned.backends, rollback)
  registry.addAddresses(service, planned.addresses, rollback)
}

function putBackends(
  balancer: Balancer,
  service: ServiceEntry,
  planned: readonly PlannedBackend[],
  rollback: Rollback,
  drained: readonly BackendEntry[] = [],
): void {
  const { registry, route, tables } = balancer
  for (const { route: way } of planned)
    if (way.ifindex !== undefined) enableForwarding(route, tables, way.ifindex, rollback)
  changeBackends(balancer, service, rollback, () => {
    const present = registry.backends(service)
    for (const backend of planned) {
      const known = findBackend(present, backend)
      const { weight } = backend
      const snatAddress = backend.route.source
      if (known === undefined) registry.addBackend(service, newBackend(backend), rollback)
      else registry.updateBackend(known, { state: 'active', weight, snatAddress }, rollback)
    }
    for (const backend of drained) registry.updateBackend(backend, { state: 'draining' }, rollback)
  })
}

/**
 * Changes a service's backends. Where netfilter translates, it knows of a backend before the program can choose it;
 * when the change is undone, until the program cannot any more.
 */
function changeBackends(
  balancer: Balancer,
  service: ServiceEntry,
  rollback: Rollback,
  change: () => void,
): void {
  const sync = (): void => {
    if (netfilterTranslates(balancer.tables)) syncNetfilter(balancer, new Rollback())
  }
  rollback.add('the elements of the nf_tables table', sync)
  balancer.registry.changeBackends(service, rollback, () => {
    change()
    sync()
  })
}

function newBackend({ address, port, weight, route }: PlannedBackend): NewBackend {
  return { address, port, weight, snatAddress: route.source }
}

function findBackend<T extends Endpoint>(backends: readonly T[], { address, port }: Endpoint): T | undefined {
  return backends.find((backend) => backend.port === port && backend.address.join('.') === address.join('.'))
}

/** The interface a new service is for: the one named, or the only one the balancer is up on. */
function interfaceOf(balancer: Balancer, name: string | undefined): Link {
  const attached = listAttachments(balancer.route, balancer.tables, balancer.directory)
  const names = attached.flatMap((attachment) => attachment.name ?? [])
  if (name !== undefined) {
    const link = interfaceByName(balancer.route, name)
    if (attached.some(({ ifindex }) => ifindex === link.ifindex)) return link
    throw new NotFoundError(
      `the load balancer is not up on ${name}`,
      `Run \`tsbpf-lb up ${name}\` first. It is up on: ${names.join(', ')}.`,
    )
  }
  const [only, another] = attached.filter((attachment) => attachment.name !== undefined)
  if (only === undefined)
    throw new NotFoundError('the load balancer is up on no interface', 'Run `tsbpf-lb up INTERFACE`.')
  if (another !== undefined)
    throw new InvalidRequestError(
      `the load balancer is up on several interfaces: ${names.join(', ')}`,
      'Say which one is meant with --interface NAME.',
    )
  const link = findLink(balancer.route, only.ifindex)
  if (link === undefined) throw new NotFoundError(`interface ${only.ifindex} is gone`)
  return link
}

function ifindexOf(balancer: Balancer, name: string | undefined): number | undefined {
  return name === undefined ? undefined : interfaceByName(balancer.route, name).ifindex
}
