/**
 * Recognises a set of names among NUL-terminated strings: a trie over their UTF-8 bytes in flat arrays. Almost
 * every string that is not in the set is told apart by its first few bytes, so a search over a kernel's hundred
 * thousand names decodes none of them.
 */
export class NameMatcher {
  // Node 0 is the root, and as a link it means "none". A name ends with a node for its NUL byte.
  readonly #byte: Uint8Array
  readonly #child: Uint32Array
  readonly #sibling: Uint32Array
  readonly #name: Uint32Array
  /** By byte: whether a name begins with it. */
  readonly #first = new Uint8Array(256)
  #nodes = 1

  /** @param names a name with a NUL character and the empty name match nothing */
  constructor(names: readonly string[]) {
    const encoder = new TextEncoder()
    const encoded = names.map((name) => encoder.encode(`${name}\0`))
    const capacity = encoded.reduce((sum, bytes) => sum + bytes.length, 1)
    this.#byte = new Uint8Array(capacity)
    this.#child = new Uint32Array(capacity)
    this.#sibling = new Uint32Array(capacity)
    this.#name = new Uint32Array(capacity)
    for (const [index, bytes] of encoded.entries()) {
      const end = bytes.indexOf(0)
      if (end <= 0 || end !== bytes.length - 1) continue
      this.#insert(bytes, index)
      this.#first[bytes[0] as number] = 1
    }
  }

  /** By byte, 1 where a name of the set begins with it: what a caller in a hurry looks at before {@link match}. */
  get firstBytes(): Uint8Array {
    return this.#first
  }

  /** The index of the name that starts at `offset` in `strings`, −1 if it is none of the set. */
  match(strings: Uint8Array, offset: number): number {
    // Every index below is in range by construction; `offset` may run out of range, and `undefined` matches nothing.
    const byte = this.#byte
    const sibling = this.#sibling
    let node = this.#child[0] as number
    for (;;) {
      const wanted = strings[offset++]
      while (node !== 0 && byte[node] !== wanted) node = sibling[node] as number
      if (node === 0) return -1
      if (wanted === 0) return this.#name[node] as number
      node = this.#child[node] as number
    }
  }

  #insert(bytes: Uint8Array, index: number): void {
    let parent = 0
    for (const byte of bytes) {
      let node = this.#child[parent] as number
      while (node !== 0 && this.#byte[node] !== byte) node = this.#sibling[node] as number
      if (node === 0) {
        node = this.#nodes++
        this.#byte[node] = byte
        this.#name[node] = index
        this.#sibling[node] = this.#child[parent] as number
        this.#child[parent] = node
      }
      parent = node
    }
  }
}
