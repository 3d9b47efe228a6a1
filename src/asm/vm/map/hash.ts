import { type MapSpec, updateFlags } from '../../program.ts'
import { errno, VmMap } from './map.ts'
import { textOf } from './text.ts'

interface Element {
  readonly key: Uint8Array
  /** One value, or one for each CPU that has one. */
  readonly values: Uint8Array[]
}

/** `hash`, `lru_hash` and their per-CPU forms. A full LRU map drops the element that was used least recently. */
export class HashMap extends VmMap {
  readonly #perCpu: boolean
  readonly #evicts: boolean
  /** In order of use, the latest last. */
  readonly #elements = new Map<string, Element>()

  constructor(spec: MapSpec) {
    super(spec)
    this.#perCpu = spec.type === 'percpu_hash' || spec.type === 'lru_percpu_hash'
    this.#evicts = spec.type === 'lru_hash' || spec.type === 'lru_percpu_hash'
  }

  lookup(key: Uint8Array, cpu: number): Uint8Array | undefined {
    const text = textOf(key)
    const element = this.#elements.get(text)
    if (element === undefined) return undefined
    if (this.#evicts) this.#touch(text, element)
    return this.#valueOf(element, cpu)
  }

  update(key: Uint8Array, value: Uint8Array, flags: number, cpu: number): number {
    if (flags > updateFlags.exist) return -errno.EINVAL
    const text = textOf(key)
    const known = this.#elements.get(text)
    if (known !== undefined && flags === updateFlags.noexist) return -errno.EEXIST
    if (known === undefined && flags === updateFlags.exist) return -errno.ENOENT
    if (known === undefined && this.#elements.size >= this.spec.maxEntries && !this.#evict())
      return -errno.E2BIG
    // Bytes of their own: a program that still holds the old element's pointer does not see the new one.
    const element: Element = { key: key.slice(), values: known === undefined ? [] : [...known.values] }
    element.values[this.#perCpu ? cpu : 0] = value.slice()
    this.#touch(text, element)
    return 0
  }

  delete(key: Uint8Array): number {
    return this.#elements.delete(textOf(key)) ? 0 : -errno.ENOENT
  }

  *keys(): Generator<Uint8Array> {
    // A copy: in an LRU map, a lookup between two steps moves its element to the end.
    for (const { key } of [...this.#elements.values()]) yield key.slice()
  }

  #valueOf(element: Element, cpu: number): Uint8Array {
    const place = this.#perCpu ? cpu : 0
    const value = element.values[place] ?? new Uint8Array(this.spec.valueSize)
    element.values[place] = value
    return value
  }

  #touch(text: string, element: Element): void {
    this.#elements.delete(text)
    this.#elements.set(text, element)
  }

  #evict(): boolean {
    const [oldest] = this.#elements.keys()
    return this.#evicts && oldest !== undefined && this.#elements.delete(oldest)
  }
}
