import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterAll, afterEach } from 'vitest'
import { NetlinkSocket } from '../../../src/loader/netlink/core/socket.ts'
import { setLink } from '../../../src/loader/netlink/route/link-changes.ts'
import { createNamespace, deleteNamespace, listNamespaces } from '../../../src/loader/netns/named.ts'
import { inNamespace, type NetworkNamespace } from '../../../src/loader/netns/namespace.ts'

const prefix = 'tsbpf-test'
let counter = 0

/** Makes network namespaces for tests; everything it made is removed when its scope ends, failed tests included. */
export interface TestNamespaces {
  /** A fresh namespace with a unique name, loopback up. `label` is only for whoever reads `ip netns list`. */
  create(label: string): NetworkNamespace
  /** Opens a netlink socket in a namespace; closed with the scope. */
  open(namespace: NetworkNamespace, protocol: 'route' | 'netfilter'): NetlinkSocket
}

/**
 * Call it at the top of a `describe` (or of a file).
 *
 * @param scope when to remove: after `each` test (default) or after `all` tests of the block
 */
export function testNamespaces(scope: 'each' | 'all' = 'each'): TestNamespaces {
  removeAbandoned()
  const made: NetworkNamespace[] = []
  const sockets: NetlinkSocket[] = []
  const removeAll = () => {
    for (const socket of sockets.splice(0)) socket.close()
    for (const namespace of made.splice(0)) {
      namespace.close()
      if (namespace.name !== undefined) deleteNamespace(namespace.name)
    }
  }
  if (scope === 'each') afterEach(removeAll)
  else afterAll(removeAll)
  return {
    create(label) {
      const namespace = createNamespace(`${prefix}-${process.pid}-${counter++}-${label}`)
      made.push(namespace)
      const route = inNamespace(namespace, () => NetlinkSocket.open('route'))
      try {
        setLink(route, 'lo', { up: true })
      } finally {
        route.close()
      }
      return namespace
    },
    open(namespace, protocol) {
      const socket = inNamespace(namespace, () => NetlinkSocket.open(protocol))
      sockets.push(socket)
      return socket
    },
  }
}

/** Runs a program inside a namespace and returns what it prints. Throws, with its stderr, when it fails. */
export function run(namespace: NetworkNamespace, command: string, ...args: string[]): string {
  return inNamespace(namespace, () =>
    execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
  )
}

/** As {@link run}, parsing the output (`ip -j`, `tc -j`, `nft -j`) as JSON; `[]` for no output. */
export function runJson(namespace: NetworkNamespace, command: string, ...args: string[]): unknown {
  return JSON.parse(run(namespace, command, ...args) || '[]')
}

/** Removes what a killed test process left behind. */
function removeAbandoned(): void {
  for (const name of listNamespaces()) {
    const pid = new RegExp(`^${prefix}-(\\d+)-`).exec(name)?.[1]
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue
    try {
      deleteNamespace(name)
    } catch {
      // Another test process found it at the same time.
    }
  }
}

/** Whether a program is installed on this machine; for comparing with tools that we do not depend on. */
export function installed(command: string): boolean {
  return (process.env.PATH ?? '').split(':').some((directory) => existsSync(`${directory}/${command}`))
}
