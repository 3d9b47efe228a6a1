import { listPins, removePinDirectory } from '../../../loader/bpf/bpffs.ts'
import { detach, listAttachments } from './attachment.ts'
import { type Balancer, changeBalancer, type LockOptions, syncNetfilter } from './balancer.ts'
import { NotFoundError } from './errors.ts'
import { deleteFlows } from './flows.ts'
import { restoreForwarding } from './forwarding.ts'
import { removeNetfilter } from './netfilter-gear.ts'
import { interfaceByName } from './network.ts'
import type { ServiceEntry } from './registry.ts'
import { transaction } from './rollback.ts'
import { stateRoot } from './state-directory.ts'

/** What `down` did. */
export interface DownResult {
  /** Interfaces it was taken off. */
  readonly interfaces: readonly string[]
  /** Whether that was the last one, and everything else is gone, too. */
  readonly stopped: boolean
  /** Connections that were ended. */
  readonly connections: number
}

/**
 * Takes the load balancer off one interface, or off all. With the last one goes everything that `up` made: pins,
 * the nf_tables table, our entries of the connection table, forwarding settings.
 *
 * @throws {NotFoundError} when there is nothing to take down
 */
export async function down(
  options: LockOptions & { readonly interface?: string | undefined } = {},
): Promise<DownResult> {
  const nothing = 'there is nothing to take down: no load balancer is running in this network namespace'
  return await changeBalancer({ ...options, nothing }, async (balancer) => {
    const attached = listAttachments(balancer.route, balancer.tables, balancer.directory)
    const chosen = chooseInterfaces(balancer, attached, options.interface)
    for (const { ifindex } of chosen) {
      detach({ socket: balancer.route, tables: balancer.tables, directory: balancer.directory, ifindex })
    }
    const interfaces = chosen.map(({ name, ifindex }) => name ?? `#${ifindex}`)
    if (chosen.length < attached.length) {
      const connections = await removeServicesOf(balancer, chosen)
      return { interfaces, stopped: false, connections }
    }
    const connections = deleteFlows(balancer.netfilter)
    removeNetfilter(balancer.netfilter)
    restoreForwarding(balancer.route, balancer.tables)
    removePinDirectory(balancer.directory)
    if (listPins(stateRoot).length === 0) removePinDirectory(stateRoot)
    return { interfaces, stopped: true, connections }
  })
}

function chooseInterfaces<T extends { readonly ifindex: number }>(
  balancer: Balancer,
  attached: readonly T[],
  name: string | undefined,
): readonly T[] {
  if (name === undefined) return attached
  const { ifindex } = interfaceByName(balancer.route, name)
  const found = attached.filter((attachment) => attachment.ifindex === ifindex)
  if (found.length === 0)
    throw new NotFoundError(
      `the load balancer is not up on ${name}`,
      'There is nothing to take down; `tsbpf-lb status` shows where it is up.',
    )
  return found
}

/** Removes the services that are about the addresses of interfaces the balancer is no longer up on. */
async function removeServicesOf(
  balancer: Balancer,
  gone: readonly { readonly ifindex: number }[],
): Promise<number> {
  const { registry } = balancer
  return await transaction(undefined, async (rollback) => {
    const services = registry
      .services()
      .filter((service: ServiceEntry) => gone.some(({ ifindex }) => service.ifindex === ifindex))
    let connections = 0
    for (const service of services) {
      const backends = registry.backends(service)
      registry.removeService(service, rollback)
      for (const backend of backends) registry.removeBackend(backend, rollback)
      for (const backend of backends) connections += deleteFlows(balancer.netfilter, backend.index)
    }
    syncNetfilter(balancer, rollback)
    return connections
  })
}
