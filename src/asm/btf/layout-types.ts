import type { BitsType } from '../layout/bits.ts'
import type { ScalarName, ScalarType } from '../layout/scalar.ts'
import { type FieldType, sizeOf } from '../layout/struct.ts'
import type { MapSpec, MapType } from '../program.ts'
import { BtfWriter } from './writer.ts'

/** Maps whose kernel code refuses BTF (`map_check_no_btf`) or has no keys and values to describe. */
const withoutBtf: ReadonlySet<MapType> = new Set<MapType>([
  'array_of_maps',
  'hash_of_maps',
  'prog_array',
  'ringbuf',
])

/** Maps whose key must be a plain 32-bit integer (`array_map_check_btf` in kernel/bpf/arraymap.c). */
const indexed: ReadonlySet<MapType> = new Set<MapType>([
  'array',
  'percpu_array',
  'sk_storage',
  'inode_storage',
  'task_storage',
  'cgrp_storage',
])

/** A blob with the types of a map's keys and values. */
export interface MapBtf {
  /** For `BPF_BTF_LOAD`. */
  readonly btf: Uint8Array
  readonly keyTypeId: number
  readonly valueTypeId: number
}

/** Ids of a map's key and value in a {@link BtfWriter}. */
export interface MapTypeIds {
  readonly key: number
  readonly value: number
}

/**
 * Describes keys and values of a map so that `bpftool map dump` shows field names.
 *
 * @returns undefined when the map's layout is not known or its type takes no BTF
 */
export function mapBtf(spec: MapSpec, options: { readonly littleEndian?: boolean } = {}): MapBtf | undefined {
  const writer = new BtfWriter()
  const ids = new LayoutTypes(writer).addMap(spec)
  return ids && { btf: writer.finish(options), keyTypeId: ids.key, valueTypeId: ids.value }
}

/** Adds struct schemas to a blob, each type once; big-endian fields are typedefs called `__be16` and so on. */
export class LayoutTypes {
  readonly #writer: BtfWriter
  readonly #scalars = new Map<string, number>()
  readonly #others = new Map<FieldType, number>()

  constructor(writer: BtfWriter) {
    this.#writer = writer
  }

  /** Adds a layout. @returns its type id */
  add(type: FieldType): number {
    if (type.kind === 'scalar') return this.#scalar(type.name)
    const known = this.#others.get(type)
    if (known !== undefined) return known
    const id = this.#addOther(type)
    this.#others.set(type, id)
    return id
  }

  #addOther(type: Exclude<FieldType, ScalarType>): number {
    switch (type.kind) {
      case 'array':
        return this.#array(this.add(type.element), type.length)
      case 'bytes':
        return this.#array(this.u8, type.size)
      case 'chars':
        return this.#array(this.#integer('char', 1, true), type.size)
      case 'wide':
        return this.#writer.typedef('__be128', this.#array(this.u8, type.size))
      case 'bits':
        return this.#bits(type)
      default:
        return this.#writer[type.kind](
          type.name,
          type.size,
          Object.entries(type.fields).map(([name, field]) => ({
            name: identifier(name),
            type: this.add(field.type),
            bitOffset: field.offset * 8,
          })),
        )
    }
  }

  #array(element: number, length: number): number {
    return this.#writer.array(element, this.#integer('unsigned int', 4), length)
  }

  /**
   * Bit-fields, as the members of a struct without a name. Those of a network-order integer that is longer than a
   * byte lie in pieces in a little-endian machine's memory, for which BTF has no words: they are shown as one number.
   */
  #bits({ base, size, parts }: BitsType): number {
    const whole = this.#scalar(base.name)
    if (base.order === 'network' && size > 1) return whole
    const members = Object.entries(parts)
      .map(([name, { shift, width }]) => ({ name, type: whole, bitOffset: shift, bitSize: width }))
      .sort((a, b) => a.bitOffset - b.bitOffset)
    return this.#writer.struct('', size, members)
  }

  /** Adds a map's key and value; undefined as in {@link mapBtf}. */
  addMap(spec: MapSpec): MapTypeIds | undefined {
    const { layout, type } = spec
    if (layout === undefined || withoutBtf.has(type)) return undefined
    if (sizeOf(layout.key) !== spec.keySize || sizeOf(layout.value) !== spec.valueSize) return undefined
    const key = indexed.has(type) ? this.#integer('unsigned int', 4) : this.add(layout.key)
    return { key, value: this.add(layout.value) }
  }

  /** A scalar: `__u32`, `__be16`. */
  scalar(name: ScalarName): number {
    return this.#scalar(name)
  }

  /** `__u8`. */
  get u8(): number {
    return this.#scalar('u8')
  }

  /** `__u32`. */
  get u32(): number {
    return this.#scalar('u32')
  }

  /** `int`. */
  get int(): number {
    return this.#integer('int', 4, true)
  }

  #scalar(name: ScalarName): number {
    const bytes = Number(name.replace(/\D+/, '')) / 8
    const host: ScalarName = name.startsWith('be') ? (`u${bytes * 8}` as ScalarName) : name
    const typedef = `__${name}`
    let id = this.#scalars.get(typedef)
    if (id === undefined) {
      const signed = host.startsWith('s')
      const target = host === name ? this.#integer(cName(bytes, signed), bytes, signed) : this.#scalar(host)
      id = this.#writer.typedef(typedef, target)
      this.#scalars.set(typedef, id)
    }
    return id
  }

  /** An unsigned integer of 1, 2, 4 or 8 bytes; or `int`-like, if signed. */
  integer(size: number, signed = false): number {
    return this.#integer(cName(size, signed), size, signed)
  }

  #integer(name: string, size: number, signed = false): number {
    let id = this.#scalars.get(name)
    if (id === undefined) {
      id = this.#writer.int(name, size, { signed })
      this.#scalars.set(name, id)
    }
    return id
  }
}

/** What C calls an integer of that size. */
function cName(bytes: number, signed: boolean): string {
  switch (bytes) {
    case 1:
      return signed ? 'signed char' : 'unsigned char'
    case 2:
      return signed ? 'short' : 'unsigned short'
    case 4:
      return signed ? 'int' : 'unsigned int'
    default:
      return signed ? 'long long' : 'unsigned long long'
  }
}

/** A member name the kernel takes: a C identifier. */
function identifier(name: string): string {
  const clean = name.replaceAll(/[^A-Za-z0-9_]/g, '_')
  return /^[A-Za-z_]/.test(clean) ? clean : `_${clean}`
}
