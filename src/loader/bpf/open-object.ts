import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { Fd } from './fd.ts'
import { objectGet } from './object-commands.ts'
import type { BpfObjectKind, BpfSyscall } from './syscall.ts'

const kindNames: Readonly<Record<BpfObjectKind, string>> = {
  map: 'a map',
  prog: 'a program',
  link: 'a link',
  btf: 'a BTF object',
  unknown: 'an object of unknown kind',
}

/**
 * Opens the pin at `path` and makes sure that it is what the caller takes it for: BPF_OBJ_GET opens anything.
 *
 * @throws {TsbpfError} `PIN_KIND` when it is something else
 * @throws {BpfError} when the kernel refuses; ENOENT when nothing is pinned there
 */
export function openAs(bpf: BpfSyscall, kind: 'map' | 'prog' | 'link', path: string): Fd {
  const fd = new Fd(objectGet(bpf, path), `${kind} pinned at ${path}`, bpf)
  try {
    const actual = bpf.kindOf(fd.number)
    if (actual !== kind)
      throw new TsbpfError(
        'PIN_KIND',
        `${path} is the pin of ${kindNames[actual]}, not of ${kindNames[kind]}`,
      )
    return fd
  } catch (error) {
    fd.close()
    throw error
  }
}
