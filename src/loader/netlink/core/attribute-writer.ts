import { align4, attributeHeaderSize, attributeTypeMask, littleEndian, nestedFlag } from './constants.ts'

const maximumAttributeLength = 0xffff
const text = new TextEncoder()

/**
 * Writes a netlink payload: an optional fixed structure first, then attributes, each padded to four bytes.
 * Every method returns the writer, so that a request reads as one expression. Types are 0–16383.
 *
 * @throws {RangeError} from any method, when a type or value does not fit, or an attribute exceeds 65535 bytes
 */
export class AttributeWriter {
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  /** Appends a fixed structure (such as `struct ifinfomsg`), padded to four bytes. */
  header(bytes: Uint8Array): this {
    this.#reserve(align4(bytes.byteLength))
    this.#bytes.set(bytes, this.#length)
    this.#length += align4(bytes.byteLength)
    return this
  }

  /** An attribute of one byte. */
  u8(type: number, value: number): this {
    return this.#integer(type, 1, value, 0xff, (at) => this.#view.setUint8(at, value))
  }

  /** An attribute of 16 bits in host byte order. */
  u16(type: number, value: number): this {
    return this.#integer(type, 2, value, 0xffff, (at) => this.#view.setUint16(at, value, littleEndian))
  }

  /** An attribute of 32 bits in host byte order. */
  u32(type: number, value: number): this {
    return this.#integer(type, 4, value, 0xffff_ffff, (at) => this.#view.setUint32(at, value, littleEndian))
  }

  /** An attribute of 32 signed bits in host byte order. */
  s32(type: number, value: number): this {
    if (!Number.isInteger(value) || value !== value >> 0)
      throw new RangeError(`attribute ${type}: ${value} is not a signed 32-bit integer`)
    return this.u32(type, value >>> 0)
  }

  /** An attribute of 16 bits in network byte order. */
  be16(type: number, value: number): this {
    return this.#integer(type, 2, value, 0xffff, (at) => this.#view.setUint16(at, value))
  }

  /** An attribute of 32 bits in network byte order. */
  be32(type: number, value: number): this {
    return this.#integer(type, 4, value, 0xffff_ffff, (at) => this.#view.setUint32(at, value))
  }

  /** An attribute of 64 bits in network byte order. */
  be64(type: number, value: bigint): this {
    if (value !== BigInt.asUintN(64, value))
      throw new RangeError(`attribute ${type}: ${value} is not an unsigned 64-bit integer`)
    const at = this.#open(type, 8)
    this.#view.setBigUint64(at, value)
    return this
  }

  /** An attribute whose presence is its meaning. */
  flag(type: number): this {
    this.#open(type, 0)
    return this
  }

  /** An attribute of raw bytes. */
  bytes(type: number, value: Uint8Array): this {
    const at = this.#open(type, value.byteLength)
    this.#bytes.set(value, at)
    return this
  }

  /** A NUL-terminated UTF-8 string (NLA_NUL_STRING). */
  string(type: number, value: string): this {
    if (value.includes('\0')) throw new RangeError(`attribute ${type}: the string contains a NUL`)
    return this.bytes(type, text.encode(`${value}\0`))
  }

  /** An attribute that holds what `write` writes; NLA_F_NESTED is set. */
  nested(type: number, write: (inner: AttributeWriter) => void): this {
    const start = this.#length
    this.#open(type, 0, nestedFlag)
    write(this)
    const length = this.#length - start
    if (length > maximumAttributeLength)
      throw new RangeError(`attribute ${type}: ${length} bytes nested, at most ${maximumAttributeLength} fit`)
    this.#view.setUint16(start, length, littleEndian)
    return this
  }

  /** @returns a copy of what was written so far. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #integer(type: number, size: number, value: number, maximum: number, write: (at: number) => void): this {
    if (!Number.isInteger(value) || value < 0 || value > maximum)
      throw new RangeError(`attribute ${type}: ${value} does not fit in ${size * 8} unsigned bits`)
    write(this.#open(type, size))
    return this
  }

  /** Writes a header, makes room for `size` zero bytes and their padding, and returns where the payload starts. */
  #open(type: number, size: number, flags = 0): number {
    if (!Number.isInteger(type) || type < 0 || type > attributeTypeMask)
      throw new RangeError(`attribute type ${type} is not within 0..${attributeTypeMask}`)
    const length = attributeHeaderSize + size
    if (length > maximumAttributeLength)
      throw new RangeError(
        `attribute ${type}: ${size} bytes, at most ${maximumAttributeLength - attributeHeaderSize} fit`,
      )
    this.#reserve(align4(length))
    const start = this.#length
    this.#view.setUint16(start, length, littleEndian)
    this.#view.setUint16(start + 2, type | flags, littleEndian)
    this.#length += align4(length)
    return start + attributeHeaderSize
  }

  #reserve(size: number): void {
    const needed = this.#length + size
    if (needed <= this.#bytes.byteLength) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.byteLength * 2))
    grown.set(this.#bytes)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}
