import { resolve, sizeOf } from '../layout.ts'
import type { Btf } from '../reader.ts'
import type { BtfComposite, BtfMember } from '../types.ts'
import { inC, scalarBytes, scalarName } from './ts-scalar.ts'

/** A field of a `struct(…)` call. */
export interface TsField {
  readonly key: string
  /** Bytes from the start of the struct. */
  readonly offset: number
  readonly size: number
  readonly align: number
  /** The type as an expression, such as `array(u8, 6)`. */
  readonly type: string
  readonly comment: string
}

/** A struct written as `struct(…)`. */
export interface TsStruct {
  readonly fields: readonly TsField[]
  readonly packed: boolean
  readonly size: number
  readonly align: number
}

/** Names the constant that holds the schema of a struct inside another one. @returns undefined if it has none */
export type NestedStruct = (
  id: number,
  type: BtfComposite,
  member: string,
) => { readonly name: string; readonly align: number } | undefined

/** Larger structs are the kernel's own objects, not headers and messages. */
const maxSize = 256

/**
 * Expresses a struct or union as fields of `struct(…)`: every byte is covered, by padding where there is no member.
 * Bit-fields are joined to the integers that hold them; of a union one member that fills it is taken.
 *
 * @returns undefined when it has pointers or members that cannot be expressed
 */
export function structFields(btf: Btf, id: number, nested: NestedStruct): TsStruct | undefined {
  const type = btf.type(resolve(btf, id))
  if ((type.kind !== 'struct' && type.kind !== 'union') || type.size === 0 || type.size > maxSize)
    return undefined
  const collector = new Collector(btf, nested)
  if (!collector.composite(type, 0)) return undefined
  return complete(collector.fields, type.size)
}

/** Structs and unions inside one that are looked at; of a union one member after the other is tried. */
const maxTried = 1000

class Collector {
  readonly fields: TsField[] = []
  #tried = 0
  readonly #btf: Btf
  readonly #nested: NestedStruct

  constructor(btf: Btf, nested: NestedStruct) {
    this.#btf = btf
    this.#nested = nested
  }

