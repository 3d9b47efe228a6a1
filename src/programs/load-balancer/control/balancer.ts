import { NetlinkSocket } from '../../../loader/netlink/core/socket.ts'
import type { Translation } from '../datapath/ingress.ts'
import { listAttachments } from './attachment.ts'
import { explained, netfilterModules } from './kernel-modules.ts'
import { StateLock } from './lock.ts'
import { applyNetfilter, type GuardedTraffic } from './netfilter-gear.ts'
import { checkPrivileges } from './privileges.ts'
import { Registry } from './registry.ts'
import type { Rollback } from './rollback.ts'
import { stateDirectory } from './state-directory.ts'
import { notRunning, openTables, type Tables } from './tables.ts'
import { netfilterTranslates } from './translation.ts'

/** How commands that change something wait for each other. */
export interface LockOptions {
  /** Milliseconds to wait for another command; 10 seconds when absent. */
  readonly lockTimeout?: number | undefined
}

/** The sockets through which the kernel's network is read and changed, in the current network namespace. */
export interface Sockets {
  readonly route: NetlinkSocket
  readonly netfilter: NetlinkSocket
}

/** A running balancer of the current network namespace, open for one command. */
export interface Balancer extends Sockets {
  readonly directory: string
  readonly tables: Tables
  readonly registry: Registry
}

const defaultPatience = 10_000

/**
 * Runs `body` with sockets of the current network namespace.
 *
 * @throws {MissingModuleError} when the kernel refuses something for want of netfilter's modules
 */
export async function withSockets<T>(body: (sockets: Sockets) => T | Promise<T>): Promise<T> {
  try {
    using route = NetlinkSocket.open('route')
    using netfilter = NetlinkSocket.open('netfilter')
    return await body({ route, netfilter })
  } catch (error) {
    throw explained(error, netfilterModules)
  }
}

/** Opens the running balancer to look at it. @throws {NotFoundError} when none is running here */
export async function readBalancer<T>(body: (balancer: Balancer) => T | Promise<T>): Promise<T> {
  // Without the privileges the pins could not be seen, and the balancer would seem not to run.
  checkPrivileges()
  const directory = stateDirectory()
  const tables = openTables(directory)
  try {
    return await withSockets((sockets) =>
      body({ ...sockets, directory, tables, registry: new Registry(tables) }),
    )
  } finally {
    tables.close()
  }
}

/** Opens the running balancer to change it: no other command changes it meanwhile. */
export async function changeBalancer<T>(
  options: LockOptions,
  body: (balancer: Balancer) => T | Promise<T>,
): Promise<T> {
  checkPrivileges()
  return await locked(stateDirectory(), options, () => readBalancer(body))
}

/**
 * Runs `body` with the lock on a balancer's state.
 *
 * @throws {NotFoundError} when there is no such state, unless it is to be created
 */
export async function locked<T>(
  directory: string,
  options: LockOptions & { readonly create?: boolean; readonly signal?: AbortSignal | undefined },
  body: () => Promise<T>,
): Promise<T> {
  using lock = await StateLock.take(directory, options.lockTimeout ?? defaultPatience, options)
  if (lock === undefined) throw notRunning()
  return await body()
}

/**
 * What the guard has to watch, and the table to translate, from the tables.
 *
 * @param planned how a program that is about to be attached translates
 */
export function guardedTraffic(
  { route, tables, directory, registry }: Balancer,
  planned?: Translation,
): GuardedTraffic {
  const ifindexes = listAttachments(route, tables, directory).flatMap((attachment) =>
    attachment.name === undefined ? [] : [attachment.ifindex],
  )
  const translates = planned === 'mark' || netfilterTranslates(tables)
  return {
    ifindexes,
    frontends: registry.frontends(),
    choices: translates ? registry.backends() : undefined,
  }
}

/** Brings the nf_tables table in line with the tables. */
export function syncNetfilter(balancer: Balancer, rollback: Rollback): void {
  applyNetfilter(balancer.netfilter, guardedTraffic(balancer), rollback)
}
