import { Btf } from '../../../../src/asm/btf/reader.ts'
import { BtfWriter } from '../../../../src/asm/btf/writer.ts'
import type { KernelTypes } from '../../../../src/loader/kernel/vmlinux-btf.ts'

/**
 * A kernel with the conntrack functions of the modules nf_conntrack and nf_nat, as far as their types are about
 * `nf_conn___init`.
 *
 * @param options `own`: each module defines the struct for itself, as some builds do, instead of taking the kernel's
 */
export function conntrackTypes({ own }: { readonly own: boolean }): KernelTypes {
  const writer = new BtfWriter()
  const int = writer.int('int', 4, { signed: true })
  const shared = writer.struct('nf_conn___init', 0, [])
  const vmlinux = Btf.parse(writer.finish())
  const module = (name: string): Btf => {
    const split = new BtfWriter(vmlinux)
    const pointer = split.ptr(own ? split.struct('nf_conn___init', 0, []) : shared)
    const prototype =
      name === 'nf_nat'
        ? split.funcProto(int, [{ name: 'nfct', type: pointer }])
        : split.funcProto(pointer, [])
    split.func(name === 'nf_nat' ? 'bpf_ct_set_nat_info' : 'bpf_skb_ct_alloc', prototype, 'global')
    return Btf.parse(split.finish(), vmlinux)
  }
  const modules = new Map(['nf_nat', 'nf_conntrack'].map((name) => [name, module(name)]))
  return {
    vmlinux,
    moduleNames: () => [...modules.keys()],
    module: (name) => {
      const found = modules.get(name)
      if (found === undefined) throw new Error(`no module ${name}`)
      return found
    },
  }
}
