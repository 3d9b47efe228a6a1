/** An IPv4 address as the data path's tables hold it: the first of four words, the others zero. */
export function toWords(address: Uint8Array | undefined): [number, number, number, number] {
  if (address === undefined) return [0, 0, 0, 0]
  const first = new DataView(address.buffer, address.byteOffset, 4).getUint32(0)
  return [first, 0, 0, 0]
}

/** The IPv4 address in the first of four words; undefined when all are zero. */
export function fromWords(words: readonly number[]): Uint8Array | undefined {
  if (words.every((word) => word === 0)) return undefined
  const address = new Uint8Array(4)
  new DataView(address.buffer).setUint32(0, words[0] ?? 0)
  return address
}
