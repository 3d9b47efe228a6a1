import { afterEach } from 'vitest'
import type { MapDefinition } from '../../../src/asm/dsl/map/definition.ts'
import type { Fields } from '../../../src/asm/layout/struct.ts'
import type { ProgramSpec } from '../../../src/asm/program.ts'
import { createMap } from '../../../src/loader/bpf/create-map.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import type { BpfProgram } from '../../../src/loader/program/program.ts'

const opened: Disposable[] = []

/** Call it after `failOnLeakedFds`: closes after each test what {@link load} and the others have opened. */
export function closeAfterEach(): void {
  afterEach(() => {
    for (const resource of opened.splice(0).reverse()) resource[Symbol.dispose]()
  })
}

/** Closes this after the test. */
export function closing<T extends Disposable>(resource: T): T {
  opened.push(resource)
  return resource
}

/** Makes a program's map, and loads the program with it; both are closed after the test. */
export function load<K extends Fields, V extends Fields>(
  program: ProgramSpec,
  definition: MapDefinition<K, V>,
) {
  const map = closing(createMap(definition))
  return { map, program: loadOnly(program, [map]) }
}

/** Loads a program that has no maps, or the given ones; it is closed after the test. */
export function loadOnly(
  program: ProgramSpec,
  maps: Parameters<typeof loadProgram>[1]['maps'] = [],
): BpfProgram {
  return closing(loadProgram(program, { maps }))
}
