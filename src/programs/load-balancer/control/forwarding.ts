import type { NetlinkSocket } from '../../../loader/netlink/core/socket.ts'
import { findLink } from '../../../loader/netlink/route/links.ts'
import { readSysctl, writeSysctl } from '../../../loader/netns/sysctl.ts'
import type { Rollback } from './rollback.ts'
import type { Tables } from './tables.ts'

/**
 * Lets the kernel forward packets that come in through an interface: clients' packets to the backends, and their
 * answers back. The value from before is kept for {@link restoreForwarding}.
 */
export function enableForwarding(
  socket: NetlinkSocket,
  tables: Tables,
  ifindex: number,
  rollback: Rollback,
): void {
  const name = sysctlName(socket, ifindex)
  if (name === undefined) return
  const previous = Number(readSysctl(undefined, name))
  if (previous !== 0) return
  tables.forwarding.set(ifindex, { previous }, 'any')
  rollback.add(`the record of ${name}`, () => tables.forwarding.delete(ifindex))
  writeSysctl(undefined, name, 1)
  rollback.add(name, () => writeSysctl(undefined, name, previous))
}

/** Puts back every forwarding setting that was changed; interfaces that are gone have none. */
export function restoreForwarding(socket: NetlinkSocket, tables: Tables): void {
  for (const [ifindex, { previous }] of [...tables.forwarding]) {
    const name = sysctlName(socket, ifindex)
    if (name !== undefined) writeSysctl(undefined, name, previous)
    tables.forwarding.delete(ifindex)
  }
}

function sysctlName(socket: NetlinkSocket, ifindex: number): string | undefined {
  const link = findLink(socket, ifindex)
  // Dots in an interface's name are written as slashes, as in sysctl(8).
  return link === undefined ? undefined : `net.ipv4.conf.${link.name.replaceAll('.', '/')}.forwarding`
}
