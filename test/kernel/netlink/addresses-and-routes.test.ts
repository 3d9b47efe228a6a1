import { beforeEach, expect } from 'vitest'
import { formatIp, parseIp } from '../../../src/loader/address/ip.ts'
import { formatMac, parseMac } from '../../../src/loader/address/mac.ts'
import { NetlinkError } from '../../../src/loader/netlink/core/errors.ts'
import type { NetlinkSocket } from '../../../src/loader/netlink/core/socket.ts'
import {
  addAddress,
  addressFlags,
  deleteAddress,
  listAddresses,
} from '../../../src/loader/netlink/route/addresses.ts'
import { createVeth, setLink } from '../../../src/loader/netlink/route/link-changes.ts'
import { getLink } from '../../../src/loader/netlink/route/links.ts'
import {
  deleteNeighbour,
  listNeighbours,
  setNeighbour,
} from '../../../src/loader/netlink/route/neighbours.ts'
import {
  addRoute,
  deleteRoute,
  getRoute,
  listRoutes,
  type Route,
  replaceRoute,
} from '../../../src/loader/netlink/route/routes.ts'
import type { NetworkNamespace } from '../../../src/loader/netns/namespace.ts'
import { describe, test } from '../support/kernel-test.ts'
import { runJson, testNamespaces } from '../support/namespaces.ts'
import { until } from '../support/until.ts'

const namespaces = testNamespaces()
let a: NetworkNamespace
let socket: NetlinkSocket
let v0: number

beforeEach(() => {
  a = namespaces.create('a')
  const b = namespaces.create('b')
  socket = namespaces.open(a, 'route')
  const other = namespaces.open(b, 'route')
  createVeth(socket, { name: 'v0' }, { name: 'v1', netnsFd: b.fd })
  setLink(socket, 'v0', { up: true })
  setLink(other, 'v1', { up: true })
  v0 = getLink(socket, 'v0').ifindex
  addAddress(socket, { ifindex: v0, address: parseIp('10.1.0.1'), prefixLength: 24 })
  const noDuplicateDetection = true
  addAddress(socket, { ifindex: v0, address: parseIp('fd00:1::1'), prefixLength: 64, noDuplicateDetection })
})

const net = (text: string, prefixLength: number) => ({ address: parseIp(text), prefixLength })

describe('addresses', () => {
  test('the list agrees with ip -j address', () => {
    addAddress(socket, { ifindex: v0, address: parseIp('192.0.2.7'), prefixLength: 32, scope: 'link' })
    const seen = listAddresses(socket).map((address) => ({
      ifindex: address.ifindex,
      family: address.family === 'ipv4' ? 'inet' : 'inet6',
      local: formatIp(address.address),
      prefixlen: address.prefixLength,
      scope: address.scope,
    }))
    const links = runJson(a, 'ip', '-j', 'address') as {
      ifindex: number
      addr_info: { family: string; local: string; prefixlen: number; scope: string }[]
    }[]
    const expected = links.flatMap(({ ifindex, addr_info }) =>
      addr_info.map(({ family, local, prefixlen, scope }) => ({ ifindex, family, local, prefixlen, scope })),
    )
    const byText = (x: { local: string }, y: { local: string }) => (x.local < y.local ? -1 : 1)
    expect(seen.sort(byText)).toEqual(expected.sort(byText))
    expect(seen.map(({ local }) => local)).toContain('192.0.2.7')
  })

  test('filters by interface and family; flags and broadcast are right', () => {
    const [v4, ...rest] = listAddresses(socket, { ifindex: v0, family: 'ipv4' })
    expect(rest).toEqual([])
    expect(v4).toMatchObject({ prefixLength: 24, scope: 'global', label: 'v0' })
    const v6 = listAddresses(socket, { ifindex: v0, family: 'ipv6' }).find(({ scope }) => scope === 'global')
    expect((v6?.flags ?? 0) & addressFlags.tentative).toBe(0)
    const [link] = runJson(a, 'ip', '-j', '-4', 'address', 'show', 'dev', 'v0') as {
      addr_info: { broadcast: string }[]
    }[]
    expect(link?.addr_info[0]?.broadcast).toBe('10.1.0.255')
  })

  test('add twice, delete, delete twice', () => {
    const change = { ifindex: v0, address: parseIp('10.9.9.9'), prefixLength: 32 }
    addAddress(socket, change)
    expect(refusal(() => addAddress(socket, change))).toMatchObject({
      errnoName: 'EEXIST',
      attempted: `add address 10.9.9.9/32 on link ${v0}`,
    })
    deleteAddress(socket, change)
    expect(listAddresses(socket).map(({ address }) => formatIp(address))).not.toContain('10.9.9.9')
    expect(refusal(() => deleteAddress(socket, change)).errnoName).toBe('EADDRNOTAVAIL')
  })

  test('refuses what is not an address', () => {
    expect(() => addAddress(socket, { ifindex: v0, address: new Uint8Array(5), prefixLength: 8 })).toThrow(
      /4 or 16 bytes/,
    )
    expect(() => addAddress(socket, { ifindex: v0, address: parseIp('10.0.0.1'), prefixLength: 33 })).toThrow(
      /0\.\.32/,
    )
  })
})

