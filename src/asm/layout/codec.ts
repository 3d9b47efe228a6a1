/** Turns values into the bytes of one fixed layout and back: a map's key, a map's value, a packet header. */
export interface Codec<T> {
  /** Size of the encoding in bytes. */
  readonly size: number
  /** @returns `size` fresh bytes. @throws {TypeError | RangeError} naming the field that does not fit. */
  encode(value: T): Uint8Array
  /** Reads `size` bytes from the start of `bytes`. @throws {RangeError} when there are fewer. */
  decode(bytes: Uint8Array): T
}

/** Bytes as they are, for layouts nobody has described. */
export function rawCodec(size: number): Codec<Uint8Array> {
  return {
    size,
    encode(value) {
      if (value.byteLength !== size) throw new RangeError(`expected ${size} bytes, got ${value.byteLength}`)
      return value.slice()
    },
    decode(bytes) {
      if (bytes.byteLength < size) throw new RangeError(`expected ${size} bytes, got ${bytes.byteLength}`)
      return bytes.slice(0, size)
    },
  }
}
