import type { KfuncSpec, MapSpec, ProgramSpec } from '../program.ts'
import { ElfError } from './error.ts'

/** What the programs of an object have in common, each once. */
export interface SharedDeclarations {
  readonly license: string
  readonly maps: readonly MapSpec[]
  readonly kfuncs: readonly KfuncSpec[]
}

/** Collects maps and kernel functions. @throws {ElfError} when the programs do not go together */
export function sharedDeclarations(programs: readonly ProgramSpec[]): SharedDeclarations {
  const [first] = programs
  if (first === undefined) throw new ElfError('an object without a program')
  const maps = new Map<string, MapSpec>()
  const kfuncs = new Map<string, KfuncSpec>()
  const names = new Set<string>()
  for (const program of programs) {
    if (names.has(program.name)) throw new ElfError(`two programs are called "${program.name}"`)
    names.add(program.name)
    if (program.license !== first.license)
      throw new ElfError(
        `programs "${first.name}" and "${program.name}" have different licenses: ${first.license}, ${program.license}`,
        'An object has one license; write two.',
      )
    for (const map of program.maps) {
      const known = maps.get(map.name)
      if (known !== undefined && !same(known, map))
        throw new ElfError(`"${map.name}" is a different map in program "${program.name}"`)
      maps.set(map.name, known ?? map)
    }
    for (const kfunc of program.kfuncs) {
      const known = kfuncs.get(kfunc.name)
      if (known !== undefined && prototypeOf(known) !== prototypeOf(kfunc))
        throw new ElfError(`${kfunc.name} is declared differently in program "${program.name}"`)
      kfuncs.set(kfunc.name, kfunc)
    }
  }
  for (const name of names)
    if (maps.has(name)) throw new ElfError(`a program and a map are both called "${name}"`)
  return { license: first.license, maps: [...maps.values()], kfuncs: [...kfuncs.values()] }
}

function same(a: MapSpec, b: MapSpec): boolean {
  const keys = ['type', 'keySize', 'valueSize', 'maxEntries', 'flags'] as const
  if (keys.some((key) => a[key] !== b[key])) return false
  if (globalOf(a) !== globalOf(b)) return false
  if (a.inner === undefined || b.inner === undefined) return a.inner === b.inner
  return same(a.inner, b.inner)
}

/** What distinguishes global data. */
function globalOf({ global }: MapSpec): string {
  return global === undefined ? '' : `${global.section} ${global.initial.join()}`
}

function prototypeOf({ parameters, returns }: KfuncSpec): string {
  return `${returns}(${parameters.join(', ')})`
}
