import type { BtfInt } from '../types.ts'

/**
 * Names in the C that is written. A kernel has different types of the same name; in one file the second is called
 * `name___2`.
 */
export class CNames {
  readonly #byId = new Map<string, string>()
  readonly #taken = new Map<string, number>()

  /** A name for something in a name space of C: `tag` for struct, union and enum, `ordinary` for all else. */
  of(space: 'tag' | 'ordinary', id: number | string, wanted: string): string {
    const key = `${space} ${id}`
    let name = this.#byId.get(key)
    if (name === undefined) {
      const clean = identifier(wanted)
      const count = (this.#taken.get(`${space} ${clean}`) ?? 0) + 1
      this.#taken.set(`${space} ${clean}`, count)
      name = count === 1 ? clean : `${clean}___${count}`
      this.#byId.set(key, name)
    }
    return name
  }
}

/** The name as C takes it: other languages in the kernel have `::` and `<>` in theirs. */
export function identifier(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_$]/g, '_').replace(/^(?=[0-9])/, '_')
}

const cIntegers =
  /^(_Bool|bool|((un)?signed )?__int128( unsigned)?|((long|short|signed|unsigned|int|char) ?)+)$/

/** What C calls an integer; those of other languages by their size. */
export function integerName({ name, size, signed }: BtfInt): string {
  if (cIntegers.test(name)) return name
  const bySize = { 1: 'char', 2: 'short', 4: 'int', 8: 'long long', 16: '__int128' }[size] ?? 'char'
  return `${signed ? 'signed' : 'unsigned'} ${bySize}`
}
