import { existsSync, rmdirSync } from 'node:fs'
import { parseIp } from '../../../loader/address/ip.ts'
import { listPins, removePinDirectory } from '../../../loader/bpf/bpffs.ts'
import { NetlinkSocket } from '../../../loader/netlink/core/socket.ts'
import { addAddress } from '../../../loader/netlink/route/addresses.ts'
import { createVeth, setLink } from '../../../loader/netlink/route/link-changes.ts'
import { getLink } from '../../../loader/netlink/route/links.ts'
import { addRoute } from '../../../loader/netlink/route/routes.ts'
import { createNamespace, deleteNamespace, listNamespaces } from '../../../loader/netns/named.ts'
import { inNamespace, type NetworkNamespace, openNamespace } from '../../../loader/netns/namespace.ts'
import { stateDirectory, stateRoot } from '../control/state-directory.ts'
import { type DemoTopology, demoProcessOf, namespacesOf, prefixLength } from './topology.ts'

/** Network namespaces, cables, addresses and routes of the demo. Whoever builds one closes it. */
export class Sandbox {
  readonly topology: DemoTopology
  readonly #namespaces = new Map<string, NetworkNamespace>()
  #pins: string | undefined

  private constructor(topology: DemoTopology) {
    this.topology = topology
  }

  /** Builds the whole sandbox; when something fails, what was built until then is removed. */
  static build(topology: DemoTopology): Sandbox {
    const sandbox = new Sandbox(topology)
    try {
      for (const name of namespacesOf(topology)) sandbox.#createNamespace(name)
      sandbox.#pins = inNamespace(sandbox.namespace(topology.balancer.namespace), stateDirectory)
      sandbox.#connect()
      return sandbox
    } catch (error) {
      sandbox.close()
      throw error
    }
  }

  /** One of its namespaces, by name. */
  namespace(name: string): NetworkNamespace {
    const namespace = this.#namespaces.get(name)
    if (namespace === undefined) throw new Error(`the sandbox has no namespace ${name}`)
    return namespace
  }

  /** Pins of the sandbox's balancer. */
  pins(): string[] {
    if (this.#pins === undefined || !existsSync(this.#pins)) return []
    return [this.#pins, ...listPins(this.#pins).map(({ path }) => path)]
  }

  /** What is there of it on this machine: namespaces and pins. */
  remains(): string[] {
    const ours = new Set(namespacesOf(this.topology))
    return [...listNamespaces().filter((name) => ours.has(name)), ...this.pins()]
  }

  /**
   * Removes everything, the balancer's pins included. Processes that are still in a namespace keep it alive, without
   * a name, until they end. Goes on when something cannot be removed. Safe to call twice.
   *
   * @throws {AggregateError} at the end, with everything that could not be removed
   */
  close(): void {
    const errors: unknown[] = []
    const attempt = (step: () => void): void => {
      try {
        step()
      } catch (error) {
        errors.push(error)
      }
    }
    attempt(() => removePins(this.#pins))
    for (const [name, namespace] of this.#namespaces) {
      namespace.close()
      attempt(() => deleteNamespace(name))
    }
    this.#namespaces.clear()
    if (errors.length > 0) throw new AggregateError(errors, 'the sandbox could not be removed completely')
  }

  #createNamespace(name: string): void {
    const namespace = createNamespace(name)
    this.#namespaces.set(name, namespace)
    using socket = inNamespace(namespace, () => NetlinkSocket.open('route'))
    setLink(socket, 'lo', { up: true })
  }

  #connect(): void {
    const { client, balancer, backends } = this.topology
    using socket = inNamespace(this.namespace(balancer.namespace), () => NetlinkSocket.open('route'))
    this.#plug(socket, { ...client, gateway: balancer.address, balancerInterface: balancer.interface })
    for (const backend of backends) this.#plug(socket, backend)
  }

  /** Lays a cable from the balancer to another host, and gives both ends their addresses. */
  #plug(
    balancer: NetlinkSocket,
    host: { namespace: string; address: string; gateway: string; balancerInterface: string },
  ): void {
    const namespace = this.namespace(host.namespace)
    createVeth(balancer, { name: host.balancerInterface }, { name: 'eth0', netnsFd: namespace.fd })
    configure(balancer, host.balancerInterface, host.gateway)
    using socket = inNamespace(namespace, () => NetlinkSocket.open('route'))
    configure(socket, 'eth0', host.address)
    addRoute(socket, { gateway: parseIp(host.gateway) })
  }
}

/**
 * Removes the sandboxes of demos that were killed before they could do so themselves: those named after a process
 * that is gone (or after this one, which has not built its own yet).
 *
 * @returns the namespaces that were removed
 */
export function removeAbandonedSandboxes(): string[] {
  return listNamespaces().filter((name) => {
    const pid = demoProcessOf(name)
    if (pid === undefined || (pid !== process.pid && existsSync(`/proc/${pid}`))) return false
    try {
      removePins(pinsOf(name))
      deleteNamespace(name)
      return true
    } catch {
      // Another demo has found it at the same time, or it cannot be removed: nothing that concerns this demo.
      return false
    }
  })
}

function configure(socket: NetlinkSocket, name: string, address: string): void {
  const { ifindex } = getLink(socket, name)
  addAddress(socket, { ifindex, address: parseIp(address), prefixLength })
  setLink(socket, ifindex, { up: true })
}

/** The pin directory of the balancer in an abandoned namespace; undefined when the name stands for no namespace. */
function pinsOf(name: string): string | undefined {
  using namespace = openNamespace(name)
  try {
    return inNamespace(namespace, stateDirectory)
  } catch {
    return undefined
  }
}

function removePins(directory: string | undefined): void {
  if (directory === undefined || !removePinDirectory(directory)) return
  try {
    // Only when it is empty: it holds the pins of all other balancers of this machine, too.
    rmdirSync(stateRoot)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOTEMPTY' && code !== 'ENOENT' && code !== 'EBUSY') throw error
  }
}
