import { encodeType } from './encode-type.ts'
import { BtfError } from './error.ts'
import type { Btf } from './reader.ts'
import { StringTable } from './string-table.ts'
import type { BtfDefinition, BtfLinkage, BtfMember } from './types.ts'
import { btfHeaderSize, btfMagic, btfVersion } from './wire-format.ts'

/** `BTF_MAX_TYPE` (include/uapi/linux/btf.h). */
const maxTypeId = 0xfffff

/** A member as the writer takes it: `bitSize` only for bit-fields. */
export type BtfMemberInput = Omit<BtfMember, 'bitSize'> & { readonly bitSize?: number }

/**
 * Builds a BTF blob. Every method adds one type and returns its id; the first is 1, or in split BTF the one after
 * the base's last. An id may be used before its type is added: {@link reserve} hands one out.
 *
 * ```ts
 * const writer = new BtfWriter()
 * const node = writer.reserve()
 * const next = writer.ptr(node)
 * writer.define(node, { kind: 'struct', name: 'node', size: 8, members: [{ name: 'next', type: next, … }] })
 * ```
 */
export class BtfWriter {
  readonly #firstId: number
  readonly #types: (BtfDefinition | undefined)[] = []
  readonly #strings: StringTable

  /** @param base what the blob continues: its ids can be referred to */
  constructor(base?: Btf) {
    this.#firstId = base === undefined ? 1 : base.typeCount + 1
    this.#strings = new StringTable(base?.stringsLength ?? 0)
  }

  /** Adds a type of any kind, such as {@link Btf.type} returns. */
  add(type: BtfDefinition): number {
    this.#types.push(type)
    return this.#firstId + this.#types.length - 1
  }

  /** Hands out an id whose type comes later, with {@link define}. */
  reserve(): number {
    this.#types.push(undefined)
    return this.#firstId + this.#types.length - 1
  }