describe('routes', () => {
  test('default and prefix routes of both families, as ip -j route shows them', () => {
    addRoute(socket, { gateway: parseIp('10.1.0.254') })
    addRoute(socket, { gateway: parseIp('fd00:1::ff'), metric: 77 })
    addRoute(socket, { destination: net('172.16.0.0', 12), ifindex: v0, mtu: 1300 })
    addRoute(socket, { destination: net('fd00:2::', 32), gateway: parseIp('fd00:1::2') })
    addRoute(socket, { destination: net('198.51.100.0', 24), kind: 'blackhole' })
    for (const [family, option] of [
      ['ipv4', '-4'],
      ['ipv6', '-6'],
    ] as const) {
      const seen = listRoutes(socket, { family, table: 254 }).map(textOf)
      const expected = (runJson(a, 'ip', '-j', option, '-d', 'route') as IpRoute[]).map(textOfIp)
      expect(seen.sort()).toEqual(expected.sort())
    }
    expect(listRoutes(socket, { family: 'ipv4', table: 254 }).map(textOf)).toContain(
      'unicast default via 10.1.0.254 dev v0',
    )
  })

  test('the local table names this host’s own addresses', () => {
    const local = listRoutes(socket, { family: 'ipv4', table: 255 }).filter(({ kind }) => kind === 'local')
    expect(local.map(({ destination }) => formatIp(destination))).toContain('10.1.0.1')
    expect(listRoutes(socket, { family: 'ipv4', table: 4711 })).toEqual([])
  })

  test('an IPv4 network through an IPv6 gateway', () => {
    addRoute(socket, {
      destination: net('203.0.113.0', 24),
      gateway: parseIp('fd00:1::9'),
      ifindex: v0,
    })
    const answer = getRoute(socket, parseIp('203.0.113.5'))
    expect(answer.gateway && formatIp(answer.gateway)).toBe('fd00:1::9')
  })

  test('the way to a destination: output interface, gateway, source, mtu, kind', async () => {
    addRoute(socket, { gateway: parseIp('10.1.0.254'), mtu: 1300 })
    addRoute(socket, { gateway: parseIp('fd00:1::ff') })
    const far = getRoute(socket, parseIp('8.8.8.8'))
    expect(far).toMatchObject({ kind: 'unicast', ifindex: v0, mtu: 1300, prefixLength: 32, table: 254 })
    expect(far.gateway && formatIp(far.gateway)).toBe('10.1.0.254')
    expect(far.preferredSource && formatIp(far.preferredSource)).toBe('10.1.0.1')
    const near = getRoute(socket, parseIp('10.1.0.77'))
    expect(near).toMatchObject({ ifindex: v0, gateway: undefined, mtu: undefined })
    const six = getRoute(socket, parseIp('2001:db8::1'))
    expect(six.gateway && formatIp(six.gateway)).toBe('fd00:1::ff')
    expect(six.preferredSource && formatIp(six.preferredSource)).toBe('fd00:1::1')
    expect(getRoute(socket, parseIp('10.1.0.1'))).toMatchObject({ kind: 'local' })
    // The kernel makes an IPv6 address's local route a moment after the address, in a work queue.
    const own = (): string | number => getRoute(socket, parseIp('fd00:1::1')).kind
    await until('the local route of fd00:1::1', own, (kind) => kind === 'local')
  })

  test('no route is ENETUNREACH', () => {
    const error = refusal(() => getRoute(socket, parseIp('8.8.8.8')))
    expect(error).toMatchObject({ errnoName: 'ENETUNREACH', attempted: 'get the route to 8.8.8.8' })
  })

  test('replace and delete', () => {
    addRoute(socket, { gateway: parseIp('10.1.0.254') })
    expect(refusal(() => addRoute(socket, { gateway: parseIp('10.1.0.253') })).errnoName).toBe('EEXIST')
    replaceRoute(socket, { gateway: parseIp('10.1.0.253') })
    const { gateway } = getRoute(socket, parseIp('8.8.8.8'))
    expect(gateway && formatIp(gateway)).toBe('10.1.0.253')
    deleteRoute(socket, { family: 'ipv4' })
    expect(refusal(() => getRoute(socket, parseIp('8.8.8.8'))).errnoName).toBe('ENETUNREACH')
    const again = refusal(() => deleteRoute(socket, { family: 'ipv4' }))
    expect(again).toMatchObject({ errnoName: 'ESRCH', attempted: 'delete route default' })
  })

  test('a default route without family or gateway is refused', () => {
    expect(() => addRoute(socket, { ifindex: v0 })).toThrow(/family or a gateway/)
  })
})

