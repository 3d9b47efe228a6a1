import { align4, attributeHeaderSize, attributeTypeMask, littleEndian } from './constants.ts'
import { NetlinkDecodeError } from './errors.ts'

const text = new TextDecoder('utf-8')

/** One attribute as it arrived. */
export interface Attribute {
  /** The type without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
  readonly type: number
  /** The payload without header and padding: a view, not a copy. */
  readonly value: Uint8Array
}

/**
 * The attributes of one nesting level, read with the type the caller expects. A reader returns `undefined` for an
 * attribute that is not there. An integer attribute may be longer than asked for (the kernel grows structures at
 * their end) but never shorter. When a type occurs several times the last one counts, as in the kernel's nla_parse.
 *
 * @throws {NetlinkDecodeError} from any reader, when the payload is shorter than the type asked for
 */
export class Attributes {
  /** All attributes in the order they arrived, repetitions included. */
  readonly list: readonly Attribute[]
  readonly #byType: ReadonlyMap<number, Uint8Array>

  private constructor(list: readonly Attribute[]) {
    this.list = list
    this.#byType = new Map(list.map(({ type, value }) => [type, value]))
  }

  /**
   * Splits `bytes` from `offset` on into attributes.
   *
   * @throws {NetlinkDecodeError} when a length does not fit what is there
   */
  static parse(bytes: Uint8Array, offset = 0): Attributes {
    if (offset > bytes.byteLength)
      throw new NetlinkDecodeError(`expected a header of ${offset} bytes, got ${bytes.byteLength}`)
    const view = viewOf(bytes)
    const list: Attribute[] = []
    let at = offset
    while (at < bytes.byteLength) {
      if (bytes.byteLength - at < attributeHeaderSize)
        throw new NetlinkDecodeError(`${bytes.byteLength - at} stray bytes after the last attribute`)
      const length = view.getUint16(at, littleEndian)
      const type = view.getUint16(at + 2, littleEndian) & attributeTypeMask
      if (length < attributeHeaderSize || length > bytes.byteLength - at)
        throw new NetlinkDecodeError(
          `attribute ${type} at byte ${at} claims ${length} bytes, ${bytes.byteLength - at} are there`,
        )
      list.push({ type, value: bytes.subarray(at + attributeHeaderSize, at + length) })
      at += align4(length)
    }
    return new Attributes(list)
  }

  /** Whether an attribute of that type is there. */
  has(type: number): boolean {
    return this.#byType.has(type)
  }

  /** The raw payload: a view into the received message. */
  bytes(type: number): Uint8Array | undefined {
    return this.#byType.get(type)
  }

  /** One byte. */
  u8(type: number): number | undefined {
    return this.#view(type, 1)?.getUint8(0)
  }

  /** 16 bits in host byte order. */
  u16(type: number): number | undefined {
    return this.#view(type, 2)?.getUint16(0, littleEndian)
  }

  /** 32 bits in host byte order. */
  u32(type: number): number | undefined {
    return this.#view(type, 4)?.getUint32(0, littleEndian)
  }

  /** 32 signed bits in host byte order. */
  s32(type: number): number | undefined {
    return this.#view(type, 4)?.getInt32(0, littleEndian)
  }

  /** 16 bits in network byte order. */
  be16(type: number): number | undefined {
    return this.#view(type, 2)?.getUint16(0)
  }

  /** 32 bits in network byte order. */
  be32(type: number): number | undefined {
    return this.#view(type, 4)?.getUint32(0)
  }

  /** 32 signed bits in network byte order. */
  beS32(type: number): number | undefined {
    return this.#view(type, 4)?.getInt32(0)
  }

  /** 64 bits in network byte order. */
  be64(type: number): bigint | undefined {
    return this.#view(type, 8)?.getBigUint64(0)
  }

  /** A UTF-8 string up to its NUL or, where the kernel leaves that out, its end. */
  string(type: number): string | undefined {
    const value = this.#byType.get(type)
    if (value === undefined) return undefined
    const end = value.indexOf(0)
    return text.decode(end < 0 ? value : value.subarray(0, end))
  }

  /** The attributes inside an attribute. */
  nested(type: number): Attributes | undefined {
    const value = this.#byType.get(type)
    return value === undefined ? undefined : Attributes.parse(value)
  }

  #view(type: number, size: number): DataView | undefined {
    const value = this.#byType.get(type)
    if (value === undefined) return undefined
    if (value.byteLength < size)
      throw new NetlinkDecodeError(`attribute ${type} has ${value.byteLength} bytes, expected ${size}`)
    return viewOf(value)
  }
}

/** @returns `value`. @throws {NetlinkDecodeError} naming `what` when it is undefined. */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new NetlinkDecodeError(`the kernel's answer has no ${what}`)
  return value
}

/** A DataView over exactly the bytes of `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