  /** @returns false when something in it cannot be expressed */
  composite(type: BtfComposite, base: number, depth = 0): boolean {
    if (depth > 16 || ++this.#tried > maxTried) return false
    return type.kind === 'struct' ? this.#struct(type, base, depth) : this.#union(type, base, depth)
  }

  #struct(type: BtfComposite, base: number, depth: number): boolean {
    let bitFields: BtfMember[] = []
    const flush = (): boolean => {
      const done = this.#bitFields(bitFields, base)
      bitFields = []
      return done
    }
    for (const member of type.members) {
      if (member.bitSize > 0) bitFields.push(member)
      else if (!flush() || !this.#member(member, base + member.bitOffset / 8, false, depth)) return false
    }
    return flush()
  }

  /** One member that fills the union; the others are named in its comment. */
  #union(type: BtfComposite, base: number, depth: number): boolean {
    const others = (chosen: BtfMember) =>
      type.members
        .filter((member) => member !== chosen)
        .map((member) => inC(this.#btf, member.type, member.name))
    const filling = type.members.filter(
      (member) => member.bitSize === 0 && sizeOf(this.#btf, member.type) === type.size,
    )
    // What says more comes first: names inside a struct, a byte order.
    const rank = ({ type: id }: BtfMember): number => (this.#isHostScalar(id) ? 1 : 0)
    for (const member of filling.toSorted((a, b) => rank(a) - rank(b))) {
      const before = this.fields.length
      // __bpf_md_ptr (include/uapi/linux/bpf.h): a pointer alone in a union is 64 bits for every program.
      if (!this.#member(member, base, type.members.length === 1, depth)) {
        this.fields.length = before
        continue
      }
      const first = this.fields[before]
      const rest = others(member)
      if (first !== undefined && rest.length > 0)
        this.fields[before] = { ...first, comment: `${first.comment}; or ${rest.join('; ')}` }
      return true
    }
    return false
  }

  /** Whether it is a number in host order, or an array of them. */
  #isHostScalar(id: number): boolean {
    let element = id
    for (let depth = 0; depth < 16; depth++) {
      const type = this.#btf.type(resolve(this.#btf, element))
      if (type.kind !== 'array') break
      element = type.element
    }
    return scalarName(this.#btf, element)?.startsWith('be') === false
  }

  #member({ name, type }: BtfMember, offset: number, pointers: boolean, depth: number): boolean {
    if (!Number.isInteger(offset)) return false
    const resolved = this.#btf.type(resolve(this.#btf, type))
    const composite = resolved.kind === 'struct' || resolved.kind === 'union'
    if (composite && name === '') return this.composite(resolved, offset, depth + 1)
    const size = sizeOf(this.#btf, type)
    // A flexible array takes no room and has no type.
    if (size === 0) return true
    const expressed = this.#type(type, name, pointers, depth)
    if (expressed === undefined) return false
    const comment = inC(this.#btf, type, name)
    this.fields.push({ key: name, offset, size, align: expressed.align, type: expressed.text, comment })
    return true
  }

  #type(
    id: number,
    name: string,
    pointers: boolean,
    depth: number,
  ): { readonly text: string; readonly align: number } | undefined {
    if (depth > 16) return undefined
    const resolved = resolve(this.#btf, id)
    const type = this.#btf.type(resolved)
    if (type.kind === 'ptr' && !pointers) return undefined
    if (type.kind === 'array') {
      const element = this.#type(type.element, name, false, depth + 1)
      return element && { text: `array(${element.text}, ${type.length})`, align: element.align }
    }
    if (type.kind === 'struct' || type.kind === 'union') {
      const found = this.#nested(resolved, type, name)
      return found && { text: found.name, align: found.align }
    }
    const scalar = scalarName(this.#btf, id)
    return scalar === undefined ? undefined : { text: scalar, align: scalarBytes(scalar) }
  }

  /** Joins bit-fields to aligned integers, each as small as it can be without cutting one. */
  #bitFields(members: readonly BtfMember[], base: number): boolean {
    let rest = [...members]
    while (rest.length > 0) {
      const first = rest[0] as BtfMember
      const start = Math.floor(first.bitOffset / 8)
      const unit = [1, 2, 4, 8]
        .map((size) => ({ size, from: start - (start % size) }))
        .find(({ size, from }) =>
          rest.every(({ bitOffset, bitSize }) => {
            const end = (from + size) * 8
            return bitOffset >= end || bitOffset + bitSize <= end
          }),
        )
      if (unit === undefined) return false
      const inside = rest.filter(({ bitOffset }) => bitOffset < (unit.from + unit.size) * 8)
      rest = rest.slice(inside.length)
      const named = inside.filter(({ name }) => name !== '')
      const offset = base + unit.from
      const bits = named.map(({ name, bitOffset, bitSize }) => {
        const low = bitOffset - unit.from * 8
        return `${name} ${bitSize === 1 ? `bit ${low}` : `bits ${low}–${low + bitSize - 1}`}`
      })
      const { size } = unit
      this.fields.push({
        key:
          named.length > 0 && named.length <= 3 ? named.map(({ name }) => name).join('_') : `bits${offset}`,
        offset,
        size,
        align: size,
        type: `u${size * 8}`,
        comment: bits.join(', '),
      })
    }
    return true
  }
}

/** Fills gaps and finds out whether the rules of C give the same places. */
function complete(found: readonly TsField[], size: number): TsStruct | undefined {
  const fields: TsField[] = []
  let end = 0
  const pad = (to: number): void => {
    if (to === end) return
    const type = to - end === 1 ? 'u8' : `array(u8, ${to - end})`
    fields.push({ key: `padding${end}`, offset: end, size: to - end, align: 1, type, comment: 'padding' })
    end = to
  }
  for (const field of found) {
    if (field.offset < end) return undefined
    pad(field.offset)
    fields.push(field)
    end = field.offset + field.size
  }
  if (end > size || found.length === 0) return undefined
  pad(size)
  if (new Set(fields.map(({ key }) => key)).size !== fields.length) return undefined
  const align = Math.max(...fields.map((field) => field.align))
  const packed = size % align !== 0 || fields.some((field) => field.offset % field.align !== 0)
  return { fields, packed, size, align: packed ? 1 : align }
}
