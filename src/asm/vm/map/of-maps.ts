import { indexOf, keyOf } from './array.ts'
import { errno, VmMap } from './map.ts'
import { textOf } from './text.ts'

/** `array_of_maps` and `hash_of_maps`. Programs only look maps up; user space puts them there. */
export class MapOfMaps extends VmMap {
  readonly #maps = new Map<string, VmMap>()

  lookup(key: Uint8Array): VmMap | undefined {
    return this.#maps.get(textOf(key))
  }

  /** Puts a map at a key, or at an index of an `array_of_maps`. @throws {RangeError} beyond its end */
  put(at: number | Uint8Array, map: VmMap): void {
    const key = typeof at === 'number' ? keyOf(at) : at
    if (this.spec.type === 'array_of_maps' && indexOf(key) >= this.spec.maxEntries)
      throw new RangeError(
        `map ${this.spec.name} has ${this.spec.maxEntries} elements, there is no ${indexOf(key)}`,
      )
    this.#maps.set(textOf(key), map)
  }

  update(): number {
    return -errno.EINVAL
  }

  delete(key: Uint8Array): number {
    return this.#maps.delete(textOf(key)) ? 0 : -errno.ENOENT
  }

  *keys(): Generator<Uint8Array> {
    for (const text of this.#maps.keys()) yield Uint8Array.from(text, (character) => character.charCodeAt(0))
  }
}
