import { TsbpfError } from '../../../asm/diagnostics/error.ts'
import {
  type Capability,
  capabilities,
  effectiveCapabilities,
  missingCapabilities,
} from '../../../loader/kernel/capabilities.ts'

/** Capabilities that this process would need and does not have. */
export class PrivilegeError extends TsbpfError {
  readonly missing: readonly string[]

  constructor(missing: readonly string[]) {
    super('MISSING_PRIVILEGE', `this takes privileges that this process does not have: ${missing.join(', ')}`)
    this.missing = missing
  }
}

/** What the commands need: BPF, network configuration, packet pointers, and pins and BTF of the whole system. */
const needed: readonly Capability[] = ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON', 'CAP_SYS_ADMIN']

/** Looks before anything is changed. @throws {PrivilegeError} naming what is missing */
export function checkPrivileges(): void {
  const effective = effectiveCapabilities()
  if (effective === undefined) return
  const missing: Capability[] = missingCapabilities(needed, effective)
  // BPF takes CAP_SYS_ADMIN in its stead; netlink does not.
  const networkAdministrator = ((effective >> BigInt(capabilities.CAP_NET_ADMIN)) & 1n) === 1n
  if (!networkAdministrator && !missing.includes('CAP_NET_ADMIN')) missing.push('CAP_NET_ADMIN')
  if (missing.length > 0) throw new PrivilegeError(missing)
}
