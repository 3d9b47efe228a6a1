/** Bytes without further meaning, such as a MAC address. */
export interface BytesType {
  readonly kind: 'bytes'
  /** How many. */
  readonly size: number
}

/** Text in an array of `char`, ended by a zero byte unless it fills the array. */
export interface CharsType {
  readonly kind: 'chars'
  /** Bytes of the array. */
  readonly size: number
}

/** `size` bytes; in JavaScript a `Uint8Array`. */
export function bytes(size: number): BytesType {
  return Object.freeze({ kind: 'bytes', size: checkedSize('bytes', size) })
}

/**
 * A `char` array of `size` bytes, such as the name of a task or an interface; in JavaScript a string. It is encoded as
 * UTF-8 with zeroes up to the end, of which there is at least one; decoding stops at the first zero byte, and what is
 * no UTF-8 becomes U+FFFD.
 */
export function chars(size: number): CharsType {
  return Object.freeze({ kind: 'chars', size: checkedSize('chars', size) })
}

/** Writes `value` at `offset`; `field` is what an error calls it. */
export function writeBytes(
  view: DataView,
  offset: number,
  type: BytesType,
  value: unknown,
  field: string,
): void {
  if (!(value instanceof Uint8Array)) throw new TypeError(`"${field}" expected a Uint8Array`)
  if (value.byteLength !== type.size)
    throw new RangeError(`"${field}" expected ${type.size} bytes, got ${value.byteLength}`)
  at(view, offset, type.size).set(value)
}

/** A copy of the bytes at `offset`. */
export function readBytes(view: DataView, offset: number, type: BytesType): Uint8Array {
  return at(view, offset, type.size).slice()
}

/** Writes a string at `offset`; `field` is what an error calls it. */
export function writeChars(
  view: DataView,
  offset: number,
  type: CharsType,
  value: unknown,
  field: string,
): void {
  if (typeof value !== 'string')
    throw new TypeError(`"${field}" expected string, got ${value === null ? 'null' : typeof value}`)
  at(view, offset, type.size).set(encodeChars(type, value, field))
}

/** The bytes of a string in an array of `char`. @throws {RangeError} when it does not fit, or has a zero inside */
export function encodeChars(type: CharsType, value: string, field: string): Uint8Array {
  const encoded = new TextEncoder().encode(value)
  if (encoded.includes(0)) throw new RangeError(`"${field}" expected a string without zero characters`)
  if (encoded.byteLength >= type.size)
    throw new RangeError(
      `"${field}" expected at most ${type.size - 1} bytes of UTF-8, got ${encoded.byteLength}`,
    )
  const padded = new Uint8Array(type.size)
  padded.set(encoded)
  return padded
}

/** The string at `offset`. */
export function readChars(view: DataView, offset: number, type: CharsType): string {
  const all = at(view, offset, type.size)
  const end = all.indexOf(0)
  return new TextDecoder().decode(end < 0 ? all : all.subarray(0, end))
}

function at(view: DataView, offset: number, size: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, size)
}

function checkedSize(what: string, size: number): number {
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`${what} expects a positive integer, got ${size}`)
  return size
}
