/** An integer wider than a register: 128 bits in network order, such as an IPv6 address. */
export interface WideType {
  readonly kind: 'wide'
  readonly name: 'be128'
  /** Bytes. */
  readonly size: 16
  /** That of `struct in6_addr` (include/uapi/linux/in6.h), whose widest member is a `__be32`. */
  readonly align: 4
}

/**
 * 128 bits in network order, such as an IPv6 address. In JavaScript the bigint whose big-endian bytes they are:
 * `::1` is `1n`.
 */
export const be128: WideType = Object.freeze({ kind: 'wide', name: 'be128', size: 16, align: 4 })

const max = (1n << 128n) - 1n
const low = (1n << 64n) - 1n

/** Whether a number is one of {@link be128}. */
export function isWide(value: bigint): boolean {
  return value >= 0n && value <= max
}

/** Writes `value` at `offset`; `field` is what an error calls it. */
export function writeWide(view: DataView, offset: number, value: unknown, field: string): void {
  if (typeof value !== 'bigint')
    throw new TypeError(`"${field}" expected bigint (be128), got ${value === null ? 'null' : typeof value}`)
  if (!isWide(value)) throw new RangeError(`"${field}" expected be128 (0..2^128-1), got ${value}`)
  view.setBigUint64(offset, value >> 64n)
  view.setBigUint64(offset + 8, value & low)
}

/** Reads the number at `offset`. */
export function readWide(view: DataView, offset: number): bigint {
  return (view.getBigUint64(offset) << 64n) | view.getBigUint64(offset + 8)
}
