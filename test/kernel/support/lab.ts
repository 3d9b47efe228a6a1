import { existsSync, rmdirSync } from 'node:fs'
import { afterAll, beforeAll } from 'vitest'
import { parseIp } from '../../../src/loader/address/ip.ts'
import { removePinDirectory } from '../../../src/loader/bpf/bpffs.ts'
import type { NetlinkSocket } from '../../../src/loader/netlink/core/socket.ts'
import { addAddress } from '../../../src/loader/netlink/route/addresses.ts'
import { createBridge, createVeth, setLink } from '../../../src/loader/netlink/route/link-changes.ts'
import { getLink } from '../../../src/loader/netlink/route/links.ts'
import { addRoute } from '../../../src/loader/netlink/route/routes.ts'
import { inNamespace, type NetworkNamespace } from '../../../src/loader/netns/namespace.ts'
import { writeSysctl } from '../../../src/loader/netns/sysctl.ts'
import { stateDirectory, stateRoot } from '../../../src/programs/load-balancer/control/state-directory.ts'
import { Command } from './command.ts'
import { type TestNamespaces, testNamespaces } from './namespaces.ts'
import { Peer } from './peer.ts'

/** A machine of a test network: a namespace, and a process in it. */
export class Host {
  readonly name: string
  readonly namespace: NetworkNamespace
  readonly route: NetlinkSocket
  readonly peer: Peer

  constructor(namespaces: TestNamespaces, name: string) {
    this.name = name
    this.namespace = namespaces.create(name)
    this.route = namespaces.open(this.namespace, 'route')
    // Addresses that configure themselves would come and go between two looks at a machine.
    if (existsSync('/proc/sys/net/ipv6')) this.sysctl('net.ipv6.conf.all.disable_ipv6', 1)
    this.peer = new Peer(this.namespace, name)
  }

  /** Connects this host's interface to one of another, and gives both addresses, if any. */
  connect(
    name: string,
    address: string | undefined,
    other: Host,
    otherName: string,
    otherAddress?: string,
  ): void {
    createVeth(this.route, { name }, { name: otherName, netnsFd: other.namespace.fd })
    this.configure(name, address)
    other.configure(otherName, otherAddress)
  }

  /** Sets an interface up with an address such as `10.0.0.1/24`. */
  configure(name: string, address?: string): void {
    if (address !== undefined) this.addAddress(name, address)
    setLink(this.route, name, { up: true })
  }

  /** Adds an address such as `10.0.0.1/24`. */
  addAddress(name: string, address: string): void {
    const [ip = '', length] = address.split('/')
    const { ifindex } = getLink(this.route, name)
    addAddress(this.route, { ifindex, address: parseIp(ip), prefixLength: Number(length) })
  }

  /** Routes everything, or one network such as `203.0.113.0/24`, through a gateway. */
  addRoute(gateway: string, network?: string): void {
    const [ip = '', length] = network?.split('/') ?? []
    const destination =
      network === undefined ? {} : { destination: { address: parseIp(ip), prefixLength: Number(length) } }
    addRoute(this.route, { gateway: parseIp(gateway), ...destination })
  }

  /** Sets a `net.*` sysctl. */
  sysctl(name: string, value: number | string): void {
    writeSysctl(this.namespace, name, value)
  }

  /** The index of an interface. */
  ifindex(name: string): number {
    return getLink(this.route, name).ifindex
  }
}

/** A client, a balancer and backends. */
export interface Lab {
  readonly client: Host
  readonly balancer: Host
  readonly backends: readonly Host[]
  /** The command line, in the balancer's namespace. */
  readonly lb: Command
  /** Where the command keeps its pins. */
  readonly pins: string
  /** The balancer's address on `eth0`, towards the client. */
  readonly vip: string
  /** The address of a backend, counted from 0. */
  backendAddress(index: number): string
}

/** The shape of a lab. */
export interface LabOptions {
  readonly backends: number
  /** `routed` (default): the balancer between client and backends. `flat`: all on one switch. */
  readonly shape?: 'routed' | 'flat'
}

/**
 * Makes a network for the tests of the calling file and removes it when they are done, with everything that the
 * command has left in the kernel.
 *
 * - `routed`: client 10.1.0.2 – `eth0` 10.1.0.1, balancer, `be<n>` 10.2.n.1 – backends 10.2.n.2 (n from 1). The
 *   backends have no route to the client, so only full NAT can work.
 * - `flat`: client 10.3.0.2, balancer `eth0` 10.3.0.1, backends 10.3.0.10 and up, in one network.
 */
export function useLab(options: LabOptions, ready: (lab: Lab) => void): void {
  const namespaces = testNamespaces('all')
  const hosts: Host[] = []
  let pins: string | undefined

  beforeAll(() => {
    const add = (name: string): Host => {
      const host = new Host(namespaces, name)
      hosts.push(host)
      return host
    }
    const balancer = add('balancer')
    pins = inNamespace(balancer.namespace, stateDirectory)
    const client = add('client')
    const backends = Array.from({ length: options.backends }, (_, i) => add(`b${i + 1}`))
    const shape = options.shape ?? 'routed'
    if (shape === 'routed') connectRouted(client, balancer, backends)
    else connectFlat(add('switch'), client, balancer, backends)
    ready({
      client,
      balancer,
      backends,
      lb: new Command(balancer.namespace),
      pins,
      vip: shape === 'routed' ? '10.1.0.1' : '10.3.0.1',
      backendAddress: (i) => (shape === 'routed' ? `10.2.${i + 1}.2` : `10.3.0.${10 + i}`),
    })
  })

  afterAll(async () => {
    await Promise.all(hosts.map(({ peer }) => peer.end()))
    if (pins !== undefined) removePins(pins)
  })
}

function connectRouted(client: Host, balancer: Host, backends: readonly Host[]): void {
  balancer.connect('eth0', '10.1.0.1/24', client, 'eth0', '10.1.0.2/24')
  client.addRoute('10.1.0.1')
  backends.forEach((backend, i) => {
    balancer.connect(`be${i + 1}`, `10.2.${i + 1}.1/24`, backend, 'eth0', `10.2.${i + 1}.2/24`)
  })
}

function connectFlat(middle: Host, client: Host, balancer: Host, backends: readonly Host[]): void {
  createBridge(middle.route, { name: 'br0' })
  middle.configure('br0')
  const plug = (host: Host, address: string): void => {
    host.connect('eth0', address, middle, `to-${host.name}`)
    setLink(middle.route, `to-${host.name}`, { master: middle.ifindex('br0') })
  }
  plug(balancer, '10.3.0.1/24')
  plug(client, '10.3.0.2/24')
  for (const [i, backend] of backends.entries()) plug(backend, `10.3.0.${10 + i}/24`)
}

/** Removes what the command has pinned for a namespace that is about to go, as `down` would. */
export function removePins(directory: string): void {
  removePinDirectory(directory)
  try {
    rmdirSync(stateRoot)
  } catch {
    // Gone, or a balancer of another namespace is there.
  }
}
