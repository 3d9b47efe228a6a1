import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { MissingModuleError } from './missing-module-error.ts'
import { moduleAdvice } from './module-advice.ts'

/** What a machine says about its kernel's modules. */
export interface ModuleFiles {
  /** The running kernel, as `uname -r` says it: `6.1.0-56-cloud-amd64`. */
  readonly release: string
  /** The text of /etc/os-release; empty where there is none. */
  readonly distribution: string
  /** Whether this kernel can have modules at all. */
  readonly modular: boolean
  /** Those in the kernel now, as far as it shows them, with underscores. */
  readonly loaded: ReadonlySet<string>
  /** Those that are part of this kernel, with underscores. */
  readonly builtIn: ReadonlySet<string>
  /** Those that could be loaded, with underscores; undefined where this kernel's modules are not on the machine. */
  readonly installed: ReadonlySet<string> | undefined
  /** Other kernels whose modules are on the machine. */
  readonly otherReleases: readonly string[]
}

/** `there`: in the kernel; `installed`: could be loaded; `absent`: cannot; `unknown`: this kernel has no modules. */
export type ModuleState = 'there' | 'installed' | 'absent' | 'unknown'

/** How it stands with a module; `name` is with underscores, such as `nf_conntrack`. */
export function moduleState(name: string, files: ModuleFiles): ModuleState {
  if (files.loaded.has(name) || files.builtIn.has(name)) return 'there'
  if (!files.modular) return 'unknown'
  return files.installed?.has(name) === true ? 'installed' : 'absent'
}

/**
 * Why a kernel refused what takes modules, if it is for want of them. Where it has loaded some of them, it would have
 * loaded the others, too, had it needed them.
 *
 * @param error what the kernel said
 * @returns undefined when it is for something else, as far as can be told
 */
export function missingModules(
  names: readonly string[],
  error: Error,
  files: ModuleFiles = readModuleFiles(),
): MissingModuleError | undefined {
  const those = (state: ModuleState) => names.filter((name) => moduleState(name, files) === state)
  const absent = those('absent')
  const loads = names.some((name) => files.loaded.has(name) && !files.builtIn.has(name))
  const modules = absent.length > 0 || loads ? absent : those('installed')
  if (modules.length === 0) return undefined
  return new MissingModuleError(modules, modules === absent ? 'absent' : 'installed', files.release, {
    hint: moduleAdvice(modules, files),
    details: error.message,
    cause: error,
  })
}

/** Reads what this machine says; `root` is for tests. */
export function readModuleFiles(root = '/', running: string = release()): ModuleFiles {
  const directory = `${root}/lib/modules`
  const releases = names(directory)
  const dependencies = text(`${directory}/${running}/modules.dep`)
  return {
    release: running,
    distribution: text(`${root}/etc/os-release`) ?? text(`${root}/usr/lib/os-release`) ?? '',
    modular: existsSync(`${root}/proc/modules`),
    loaded: new Set(names(`${root}/sys/module`)),
    builtIn: moduleNames(text(`${directory}/${running}/modules.builtin`) ?? ''),
    installed: dependencies === undefined ? undefined : moduleNames(dependencies),
    otherReleases: releases.filter(
      (name) => name !== running && existsSync(`${directory}/${name}/modules.dep`),
    ),
  }
}

/** The modules in lines such as `kernel/net/netfilter/nf_conntrack.ko.xz: …`; files may be named with dashes. */
function moduleNames(lines: string): Set<string> {
  return new Set(
    [...lines.matchAll(/^(?:[^:\n]*\/)?([^/:\n]+)\.ko(?:\.\w+)?(?::|$)/gm)].map(([, name = '']) =>
      name.replaceAll('-', '_'),
    ),
  )
}

function text(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
