import { Fd } from '../bpf/fd.ts'
import { btfInfo } from '../bpf/info.ts'
import { objectById, objectIds } from '../bpf/object-commands.ts'
import type { BpfSyscall } from '../bpf/syscall.ts'
import { UnsupportedFeatureError } from './unsupported-feature-error.ts'

/**
 * Opens the BTF objects of modules, which calls of their kfuncs refer to by way of `fd_array`. There is no way to
 * ask for one by name, so all are gone through.
 *
 * @returns one file descriptor for each name, in the same order; the caller closes them
 * @throws {MissingPrivilegeError} without CAP_SYS_ADMIN
 * @throws {UnsupportedFeatureError} when a module has been unloaded meanwhile
 */
export function openModuleBtf(bpf: BpfSyscall, names: readonly string[]): Fd[] {
  const wanted = new Set(names)
  const found = new Map<string, Fd>()
  try {
    for (const id of wanted.size === 0 ? [] : objectIds(bpf, 'btf')) {
      const number = objectById(bpf, 'btf', id)
      if (number === undefined) continue
      const fd = new Fd(number, `BTF id ${id}`, bpf)
      const { name, fromKernel } = btfInfo(bpf, { fd: number, what: `BTF id ${id}` })
      if (fromKernel && wanted.has(name) && !found.has(name)) found.set(name, fd)
      else fd.close()
      if (found.size === wanted.size) break
    }
    return names.map((name) => {
      const fd = found.get(name)
      if (fd !== undefined) return fd
      throw new UnsupportedFeatureError(`type information of module ${name}`, '5.11', {
        hint: `Load the module: modprobe ${name}. If it is loaded, the kernel was built without CONFIG_DEBUG_INFO_BTF_MODULES.`,
      })
    })
  } catch (error) {
    for (const fd of found.values()) fd.close()
    throw error
  }
}
