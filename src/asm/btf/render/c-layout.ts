import { malformed } from '../error.ts'
import { resolve, sizeOf } from '../layout.ts'
import type { Btf } from '../reader.ts'
import type { BtfComposite } from '../types.ts'

/** How a struct or union must be written so that a C compiler places its members where BTF has them. */
export interface CLayout {
  /** Whether it needs `__attribute__((packed))`. */
  readonly packed: boolean
  /** Alignment in bytes of what is written. */
  readonly align: number
  /** Needs `__attribute__((aligned(…)))` of so many bytes; 0 for none. */
  readonly aligned: number
  /** By index of the member: anonymous bit-fields in front of it; one more entry for the end. */
  readonly padding: readonly (readonly string[])[]
}

/** Deepest nesting of structs in structs that is followed. */
const maxDepth = 64

/**
 * Layout by the rules of the System V ABI for 64-bit machines: scalars aligned to their size, a bit-field never
 * across a boundary of its declared type, anonymous bit-fields without influence on the alignment.
 */
export class CLayouts {
  readonly #btf: Btf
  readonly #known = new Map<number, CLayout>()

  constructor(btf: Btf) {
    this.#btf = btf
  }

  /** The layout of the struct or union `id`. @throws {BtfError} `BTF_MALFORMED` */
  of(id: number, type: BtfComposite, depth = 0): CLayout {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    if (depth > maxDepth) throw malformed('structs nest without end', { typeId: id })
    const members = type.members.map((member) => {
      const resolved = this.#btf.type(resolve(this.#btf, member.type))
      const size = sizeOf(this.#btf, member.type) * 8
      // The old way of writing bit-fields: a full-size member whose integer type has fewer bits.
      const old = resolved.kind === 'int' && resolved.bits !== resolved.size * 8
      const bitSize = member.bitSize !== 0 ? member.bitSize : old ? resolved.bits : 0
      const offset = member.bitOffset + (old && member.bitSize === 0 ? resolved.bitOffset : 0)
      const end = offset + (bitSize === 0 ? size : bitSize)
      if (end > type.size * 8)
        throw malformed(`member "${member.name}" lies outside its ${type.kind}`, { typeId: id })
      return { offset, end, bitSize, unit: size, align: this.alignOf(member.type, depth + 1) * 8 }
    })
    const layout =
      type.kind === 'union'
        ? unionLayout(type.size, members)
        : (place(type.size, members, false) ?? place(type.size, members, true))
    if (layout === undefined) throw malformed('members overlap', { typeId: id })
    this.#known.set(id, layout)
    return layout
  }

  /** Alignment in bytes that a value of this type has in the C that is written. */
  alignOf(id: number, depth = 0): number {
    let current = id
    for (let steps = 0; steps < maxDepth; steps++) {
      const resolved = resolve(this.#btf, current)
      const type = this.#btf.type(resolved)
      switch (type.kind) {
        case 'array':
          current = type.element
          continue
        case 'ptr':
          return sizeOf(this.#btf, resolved)
        case 'int':
        case 'enum':
        case 'enum64':
        case 'float':
          return Math.min(type.size & -type.size, 16) || 1
        case 'struct':
        case 'union':
          return this.of(resolved, type, depth).align
        default:
          return 1
      }
    }
    throw malformed('an array of itself', { typeId: id })
  }
}

/** A member in bits; `unit` is the size of its declared type. */
interface PlacedMember {
  readonly offset: number
  readonly end: number
  readonly bitSize: number
  readonly unit: number
  readonly align: number
}

/** Goes through the members as a compiler would. @returns undefined when it would put one somewhere else */
function place(size: number, members: readonly PlacedMember[], packed: boolean): CLayout | undefined {
  const align = packed ? 8 : Math.max(8, ...members.map((member) => member.align))
  if ((size * 8) % align !== 0) return undefined
  const padding: string[][] = []
  let at = 0
  for (const member of members) {
    if (member.offset < at) return undefined
    const gap = natural(member, at, packed) === member.offset ? [] : fill(at, member.offset)
    if (natural(member, member.offset, packed) !== member.offset) return undefined
    padding.push(gap)
    at = member.end
  }
  padding.push(roundUp(at, align) === size * 8 ? [] : fill(at, size * 8))
  return { packed, align: align / 8, aligned: 0, padding }
}

/** Where a compiler puts a member when the one before ends at bit `at`. */
function natural({ bitSize, unit, align }: PlacedMember, at: number, packed: boolean): number {
  if (bitSize === 0) return roundUp(at, packed ? 8 : align)
  if (packed || Math.floor(at / unit) === Math.floor((at + bitSize - 1) / unit)) return at
  return roundUp(at, unit)
}

function unionLayout(size: number, members: readonly PlacedMember[]): CLayout {
  const end = Math.max(0, ...members.map((member) => member.end))
  const natural = Math.max(8, ...members.map((member) => member.align))
  const packed = (size * 8) % natural !== 0
  const align = packed ? 8 : natural
  const padding = members.map(() => [])
  if (roundUp(end, align) === size * 8)
    return { packed, align: align / 8, aligned: 0, padding: [...padding, []] }
  // Larger than its members: it was aligned, or else it takes a member of that size.
  for (let aligned = align / 4; aligned <= 4096; aligned *= 2)
    if (roundUp(end, aligned * 8) === size * 8)
      return { packed, align: aligned, aligned, padding: [...padding, []] }
  return { packed, align: align / 8, aligned: 0, padding: [...padding, [`char __size[${size}]`]] }
}

const units = [
  ['long', 64],
  ['int', 32],
  ['short', 16],
  ['char', 8],
] as const

/** Anonymous bit-fields that cover the bits from `from` to `to`. */
function fill(from: number, to: number): string[] {
  const fields: string[] = []
  let at = from
  while (at < to) {
    const unit = units.find(([, bits]) => at % bits === 0 && at + bits <= to)
    const bits = unit?.[1] ?? Math.min(8 - (at % 8), to - at)
    fields.push(`${unit?.[0] ?? 'char'}: ${bits}`)
    at += bits
    if (fields.length > maxPadding) throw malformed(`a gap of ${(to - from) / 8} bytes between members`)
  }
  return fields
}

/** No struct of a kernel has gaps of half a MiB. */
const maxPadding = 65536

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to
}