describe('neighbours', () => {
  test('set, list as ip -j neighbour does, delete', () => {
    const mac = parseMac('02:00:00:00:0a:0b')
    setNeighbour(socket, { ifindex: v0, address: parseIp('10.1.0.50'), mac })
    setNeighbour(socket, { ifindex: v0, address: parseIp('fd00:1::50'), mac })
    const seen = listNeighbours(socket, { ifindex: v0 })
      .filter(({ state }) => state === 'permanent')
      .map((entry) => ({ dst: formatIp(entry.address), lladdr: formatMac(entry.mac) }))
    const shown = runJson(a, 'ip', '-j', 'neighbour', 'show', 'nud', 'permanent', 'dev', 'v0')
    const expected = (shown as { dst: string; lladdr: string }[]).map(({ dst, lladdr }) => ({ dst, lladdr }))
    expect(seen.sort((x, y) => (x.dst < y.dst ? -1 : 1))).toEqual(
      expected.sort((x, y) => (x.dst < y.dst ? -1 : 1)),
    )
    expect(seen).toHaveLength(2)
    deleteNeighbour(socket, v0, parseIp('10.1.0.50'))
    // The entry may linger as `failed` until the kernel collects it.
    const left = listNeighbours(socket, { family: 'ipv4' }).filter(({ state }) => state === 'permanent')
    expect(left).toEqual([])
  })
})

interface IpRoute {
  type?: string
  dst: string
  gateway?: string
  dev?: string
  metric?: number
  metrics?: { mtu?: number }[]
}

function textOf(route: Route): string {
  const size = route.destination.byteLength * 8
  const prefix = route.prefixLength === size ? '' : `/${route.prefixLength}`
  const target = route.prefixLength === 0 ? 'default' : `${formatIp(route.destination)}${prefix}`
  const link = route.ifindex === undefined ? undefined : getLink(socket, route.ifindex).name
  return describeRoute(
    `${route.kind}`,
    target,
    route.gateway && formatIp(route.gateway),
    link,
    route.metric,
    route.mtu,
  )
}

function textOfIp(route: IpRoute): string {
  const { type = 'unicast', dst, gateway, dev, metric, metrics } = route
  return describeRoute(type, dst, gateway, dev, metric, metrics?.[0]?.mtu)
}

function describeRoute(
  kind: string,
  target: string,
  gateway: string | undefined,
  link: string | undefined,
  metric: number | undefined,
  mtu: number | undefined,
): string {
  return `${kind} ${target}${gateway ? ` via ${gateway}` : ''}${link ? ` dev ${link}` : ''}${
    metric ? ` metric ${metric}` : ''
  }${mtu ? ` mtu ${mtu}` : ''}`
}

function refusal(fn: () => unknown): NetlinkError {
  try {
    fn()
  } catch (error) {
    if (error instanceof NetlinkError) return error
    throw error
  }
  throw new Error('expected a NetlinkError')
}
