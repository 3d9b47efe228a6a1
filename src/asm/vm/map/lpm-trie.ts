import { updateFlags } from '../../program.ts'
import { errno, VmMap } from './map.ts'

interface Prefix {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/**
 * `lpm_trie`: keys begin with a prefix length (32 bits, host order); a lookup finds the longest prefix that the rest
 * of its key begins with.
 */
export class LpmTrieMap extends VmMap {
  #prefixes: Prefix[] = []

  lookup(key: Uint8Array): Uint8Array | undefined {
    let best: Prefix | undefined
    for (const prefix of this.#prefixes) {
      const length = lengthOf(prefix.key)
      if (length > lengthOf(key) || !sharesBits(prefix.key, key, length)) continue
      if (best === undefined || length > lengthOf(best.key)) best = prefix
    }
    return best?.value
  }

  update(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (flags > updateFlags.exist || lengthOf(key) > (key.byteLength - 4) * 8) return -errno.EINVAL
    const known = this.#find(key)
    if (known !== undefined && flags === updateFlags.noexist) return -errno.EEXIST
    if (known === undefined && flags === updateFlags.exist) return -errno.ENOENT
    if (known === undefined && this.#prefixes.length >= this.spec.maxEntries) return -errno.E2BIG
    this.#prefixes = [
      ...this.#prefixes.filter((p) => p !== known),
      { key: key.slice(), value: value.slice() },
    ]
    return 0
  }

  delete(key: Uint8Array): number {
    const known = this.#find(key)
    if (known === undefined) return -errno.ENOENT
    this.#prefixes = this.#prefixes.filter((prefix) => prefix !== known)
    return 0
  }

  *keys(): Generator<Uint8Array> {
    for (const { key } of this.#prefixes) yield key.slice()
  }

  #find(key: Uint8Array): Prefix | undefined {
    const length = lengthOf(key)
    return this.#prefixes.find((p) => lengthOf(p.key) === length && sharesBits(p.key, key, length))
  }
}

function lengthOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset, 4).getUint32(0, true)
}

function sharesBits(a: Uint8Array, b: Uint8Array, count: number): boolean {
  for (let bit = 0; bit < count; bit += 8) {
    const mask = count - bit >= 8 ? 0xff : 0xff & (0xff << (8 - (count - bit)))
    const at = 4 + bit / 8
    if (((a[at] ?? 0) & mask) !== ((b[at] ?? 0) & mask)) return false
  }
  return true
}
