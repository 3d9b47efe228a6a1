import { readScalar, type ScalarName, type ScalarType, type ScalarValue, writeScalar } from './scalar.ts'

/** Integers that can be divided into bit-fields: those without a sign. */
export type BitsName = Exclude<ScalarName, 's8' | 's16' | 's32' | 's64'>

/** Names and widths of bit-fields. */
export type PartWidths = Readonly<Record<string, number>>

/** A bit-field's place: `width` bits, `shift` of them above the lowest bit of the number. */
export interface BitPart {
  readonly shift: number
  readonly width: number
}

/** An integer whose bits have names. */
export interface BitsType<N extends BitsName = BitsName, P extends PartWidths = PartWidths> {
  readonly kind: 'bits'
  readonly base: ScalarType<N>
  /** Bytes. */
  readonly size: 1 | 2 | 4 | 8
  readonly parts: { readonly [K in keyof P & string]: BitPart }
}

/** The JavaScript value: an object with all parts; bigints if the integer has 64 bits. */
export type BitsValue<N extends ScalarName, P> = { readonly [K in keyof P]: ScalarValue<N> }

/** Options of {@link bits}. */
export interface BitsOptions {
  /**
   * Where the first part is: at the `highest` bits, as protocol descriptions draw them (the default), or at the
   * `lowest`, as C compilers for little-endian machines place the bit-fields of a kernel struct.
   */
  readonly first?: 'highest' | 'lowest'
}

/**
 * An integer divided into bit-fields, all of whose bits have a name:
 *
 * ```ts
 * bits(u8, { version: 4, length: 4 })                    // first byte of an IPv4 header
 * bits(be16, { reserved: 1, dontFragment: 1, moreFragments: 1, offset: 13 })
 * ```
 *
 * In a program it is that integer, and each part is a property of it: `ip.fragment.offset`.
 *
 * @throws {RangeError} when the parts are not as many bits as the integer has, or one has a name that the properties
 *   of integers have (such as `add`)
 */
export function bits<N extends BitsName, const P extends PartWidths>(
  base: ScalarType<N>,
  parts: P,
  options: BitsOptions = {},
): BitsType<N, P> {
  const total = base.size * 8
  const placed: Record<string, BitPart> = {}
  let used = 0
  for (const [name, width] of Object.entries(parts)) {
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new RangeError(`bits: the name "${name}" is not an identifier`)
    if (reserved.has(name)) throw new RangeError(`bits: "${name}" is a property of every integer, not a name`)
    if (!Number.isInteger(width) || width < 1)
      throw new RangeError(`bits: the width of "${name}" must be a positive integer, got ${width}`)
    const shift = options.first === 'lowest' ? used : total - used - width
    placed[name] = Object.freeze({ shift, width })
    used += width
  }
  if (used !== total) throw new RangeError(`bits: the parts have ${used} bits, ${base.name} has ${total}`)
  return Object.freeze({ kind: 'bits', base, size: base.size, parts: placed as BitsType<N, P>['parts'] })
}

/** Properties of integers in a program (`Int` and `Net`), which parts cannot be called. */
const reserved: ReadonlySet<string> = new Set(
  `add sub mul div mod and or xor shl shr eq ne lt le gt ge has neg not ir type emitter constructor inPrefix
  toU8 toU16 toU32 toU64 toS8 toS16 toS32 toS64 toHost toNetwork __proto__ then`.split(/\s+/),
)

/** Largest value of a part. */
export function partMax(part: BitPart): bigint {
  return (1n << BigInt(part.width)) - 1n
}

/** Writes all parts at `offset`; `field` is what an error calls them. */
export function writeBits(
  view: DataView,
  offset: number,
  type: BitsType,
  value: unknown,
  field: string,
): void {
  if (value === null || typeof value !== 'object') throw new TypeError(`"${field}" expected an object (bits)`)
  let all = 0n
  for (const [name, part] of Object.entries(type.parts)) {
    const given = (value as Readonly<Record<string, unknown>>)[name]
    const wide = type.size === 8
    if (typeof given !== 'number' && !(wide && typeof given === 'bigint'))
      throw new TypeError(`"${field}.${name}" expected ${wide ? 'bigint' : 'number'}, got ${typeof given}`)
    if (typeof given === 'number' && !Number.isInteger(given))
      throw new RangeError(`"${field}.${name}" expected an integer, got ${given}`)
    if (BigInt(given) < 0n || BigInt(given) > partMax(part))
      throw new RangeError(
        `"${field}.${name}" expected ${part.width} bits (0..${partMax(part)}), got ${given}`,
      )
    all |= BigInt(given) << BigInt(part.shift)
  }
  writeScalar(view, offset, type.base, type.size === 8 ? all : Number(all), field)
}

/** Reads all parts. */
export function readBits(
  view: DataView,
  offset: number,
  type: BitsType,
): Readonly<Record<string, number | bigint>> {
  const all = BigInt(readScalar(view, offset, type.base))
  return Object.fromEntries(
    Object.entries(type.parts).map(([name, part]) => {
      const value = (all >> BigInt(part.shift)) & partMax(part)
      return [name, type.size === 8 ? value : Number(value)]
    }),
  )
}
