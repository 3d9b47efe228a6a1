/** A backend of the demo: an HTTP server in a network namespace of its own. */
export interface DemoBackend {
  /** What it answers requests with. */
  readonly name: string
  readonly namespace: string
  readonly address: string
  readonly port: number
  /** The balancer's address on the cable between the two. */
  readonly gateway: string
  /** The balancer's interface at its end of that cable. */
  readonly balancerInterface: string
}

/** Who is in the demo's sandbox, and how they are connected. All addresses are IPv4, all networks /24. */
export interface DemoTopology {
  readonly client: { readonly namespace: string; readonly address: string }
  readonly balancer: {
    readonly namespace: string
    /** The interface that faces the client. */
    readonly interface: string
    /** The address that clients connect to. */
    readonly address: string
    /** The balanced TCP port. */
    readonly port: number
  }
  readonly backends: readonly DemoBackend[]
}

/** Bits of every network's prefix. */
export const prefixLength = 24

/** How many backends there are. */
const backendCount = 3

const prefix = 'tsbpf-demo'

/**
 * The sandbox of the demo with this process id. The client's network is 10.0.0.0/24, that of backend N 10.0.N.0/24;
 * they exist only inside the sandbox's namespaces.
 */
export function demoTopology(pid: number): DemoTopology {
  const namespace = (label: string): string => `${prefix}-${pid}-${label}`
  return {
    client: { namespace: namespace('client'), address: '10.0.0.10' },
    balancer: { namespace: namespace('balancer'), interface: 'eth0', address: '10.0.0.1', port: 80 },
    backends: Array.from({ length: backendCount }, (_, i) => ({
      name: `backend-${i + 1}`,
      namespace: namespace(`backend-${i + 1}`),
      address: `10.0.${i + 1}.10`,
      port: 8080,
      gateway: `10.0.${i + 1}.1`,
      balancerInterface: `eth${i + 1}`,
    })),
  }
}

/** `address:port` of a backend. */
export function endpointOf(backend: DemoBackend): string {
  return `${backend.address}:${backend.port}`
}

/** The names of all namespaces of a sandbox. */
export function namespacesOf({ client, balancer, backends }: DemoTopology): string[] {
  return [client, balancer, ...backends].map(({ namespace }) => namespace)
}

/** The process id in the name of a demo's namespace; undefined for names that are not a demo's. */
export function demoProcessOf(namespace: string): number | undefined {
  const pid = new RegExp(`^${prefix}-([1-9]\\d{0,9})-[a-z]`).exec(namespace)?.[1]
  return pid === undefined ? undefined : Number(pid)
}
