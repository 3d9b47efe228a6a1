import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatIp } from '../../../src/loader/address/ip.ts'
import { listPins } from '../../../src/loader/bpf/bpffs.ts'
import { listConntrack } from '../../../src/loader/netlink/conntrack/table.ts'
import { NetlinkSocket } from '../../../src/loader/netlink/core/socket.ts'
import { listTables, readTable } from '../../../src/loader/netlink/nftables/state.ts'
import { listAddresses } from '../../../src/loader/netlink/route/addresses.ts'
import { type Link, listLinks } from '../../../src/loader/netlink/route/links.ts'
import { listRoutes } from '../../../src/loader/netlink/route/routes.ts'
import { listBpfFilters, listQdiscs } from '../../../src/loader/netlink/route/traffic-control.ts'
import { inNamespace } from '../../../src/loader/netns/namespace.ts'
import { hasTcx, queryTcx } from '../../../src/loader/program/link-tcx.ts'
import { markPrefix, markPrefixMask } from '../../../src/programs/load-balancer/datapath/mark.ts'
import type { Lab } from './lab.ts'
import { installed, run } from './namespaces.ts'

/** Everything on the balancer's machine that the command could have changed, to be compared with `toEqual`. */
export interface Snapshot {
  readonly links: unknown
  readonly addresses: readonly string[]
  readonly routes: readonly string[]
  readonly qdiscs: readonly string[]
  readonly filters: readonly string[]
  readonly tcx: readonly string[]
  readonly nfTables: unknown
  /** As `nft list ruleset` shows it, where nft is installed. */
  readonly ruleset: string
  readonly sysctls: Readonly<Record<string, string>>
  readonly pins: readonly string[]
  /** Connections that carry the balancer's mark. */
  readonly connections: number
}

/** Sysctls that change by themselves. */
const volatile = /nf_conntrack_count$|fib_sync_mem|\/stat\//

/** Looks at the balancer's machine. */
export function snapshot({ balancer, pins }: Pick<Lab, 'balancer' | 'pins'>): Snapshot {
  const seen = inNamespace(balancer.namespace, () => {
    using route = NetlinkSocket.open('route')
    using netfilter = NetlinkSocket.open('netfilter')
    const links = listLinks(route)
    return {
      links: links.map(({ name, up, mtu, mac, master }) => ({
        name,
        up,
        mtu,
        mac: mac.join(':'),
        master,
      })),
      addresses: listAddresses(route)
        .map(({ ifindex, address, prefixLength }) => `${ifindex} ${formatIp(address)}/${prefixLength}`)
        .sort(),
      routes: listRoutes(route)
        .map((one) => text({ ...one, destination: formatIp(one.destination) }))
        .sort(),
      qdiscs: listQdiscs(route).map(text).sort(),
      filters: listQdiscs(route)
        .filter(({ kind }) => kind === 'clsact')
        .flatMap(({ ifindex }) =>
          (['ingress', 'egress'] as const).flatMap((side) => listBpfFilters(route, ifindex, side).map(text)),
        ),
      tcx: hasTcx() ? links.flatMap(tcxPrograms) : [],
      nfTables: listTables(netfilter).map((table) => readTable(netfilter, table)),
      sysctls: Object.fromEntries(readSysctls('/proc/sys/net')),
      pins: pinTree(pins),
      connections: listConntrack(netfilter, { mark: { mark: markPrefix, mask: markPrefixMask } }).length,
    }
  })
  const ruleset = installed('nft') ? run(balancer.namespace, 'nft', 'list', 'ruleset') : ''
  return { ...seen, ruleset }
}

function tcxPrograms({ ifindex, name }: Link): string[] {
  return (['ingress', 'egress'] as const).flatMap((direction) =>
    queryTcx(ifindex, direction).entries.map(({ programId }) => `${name} ${direction} ${programId}`),
  )
}

function readSysctls(directory: string): [string, string][] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry): [string, string][] => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return readSysctls(path)
    if (volatile.test(path)) return []
    try {
      return [[path, readFileSync(path, 'utf8')]]
    } catch {
      // Write-only, or about hardware that is not there.
      return []
    }
  })
}

function pinTree(directory: string): string[] {
  return listPins(directory).flatMap((pin) => [pin.path, ...(pin.directory ? pinTree(pin.path) : [])])
}

function text(value: object): string {
  return JSON.stringify(value, (_, one) => (one instanceof Uint8Array ? one.join(',') : one))
}
