import type { MapSpec } from '../program.ts'
import { ElfError } from './error.ts'

/** A section of global data. */
export interface GlobalSection {
  readonly name: '.rodata' | '.data' | '.bss'
  readonly bytes: Uint8Array
  readonly variables: readonly {
    readonly spec: MapSpec
    /** Its name as C takes it. */
    readonly identifier: string
    /** Bytes from the start of the section. */
    readonly offset: number
    readonly size: number
  }[]
}

/** Lays the global data of programs out, each at a multiple of 8 bytes. @throws {ElfError} when two names become one */
export function globalSections(maps: readonly MapSpec[]): GlobalSection[] {
  const names = new Set<string>()
  return (['.rodata', '.data', '.bss'] as const).flatMap((name) => {
    let end = 0
    const variables = maps.flatMap((spec) => {
      if (spec.global === undefined || `.${spec.global.section}` !== name) return []
      const identifier = spec.name.replaceAll(/^(?=\d)|[^A-Za-z0-9_]/g, '_')
      if (names.has(identifier))
        throw new ElfError(`two pieces of global data become "${identifier}" in an object`)
      names.add(identifier)
      const offset = end
      const size = spec.global.initial.byteLength
      end += Math.ceil(size / 8) * 8
      return [{ spec, identifier, offset, size }]
    })
    if (variables.length === 0) return []
    const bytes = new Uint8Array(end)
    for (const { spec, offset } of variables) bytes.set(spec.global?.initial ?? [], offset)
    return [{ name, bytes, variables }]
  })
}
