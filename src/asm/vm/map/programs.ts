import type { ProgramSpec } from '../../program.ts'
import { KeylessMap } from './map.ts'

/** `prog_array`: programs to go on with. Programs only jump into it; user space puts them there. */
export class ProgramsMap extends KeylessMap {
  readonly #programs = new Map<number, ProgramSpec>()

  /** The program at an index. */
  at(index: number): ProgramSpec | undefined {
    return this.#programs.get(index)
  }

  /** @throws {RangeError} beyond the map's end, and for a program of another type than those that are there */
  put(index: number, program: ProgramSpec): void {
    const { name, maxEntries } = this.spec
    if (index >= maxEntries)
      throw new RangeError(`map ${name} has ${maxEntries} elements, there is no ${index}`)
    for (const { type } of this.#programs.values())
      if (type !== program.type)
        throw new RangeError(
          `map ${name} holds programs of type ${type}, "${program.name}" is ${program.type}`,
        )
    this.#programs.set(index, program)
  }
}
