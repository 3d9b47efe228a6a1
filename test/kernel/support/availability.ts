import { existsSync } from 'node:fs'

/** Why kernel tests cannot run here, as one clause; undefined where they can. */
export const whyNoKernelTests = reason()

function reason(): string | undefined {
  if (process.platform !== 'linux') return `they need Linux, this is ${process.platform}`
  if (process.geteuid?.() !== 0) return 'they need root'
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'this kernel has no BTF (/sys/kernel/btf/vmlinux)'
  return undefined
}
