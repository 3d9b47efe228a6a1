/**
 * Scalar types: width, sign and byte order are part of the type, so that a network-order field cannot meet a host
 * number by accident, neither in TypeScript nor in the emitted code.
 */
export interface ScalarType<N extends ScalarName = ScalarName> {
  readonly kind: 'scalar'
  readonly name: N
  /** Bytes. */
  readonly size: 1 | 2 | 4 | 8
  readonly signed: boolean
  /** `host`: the CPU's order; `network`: big-endian, as on the wire. */
  readonly order: 'host' | 'network'
  /**
   * Bytes that a store in a program writes, where the kernel wants more than `size`: the higher ones are zero, and belong
   * to nothing else.
   */
  readonly storedSize?: 4
}

/** Host-order integers. */
export type HostName = 'u8' | 'u16' | 'u32' | 'u64' | 's8' | 's16' | 's32' | 's64'
/** Network-order (big-endian) integers. */
export type NetworkName = 'be16' | 'be32' | 'be64'
/** Every scalar type's name. */
export type ScalarName = HostName | NetworkName

/** The JavaScript value of a scalar: bigint for 64 bits, number below. */
export type ScalarValue<N extends ScalarName> = N extends 'u64' | 's64' | 'be64' ? bigint : number

function scalar<N extends ScalarName>(name: N, size: 1 | 2 | 4 | 8): ScalarType<N> {
  return Object.freeze({
    kind: 'scalar',
    name,
    size,
    signed: name.startsWith('s'),
    order: name.startsWith('be') ? 'network' : 'host',
  })
}

export const u8 = scalar('u8', 1)
export const u16 = scalar('u16', 2)
export const u32 = scalar('u32', 4)
export const u64 = scalar('u64', 8)
export const s8 = scalar('s8', 1)
export const s16 = scalar('s16', 2)
export const s32 = scalar('s32', 4)
export const s64 = scalar('s64', 8)
/** 16 bits in network order, such as a port. In JavaScript a plain number: port 80 is 80. */
export const be16 = scalar('be16', 2)
/** 32 bits in network order, such as an IPv4 address. In JavaScript the number whose big-endian bytes they are. */
export const be32 = scalar('be32', 4)
/** 64 bits in network order. */
export const be64 = scalar('be64', 8)

/** The smallest and largest value of a scalar type. */
export function scalarRange(type: ScalarType): { readonly min: bigint; readonly max: bigint } {
  const bits = BigInt(type.size * 8)
  return type.signed
    ? { min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n }
    : { min: 0n, max: (1n << bits) - 1n }
}

/** Writes `value` at `offset`; `field` is what an error calls it. */
export function writeScalar(
  view: DataView,
  offset: number,
  type: ScalarType,
  value: unknown,
  field: string,
): void {
  const wide = type.size === 8
  if (wide ? typeof value !== 'bigint' && typeof value !== 'number' : typeof value !== 'number')
    throw new TypeError(
      `"${field}" expected ${wide ? 'bigint' : 'number'} (${type.name}), got ${describe(value)}`,
    )
  const number = value as number | bigint
  if (typeof number === 'number' && !Number.isInteger(number))
    throw new RangeError(`"${field}" expected an integer (${type.name}), got ${number}`)
  const { min, max } = scalarRange(type)
  if (BigInt(number) < min || BigInt(number) > max)
    throw new RangeError(`"${field}" expected ${type.name} (${min}..${max}), got ${number}`)
  const little = type.order === 'host'
  if (type.size === 8) view.setBigUint64(offset, BigInt.asUintN(64, BigInt(number)), little)
  else if (type.size === 4) view.setUint32(offset, Number(number) >>> 0, little)
  else if (type.size === 2) view.setUint16(offset, Number(number) & 0xffff, little)
  else view.setUint8(offset, Number(number) & 0xff)
}

/** Reads the scalar at `offset`. */
export function readScalar(view: DataView, offset: number, type: ScalarType): number | bigint {
  const little = type.order === 'host'
  switch (type.size) {
    case 8:
      return type.signed ? view.getBigInt64(offset, little) : view.getBigUint64(offset, little)
    case 4:
      return type.signed ? view.getInt32(offset, little) : view.getUint32(offset, little)
    case 2:
      return type.signed ? view.getInt16(offset, little) : view.getUint16(offset, little)
    case 1:
      return type.signed ? view.getInt8(offset) : view.getUint8(offset)
  }
}

function describe(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
}
