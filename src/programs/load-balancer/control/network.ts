import { ethernetHeaderLength } from '../../../asm/packet/ethernet.ts'
import { formatIp } from '../../../loader/address/ip.ts'
import { NetlinkError } from '../../../loader/netlink/core/errors.ts'
import type { NetlinkSocket } from '../../../loader/netlink/core/socket.ts'
import { listAddresses } from '../../../loader/netlink/route/addresses.ts'
import { hardwareTypes } from '../../../loader/netlink/route/constants.ts'
import { findLink, type Link, listLinks } from '../../../loader/netlink/route/links.ts'
import { getRoute } from '../../../loader/netlink/route/routes.ts'
import { type Endpoint, formatEndpoint } from './endpoint.ts'
import { InvalidRequestError, NotFoundError } from './errors.ts'

/** The interface of this name. @throws {NotFoundError} naming those there are */
export function interfaceByName(socket: NetlinkSocket, name: string): Link {
  const link = findLink(socket, name)
  if (link !== undefined) return link
  const names = listLinks(socket)
    .filter((other) => other.hardwareType !== hardwareTypes.loopback)
    .map((other) => other.name)
  throw new NotFoundError(
    `there is no network interface "${name}"`,
    names.length === 0
      ? 'This network namespace has only a loopback interface.'
      : `The interfaces are: ${names.join(', ')}.`,
  )
}

/** Bytes in front of the IP header on this interface. @throws {InvalidRequestError} for a kind that is not known */
export function linkHeaderLength(link: Link): number {
  switch (link.hardwareType) {
    case hardwareTypes.ether:
      return ethernetHeaderLength
    case hardwareTypes.none:
      return 0
    case hardwareTypes.loopback:
      throw new InvalidRequestError(
        `${link.name} is the loopback interface: packets from the network never pass it`,
        'Give the interface that faces the clients.',
      )
    default:
      throw new InvalidRequestError(
        `${link.name} is neither an Ethernet interface nor an IP tunnel (hardware type ${link.hardwareType})`,
        'Give the interface that faces the clients.',
      )
  }
}

/** The IPv4 addresses of an interface that clients can connect to. */
export function interfaceAddresses(socket: NetlinkSocket, ifindex: number): Uint8Array[] {
  return listAddresses(socket, { ifindex, family: 'ipv4' }).map((entry) => entry.address)
}

/** How packets get to a backend. */
export interface BackendRoute {
  /** The balancer's address that the backend answers to. */
  readonly source: Uint8Array
  /** The interface towards the backend; undefined when the backend is this host itself. */
  readonly ifindex: number | undefined
}

/** Asks the kernel for the way to a backend. @throws {InvalidRequestError} when there is none */
export function routeTo(socket: NetlinkSocket, backend: Endpoint): BackendRoute {
  try {
    const route = getRoute(socket, backend.address)
    if (route.preferredSource === undefined) throw new Error('the route has no source address')
    const forwarded = route.kind === 'unicast'
    return { source: route.preferredSource, ifindex: forwarded ? route.ifindex : undefined }
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    throw new InvalidRequestError(
      `backend ${formatEndpoint(backend)}: this host has no route to ${formatIp(backend.address)}`,
      `The kernel says ${error.errnoName}. Check \`ip route get ${formatIp(backend.address)}\`.`,
    )
  }
}
