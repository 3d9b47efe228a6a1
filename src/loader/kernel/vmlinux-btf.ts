import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { Btf } from '../../asm/btf/reader.ts'
import { type MappedMemory, mapMemory } from '../ffi.ts'
import { MAP_PRIVATE, PROT_READ } from '../system-constants.ts'
import { UnsupportedFeatureError } from './unsupported-feature-error.ts'

/** The types of a kernel: its own and those of its modules. */
export interface KernelTypes {
  /** The kernel's own types. @throws {UnsupportedFeatureError} when it was built without BTF */
  readonly vmlinux: Btf
  /** Names of the loaded modules that have types, such as `nf_conntrack`. */
  moduleNames(): readonly string[]
  /** A module's types, continuing {@link vmlinux}. */
  module(name: string): Btf
}

/** A function of the kernel. */
export interface KernelFunction {
  /** Its id in {@link btf}. */
  readonly id: number
  /** Types that its id and prototype are to be looked up in. */
  readonly btf: Btf
  /** The module it lives in; undefined for the kernel itself. */
  readonly module: string | undefined
}

/**
 * Finds functions by name, in the kernel and then in its modules.
 *
 * @returns those found; the others are absent
 */
export function findKernelFunctions(
  kernel: KernelTypes,
  names: readonly string[],
): Map<string, KernelFunction> {
  const found = new Map<string, KernelFunction>()
  const add = (btf: Btf, module: string | undefined) => {
    const missing = names.filter((name) => !found.has(name))
    for (const [name, id] of btf.findAll(missing, 'func')) found.set(name, { id, btf, module })
  }
  add(kernel.vmlinux, undefined)
  if (found.size === new Set(names).size) return found
  for (const module of likelyFirst(kernel.moduleNames())) {
    add(kernel.module(module), module)
    if (found.size === new Set(names).size) break
  }
  return found
}

/** Where the kernel shows its types. */
const BTF_DIRECTORY = '/sys/kernel/btf'

let shared: RunningKernelTypes | undefined

/** The running kernel's types, read on first use and kept for the life of the process. */
export function runningKernelTypes(): KernelTypes {
  shared ??= new RunningKernelTypes(BTF_DIRECTORY)
  return shared
}

/** A directory such as /sys/kernel/btf. */
export class RunningKernelTypes implements KernelTypes {
  readonly #directory: string
  #vmlinux: Btf | undefined
  /** Keeps the mapping that {@link #vmlinux} reads from. */
  #mapping: MappedMemory | undefined
  readonly #modules = new Map<string, Btf>()

  constructor(directory: string) {
    this.#directory = directory
  }

  get vmlinux(): Btf {
    this.#vmlinux ??= this.#readVmlinux()
    return this.#vmlinux
  }

  moduleNames(): readonly string[] {
    if (!existsSync(this.#directory)) return []
    return readdirSync(this.#directory).filter((name) => name !== 'vmlinux')
  }

  module(name: string): Btf {
    let btf = this.#modules.get(name)
    if (btf === undefined) {
      btf = Btf.parse(readFileSync(`${this.#directory}/${name}`), this.vmlinux)
      this.#modules.set(name, btf)
    }
    return btf
  }

  /** Unmaps the kernel's types; the `Btf` objects handed out must not be used any more. */
  close(): void {
    this.#vmlinux = undefined
    this.#modules.clear()
    this.#mapping?.close()
    this.#mapping = undefined
  }

  #readVmlinux(): Btf {
    const path = `${this.#directory}/vmlinux`
    let fd: number
    try {
      fd = openSync(path, 'r')
    } catch (cause) {
      throw new UnsupportedFeatureError('type information (BTF)', '5.4', {
        hint: `${path} cannot be read; the kernel must be built with CONFIG_DEBUG_INFO_BTF=y, as distribution kernels are.`,
        cause,
      })
    }
    try {
      this.#mapping = tryMap(fd)
      return Btf.parse(this.#mapping?.bytes ?? readFileSync(fd))
    } finally {
      closeSync(fd)
    }
  }
}

/** Kernels before 6.16 cannot map this file (ENODEV): then it is read. */
function tryMap(fd: number): MappedMemory | undefined {
  try {
    return mapMemory(fstatSync(fd).size, PROT_READ, MAP_PRIVATE, fd)
  } catch {
    return undefined
  }
}

/** The modules that programs of this package use, before the rest: a machine may have two hundred. */
export function likelyFirst(modules: readonly string[]): string[] {
  const likely = ['nf_conntrack', 'nf_nat'].filter((name) => modules.includes(name))
  return [...likely, ...modules.filter((name) => !likely.includes(name))]
}
