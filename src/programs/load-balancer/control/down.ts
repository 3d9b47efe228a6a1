import { existsSync } from 'node:fs'
import { detach, listAttachments } from './attachment.ts'
import { type Balancer, type LockOptions, locked, syncNetfilter, withSockets } from './balancer.ts'
import { NotFoundError } from './errors.ts'
import { deleteFlows } from './flows.ts'
import { restoreForwarding } from './forwarding.ts'
import { removeNetfilter } from './netfilter-gear.ts'
import { interfaceByName } from './network.ts'
import { checkPrivileges } from './privileges.ts'
import { Registry } from './registry.ts'
import { type Rollback, transaction } from './rollback.ts'
import { endService } from './services.ts'
import { removeState, stateDirectory } from './state-directory.ts'
import { createTables } from './tables.ts'

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
  checkPrivileges()
  const directory = stateDirectory()
  if (!existsSync(directory))
    throw new NotFoundError(
      'there is nothing to take down: no load balancer is running in this network namespace',
      'Start one with `tsbpf-lb up INTERFACE`.',
    )
  return await locked(directory, options, () =>
    withSockets((sockets) =>
      transaction(undefined, async (rollback) => {
        // What a killed `up` or `down` has left may lack some of the maps.
        const tables = createTables(directory, rollback)
        rollback.own(tables)
        const balancer = { ...sockets, directory, tables, registry: new Registry(tables) }
        return takeDown(balancer, options.interface, rollback)
      }),
    ),
  )
}

function takeDown(balancer: Balancer, name: string | undefined, rollback: Rollback): DownResult {
  const { route, netfilter, tables, directory } = balancer
  const attached = listAttachments(route, tables, directory)
  const chosen = chooseInterfaces(balancer, attached, name)
  const interfaces = chosen.map((one) => one.name ?? `#${one.ifindex}`)
  const detachAll = (): void => {
    for (const { ifindex } of chosen) detach({ socket: route, tables, directory, ifindex })
  }
  if (chosen.length < attached.length) {
    const connections = removeServicesOf(balancer, chosen, rollback)
    detachAll()
    syncNetfilter(balancer, rollback)
    return { interfaces, stopped: false, connections }
  }
  detachAll()
  const connections = deleteFlows(netfilter)
  removeNetfilter(netfilter)
  restoreForwarding(route, tables)
  removeState(directory)
  return { interfaces, stopped: true, connections }
}

function chooseInterfaces<T extends { readonly ifindex: number }>(
  balancer: Balancer,
  attached: readonly T[],
  name: string | undefined,
): readonly T[] {
  if (name === undefined) return attached
  const { ifindex } = interfaceByName(balancer.route, name)
  const found = attached.filter((attachment) => attachment.ifindex === ifindex)
  // Up nowhere: an `up` or `down` was killed, and its remains are not about any interface.
  if (found.length === 0 && attached.length > 0)
    throw new NotFoundError(
      `the load balancer is not up on ${name}`,
      'There is nothing to take down; `tsbpf-lb status` shows where it is up.',
    )
  return found
}

/** Removes the services that are about the addresses of interfaces the balancer is about to leave. */
function removeServicesOf(
  balancer: Balancer,
  leaving: readonly { readonly ifindex: number }[],
  rollback: Rollback,
): number {
  return balancer.registry
    .services()
    .filter((service) => leaving.some(({ ifindex }) => service.ifindex === ifindex))
    .reduce((sum, service) => sum + endService(balancer, service, rollback), 0)
}
