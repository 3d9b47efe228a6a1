import { BPFFS_ROOT } from '../../../loader/bpf/bpffs.ts'
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

/** The pin of a map. */
export function mapPin(directory: string, map: string): string {
  return `${directory}/maps/${map}`
}

/** The pin of an interface's link. */
export function linkPin(directory: string, ifindex: number): string {
  return `${directory}/links/${ifindex}`
}
