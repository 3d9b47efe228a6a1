import { rmdirSync } from 'node:fs'
import { BPFFS_ROOT, removePinDirectory } from '../../../loader/bpf/bpffs.ts'
import { namespaceCookie } from '../../../loader/netns/namespace.ts'

/** Where the balancers of all network namespaces keep their pins. */
export const stateRoot = `${BPFFS_ROOT}/tsbpf-lb`

/**
 * The pin directory of the current network namespace's balancer. Network namespaces share bpffs, so the name holds
 * the namespace's cookie, which no other namespace of this boot has; pins do not outlive the boot either.
 */
export function stateDirectory(): string {
  return `${stateRoot}/netns-${namespaceCookie()}`
}

/** Removes a balancer's pins, and the directory above when no other namespace has a balancer. */
export function removeState(directory: string): void {
  removePinDirectory(directory)
  try {
    rmdirSync(stateRoot)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // Another namespace's balancer is in it, or its `down` was faster.
    if (code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error
  }
}

/** The pin of a map. */
export function mapPin(directory: string, map: string): string {
  return `${directory}/maps/${map}`
}

/** The pin of an interface's link. */
export function linkPin(directory: string, ifindex: number): string {
  return `${directory}/links/${ifindex}`
}
