import { type MapSpec, updateFlags } from '../../program.ts'
import { errno, VmMap } from './map.ts'

/** `array` and `percpu_array`: every element exists from the start, filled with zeroes. */
export class ArrayMap extends VmMap {
  readonly #perCpu: boolean
  readonly #elements = new Map<string, Uint8Array>()

  constructor(spec: MapSpec) {
    super(spec)
    this.#perCpu = spec.type === 'percpu_array'
  }

  /** The first element: what `ld_imm64` of a map's value points at. */
  get first(): Uint8Array {
    return this.#element(0, 0)
  }

  lookup(key: Uint8Array, cpu: number): Uint8Array | undefined {
    const index = indexOf(key)
    return index < this.spec.maxEntries ? this.#element(index, cpu) : undefined
  }

  update(key: Uint8Array, value: Uint8Array, flags: number, cpu: number): number {
    if (flags > updateFlags.exist) return -errno.EINVAL
    if (flags === updateFlags.noexist) return -errno.EEXIST
    const element = this.lookup(key, cpu)
    if (element === undefined) return -errno.E2BIG
    element.set(value)
    return 0
  }

  delete(): number {
    return -errno.EINVAL
  }

  *keys(): Generator<Uint8Array> {
    for (let index = 0; index < this.spec.maxEntries; index++) yield keyOf(index)
  }

  /** Elements are made when somebody first asks: maps are often large and tests touch little of them. */
  #element(index: number, cpu: number): Uint8Array {
    const place = this.#perCpu ? `${index}/${cpu}` : `${index}`
    const known = this.#elements.get(place)
    if (known !== undefined) return known
    const element = this.spec.global?.initial.slice() ?? new Uint8Array(this.spec.valueSize)
    this.#elements.set(place, element)
    return element
  }
}

/** The index in an array map's key: 32 bits in host order. */
export function indexOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset, 4).getUint32(0, true)
}

/** An array map's key. */
export function keyOf(index: number): Uint8Array {
  const key = new Uint8Array(4)
  new DataView(key.buffer).setUint32(0, index, true)
  return key
}