  /** Gives a reserved id its type. @throws {BtfError} `BTF_WRITE` when the id is not one, or has a type already */
  define(id: number, type: BtfDefinition): void {
    const index = id - this.#firstId
    if (!(index in this.#types) || this.#types[index] !== undefined)
      throw new BtfError('BTF_WRITE', `cannot define type ${id}: it was not reserved, or is defined already`)
    this.#types[index] = type
  }

  /** Offset of a string in the string section; the same text gets the same offset. For line_info. */
  string(text: string): number {
    return this.#strings.add(text)
  }

  /** An integer of `size` bytes. */
  int(
    name: string,
    size: number,
    encoding: { readonly signed?: boolean; readonly char?: boolean; readonly bool?: boolean } = {},
  ): number {
    const { signed = false, char = false, bool = false } = encoding
    return this.add({ kind: 'int', name, size, bits: size * 8, bitOffset: 0, signed, char, bool })
  }

  /** A pointer. */
  ptr(type: number): number {
    return this.add({ kind: 'ptr', type })
  }

  /** `length` elements; `index` is an integer type that nobody looks at, but that has to be there. */
  array(element: number, index: number, length: number): number {
    return this.add({ kind: 'array', element, index, length })
  }

  /** A struct of `size` bytes. */
  struct(name: string, size: number, members: readonly BtfMemberInput[]): number {
    return this.add({ kind: 'struct', name, size, members: members.map(withBitSize) })
  }

  /** A union of `size` bytes. */
  union(name: string, size: number, members: readonly BtfMemberInput[]): number {
    return this.add({ kind: 'union', name, size, members: members.map(withBitSize) })
  }

  /** An enum with values of up to 32 bits. */
  enum(
    name: string,
    size: number,
    values: readonly { readonly name: string; readonly value: number }[],
    signed = false,
  ): number {
    return this.add({ kind: 'enum', name, size, signed, values })
  }

  /** An enum with values of up to 64 bits (Linux 6.0). */
  enum64(
    name: string,
    size: number,
    values: readonly { readonly name: string; readonly value: bigint }[],
    signed = false,
  ): number {
    return this.add({ kind: 'enum64', name, size, signed, values })
  }

  /** A struct or union that is only declared. */
  fwd(name: string, union = false): number {
    return this.add({ kind: 'fwd', name, union })
  }

  /** Another name for a type. */
  typedef(name: string, type: number): number {
    return this.add({ kind: 'typedef', name, type })
  }

  /** `volatile`. */
  volatile(type: number): number {
    return this.add({ kind: 'volatile', type })
  }

  /** `const`. */
  const(type: number): number {
    return this.add({ kind: 'const', type })
  }

  /** `restrict`. */
  restrict(type: number): number {
    return this.add({ kind: 'restrict', type })
  }

  /** A function with the prototype `type`. */
  func(name: string, type: number, linkage: BtfLinkage): number {
    return this.add({ kind: 'func', name, type, linkage })
  }

  /** A prototype. */
  funcProto(
    returns: number,
    parameters: readonly { readonly name: string; readonly type: number }[],
  ): number {
    return this.add({ kind: 'func_proto', returns, parameters })
  }

  /** A global variable. */
  var(name: string, type: number, linkage: BtfLinkage): number {
    return this.add({ kind: 'var', name, type, linkage })
  }

  /** A section of `size` bytes and its variables. */
  datasec(
    name: string,
    size: number,
    variables: readonly { readonly type: number; readonly offset: number; readonly size: number }[],
  ): number {
    return this.add({ kind: 'datasec', name, size, variables })
  }

  /** A floating-point number of `size` bytes. */
  float(name: string, size: number): number {
    return this.add({ kind: 'float', name, size })
  }

  /** A tag on a declaration, or on its member or parameter number `component`. */
  declTag(name: string, type: number, component = -1): number {
    return this.add({ kind: 'decl_tag', name, type, component, attribute: false })
  }

  /** A tag on a type. */
  typeTag(name: string, type: number): number {
    return this.add({ kind: 'type_tag', name, type, attribute: false })
  }

  /**
   * The blob: header, types, strings.
   *
   * @throws {BtfError} `BTF_WRITE` for a value that does not fit its field, a reference to a type that was never
   *   added, a reserved id without a type
   */
  finish(options: { readonly littleEndian?: boolean } = {}): Uint8Array {
    const littleEndian = options.littleEndian ?? true
    const last = this.#firstId + this.#types.length - 1
    if (last > maxTypeId) throw new BtfError('BTF_WRITE', `${last} types; BTF has room for ${maxTypeId}`)
    const words: number[] = []
    for (const [index, type] of this.#types.entries()) {
      const typeId = this.#firstId + index
      if (type === undefined)
        throw new BtfError('BTF_WRITE', 'a reserved id was never given its type', { typeId })
      encodeType(type, words, {
        string: (text) => this.#strings.add(text),
        lastId: last,
        fail: (reason) => {
          throw new BtfError('BTF_WRITE', `cannot write the ${type.kind}: ${reason}`, { typeId })
        },
      })
    }
    const strings = this.#strings.bytes()
    const bytes = new Uint8Array(btfHeaderSize + words.length * 4 + strings.length)
    const view = new DataView(bytes.buffer)
    view.setUint16(0, btfMagic, littleEndian)
    view.setUint8(2, btfVersion)
    const header = [btfHeaderSize, 0, words.length * 4, words.length * 4, strings.length]
    for (const [index, value] of header.entries()) view.setUint32(4 + index * 4, value, littleEndian)
    for (const [index, value] of words.entries())
      view.setUint32(btfHeaderSize + index * 4, value, littleEndian)
    bytes.set(strings, btfHeaderSize + words.length * 4)
    return bytes
  }
}

function withBitSize(member: BtfMemberInput): BtfMember {
  return { bitSize: 0, ...member }
}
