import { resolve } from '../../asm/btf/layout.ts'
import type { Btf } from '../../asm/btf/reader.ts'
import { VerifierError } from '../verifier/error.ts'
import { moduleAdvice } from './module-advice.ts'
import { type ModuleFiles, moduleState, readModuleFiles } from './modules.ts'
import { findKernelFunctions, type KernelTypes } from './vmlinux-btf.ts'

/** The conntrack kfuncs and the release each came with (net/netfilter/nf_conntrack_bpf.c, nf_nat_bpf.c). */
export const conntrackKfuncs = {
  bpf_skb_ct_lookup: '5.18',
  bpf_skb_ct_alloc: '6.0',
  bpf_ct_insert_entry: '6.0',
  bpf_ct_release: '5.18',
  bpf_ct_set_timeout: '6.0',
  bpf_ct_change_timeout: '6.0',
  bpf_ct_set_status: '6.0',
  bpf_ct_change_status: '6.0',
  bpf_ct_set_nat_info: '6.1',
} as const

/** A conntrack kfunc's name. */
export type ConntrackKfunc = keyof typeof conntrackKfuncs

/** The modules that the functions are in, where they are not built in. */
export const conntrackModules = ['nf_conntrack', 'nf_nat'] as const

/** What can be done where a function is not found. */
export function conntrackFunctionAdvice(files: ModuleFiles = readModuleFiles()): string {
  const missing = conntrackModules.filter((name) => {
    const state = moduleState(name, files)
    return state === 'installed' || state === 'absent'
  })
  if (missing.length > 0) return moduleAdvice(missing, files)
  return 'The kernel has to be built with CONFIG_NF_CONNTRACK, CONFIG_NF_NAT, CONFIG_DEBUG_INFO_BTF and CONFIG_DEBUG_INFO_BTF_MODULES.'
}

/**
 * Whether the struct that `bpf_skb_ct_alloc` returns is the one that `bpf_ct_set_nat_info` takes. Some builds give
 * each of the modules nf_conntrack and nf_nat a type of its own; the verifier then refuses the second function's
 * argument although the names agree. Undefined when the kernel lacks one of the two functions.
 */
export function natInfoTypesAgree(kernel: KernelTypes): boolean | undefined {
  const found = findKernelFunctions(kernel, ['bpf_skb_ct_alloc', 'bpf_ct_set_nat_info'])
  const alloc = found.get('bpf_skb_ct_alloc')
  const setNat = found.get('bpf_ct_set_nat_info')
  if (alloc === undefined || setNat === undefined) return undefined
  const made = pointee(alloc.btf, prototype(alloc.btf, alloc.id)?.returns)
  const taken = pointee(setNat.btf, prototype(setNat.btf, setNat.id)?.parameters[0]?.type)
  if (made === undefined || made !== taken) return false
  // Ids of two modules are comparable only where both continue the kernel's own.
  return alloc.module === setNat.module || made <= kernel.vmlinux.typeCount
}

/**
 * Whether an error of loading a program says that this kernel's verifier lets no program set a new connection's
 * translation, or its mark, whatever its types look like. The second message stands for any kernel object; but the
 * mark is all that programs may write of one.
 */
export function refusesNatByKfunc(error: unknown): boolean {
  if (!(error instanceof VerifierError)) return false
  return /expected pointer to STRUCT nf_conn___init but R1 has a pointer to STRUCT nf_conn___init|^only read is supported$/m.test(
    error.reason.join('\n'),
  )
}

function prototype(btf: Btf, funcId: number) {
  const func = btf.type(funcId)
  const proto = func.kind === 'func' ? btf.type(func.type) : func
  return proto.kind === 'func_proto' ? proto : undefined
}

function pointee(btf: Btf, id: number | undefined): number | undefined {
  if (id === undefined) return undefined
  const pointer = btf.type(resolve(btf, id))
  return pointer.kind === 'ptr' ? resolve(btf, pointer.type) : undefined
}
