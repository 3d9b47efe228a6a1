import { readFileSync } from 'node:fs'

/** Bit numbers of the capabilities BPF work needs (include/uapi/linux/capability.h). */
export const capabilities = {
  CAP_NET_ADMIN: 12,
  CAP_SYS_ADMIN: 21,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const

/** A capability by name. */
export type Capability = keyof typeof capabilities

/** Reads a `CapEff:` line out of the text of /proc/self/status; undefined when there is none. */
export function parseEffectiveCapabilities(status: string): bigint | undefined {
  const hex = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1]
  return hex === undefined ? undefined : BigInt(`0x${hex}`)
}

/** This process's effective capabilities as a bit mask; undefined where /proc does not say. */
export function effectiveCapabilities(): bigint | undefined {
  try {
    return parseEffectiveCapabilities(readFileSync('/proc/self/status', 'latin1'))
  } catch {
    return undefined
  }
}

/**
 * Which of `needed` the mask lacks. CAP_SYS_ADMIN stands in for the others, as in the kernel's `bpf_capable()`,
 * `perfmon_capable()` and `bpf_net_capable()`.
 */
export function missingCapabilities(needed: readonly Capability[], effective: bigint): Capability[] {
  const has = (name: Capability) => ((effective >> BigInt(capabilities[name])) & 1n) === 1n
  return has('CAP_SYS_ADMIN') ? [] : needed.filter((name) => !has(name))
}
