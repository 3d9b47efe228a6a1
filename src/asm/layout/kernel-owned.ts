import { u32, u64 } from './scalar.ts'
import { array, struct } from './struct.ts'

/**
 * A spin lock as a field of a map's value, for `b.lock` (Linux 5.1). The kernel finds it by the name of its type;
 * user space reads zeroes and its writes leave it alone. One in each value.
 */
export const SpinLock = struct('bpf_spin_lock', { val: u32 })

/** A timer as a field of a map's value (Linux 5.15); as with {@link SpinLock}, the kernel's own. */
export const Timer = struct('bpf_timer', { opaque: array(u64, 2) })

/** Structs in map values that only helpers may touch (`btf_parse_fields` in kernel/bpf/btf.c). */
const names: ReadonlySet<string> = new Set(['bpf_spin_lock', 'bpf_timer'])

/** Whether a struct of this name is the kernel's own where it is in a map's value. */
export function isKernelOwned(name: string): boolean {
  return names.has(name)
}

/** Whether a layout has such a struct somewhere in it. */
export function hasKernelOwned(type: unknown): boolean {
  if (typeof type !== 'object' || type === null || !('kind' in type)) return false
  const { kind, name, fields, element } = type as {
    readonly kind: string
    readonly name?: string
    readonly fields?: Readonly<Record<string, { readonly type: unknown }>>
    readonly element?: unknown
  }
  if (kind === 'array') return hasKernelOwned(element)
  if (kind !== 'struct' && kind !== 'union') return false
  return isKernelOwned(name ?? '') || Object.values(fields ?? {}).some((field) => hasKernelOwned(field.type))
}
