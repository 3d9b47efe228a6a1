import type { Codec } from '../../layout/codec.ts'
import { type MapSpec, updateFlags } from '../../program.ts'

/** Error numbers that map helpers return negated (include/uapi/asm-generic/errno-base.h). */
export const errno = {
  ENOENT: 2,
  E2BIG: 7,
  EAGAIN: 11,
  ENOMEM: 12,
  EFAULT: 14,
  EEXIST: 17,
  EINVAL: 22,
  EOPNOTSUPP: 95,
} as const

/** What all maps of the interpreter have in common. Keys and values are in the bytes that the program sees. */
export abstract class VmMap {
  readonly spec: MapSpec

  constructor(spec: MapSpec) {
    this.spec = spec
  }

  /**
   * The element at a key: its live bytes (shared with the program), or the map it is. In per-CPU maps the element of
   * that CPU.
   */
  abstract lookup(key: Uint8Array, cpu: number): Uint8Array | VmMap | undefined

  /** Stores an element. @returns 0, or a negative errno as the kernel's helper does */
  abstract update(key: Uint8Array, value: Uint8Array, flags: number, cpu: number): number

  /** Deletes an element. @returns 0, or a negative errno */
  abstract delete(key: Uint8Array): number

  /** The keys there are. */
  abstract keys(): Iterable<Uint8Array>
}

/** A map that programs can neither look into nor change by key; its errors are the kernel's unless overridden. */
export abstract class KeylessMap extends VmMap {
  lookup(): undefined {
    return undefined
  }

  update(): number {
    return -errno.EINVAL
  }

  delete(): number {
    return -errno.EINVAL
  }

  *keys(): Generator<Uint8Array> {}
}

/** A map with its layouts, for tests to fill and to look into. */
export class TypedMap<K, V> {
  readonly map: VmMap
  readonly #key: Codec<K>
  readonly #value: Codec<V>

  constructor(map: VmMap, key: Codec<K>, value: Codec<V>) {
    this.map = map
    this.#key = key
    this.#value = value
  }

  /** The element at a key, as it is now. */
  get(key: K, cpu = 0): V | undefined {
    const found = this.map.lookup(this.#key.encode(key), cpu)
    return found instanceof Uint8Array ? this.#value.decode(found) : undefined
  }

  /** Stores an element. @throws {RangeError} when the map does not take it */
  set(key: K, value: V, cpu = 0): void {
    const result = this.map.update(this.#key.encode(key), this.#value.encode(value), updateFlags.any, cpu)
    if (result !== 0) throw new RangeError(`map ${this.map.spec.name} refused an element: errno ${-result}`)
  }

  /** @returns whether there was such an element */
  delete(key: K): boolean {
    return this.map.delete(this.#key.encode(key)) === 0
  }

  /** All elements (of one CPU, in per-CPU maps). */
  *entries(cpu = 0): Generator<[K, V]> {
    for (const key of this.map.keys()) {
      const value = this.map.lookup(key, cpu)
      if (value instanceof Uint8Array) yield [this.#key.decode(key), this.#value.decode(value)]
    }
  }
}
