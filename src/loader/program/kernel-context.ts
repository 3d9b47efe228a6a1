import type { ContextPointer } from '../../asm/analysis/input.ts'
import { memberPath } from '../../asm/btf/layout.ts'
import type { KernelTypes } from '../kernel/vmlinux-btf.ts'

/**
 * Where the context of a rewritten program holds pointers into the packet: the verifier puts the kernel's own structs in
 * the place of `struct __sk_buff` and `struct xdp_md` (`bpf_convert_ctx_access`, net/core/filter.c).
 *
 * @returns by offset in bytes; empty for other types of programs, or when the kernel's types are not known
 */
export function contextPointersOf(type: string, kernel: KernelTypes): Map<number, ContextPointer> {
  const pointers = new Map<number, ContextPointer>()
  const add = (pointer: ContextPointer, ...members: readonly (readonly [string, string])[]): void => {
    try {
      const at = members.reduce(
        (sum, [struct, path]) => sum + memberPath(kernel.vmlinux, struct, path).offset,
        0,
      )
      pointers.set(at, pointer)
    } catch {
      // Without it the pointer is shown as one of unknown kind.
    }
  }
  if (type === 'xdp') {
    add('packet', ['xdp_buff', 'data'])
    add('packetEnd', ['xdp_buff', 'data_end'])
    add('packetMeta', ['xdp_buff', 'data_meta'])
  } else if (/^(?:sched_|cgroup_skb|socket_filter)/.test(type)) {
    add('packet', ['sk_buff', 'data'])
    add('packetEnd', ['sk_buff', 'cb'], ['bpf_skb_data_end', 'data_end'])
    add('packetMeta', ['sk_buff', 'cb'], ['bpf_skb_data_end', 'data_meta'])
  }
  return pointers
}
