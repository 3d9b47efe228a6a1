import { errno, KeylessMap } from './map.ts'
import { textOf } from './text.ts'

/** BPF_EXIST (include/uapi/linux/bpf.h): make room for a value by dropping the oldest. */
const replaceOldest = 2

/** `queue` and `stack`: values without keys. */
export class QueueMap extends KeylessMap {
  /** The oldest first. */
  #values: Uint8Array[] = []

  /** Puts a value in. @returns 0, or a negative errno */
  push(value: Uint8Array, flags: number): number {
    if (flags !== 0 && flags !== replaceOldest) return -errno.EINVAL
    if (this.#values.length >= this.spec.maxEntries) {
      if (flags === 0) return -errno.E2BIG
      this.#values.shift()
    }
    this.#values.push(value.slice())
    return 0
  }

  /** The value that comes out next; undefined when there is none. */
  peek(): Uint8Array | undefined {
    return this.spec.type === 'stack' ? this.#values.at(-1) : this.#values[0]
  }

  /** Takes the value that comes out next; undefined when there is none. */
  pop(): Uint8Array | undefined {
    return this.spec.type === 'stack' ? this.#values.pop() : this.#values.shift()
  }
}

/** `bloom_filter`, as one that never errs. */
export class BloomFilterMap extends KeylessMap {
  readonly #values = new Set<string>()

  /** Adds a value. @returns 0, or a negative errno */
  push(value: Uint8Array, flags: number): number {
    if (flags !== 0) return -errno.EINVAL
    this.#values.add(textOf(value))
    return 0
  }

  has(value: Uint8Array): boolean {
    return this.#values.has(textOf(value))
  }

  override delete(): number {
    return -errno.EOPNOTSUPP
  }
}
