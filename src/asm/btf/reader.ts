import { decodeType } from './decode-type.ts'
import { BtfError, malformed } from './error.ts'
import { NameMatcher } from './name-matcher.ts'
import { type BtfSections, readSections } from './sections.ts'
import { type BtfKind, type BtfType, btfKinds } from './types.ts'
import { fixedWords, infoKind, typeWords, wordsPerElement } from './wire-format.ts'

const kindNames = new Map<number, BtfKind>(
  Object.entries(btfKinds).map(([name, number]) => [number, name as BtfKind]),
)

/**
 * The types of a BTF blob, read on demand. Parsing makes one pass that notes where each type begins; a type
 * becomes an object only when {@link type} asks for it, and a search by name compares bytes.
 *
 * Split BTF (of kernel modules) continues the ids and string offsets of its base: give the base when parsing, and
 * every id works on the result, those of the base included.
 */
export class Btf {
  /** The blob that this one continues. */
  readonly base: Btf | undefined
  /** The id of the first type of this blob itself: 1, or in split BTF the base's `typeCount + 1`. */
  readonly firstId: number
  /** How many types there are, the base's included and void (id 0) not: ids run from 1 to `typeCount`. */
  readonly typeCount: number
  /** Length of the string sections in bytes, the base's included: where a split blob's string offsets begin. */
  readonly stringsLength: number
  /** Byte order of the blob. */
  readonly littleEndian: boolean

  readonly #sections: BtfSections
  /** Index of each own type's first word. */
  readonly #starts: Uint32Array
  /** Results of searches by name, 0 for none: a loader asks for the same few names again and again. */
  readonly #found = new Map<string, number>()

  /**
   * Reads a blob such as `/sys/kernel/btf/vmlinux`. The bytes are kept, not copied (unless their byte order is
   * foreign or they are not aligned to 4): do not change or unmap them while the result is in use.
   *
   * @param base what a split blob continues; must be given for module BTF
   * @throws {BtfError} `BTF_MALFORMED` with the byte offset
   */
  static parse(bytes: Uint8Array, base?: Btf): Btf {
    const sections = readSections(bytes, base !== undefined)
    const firstId = base === undefined ? 1 : base.typeCount + 1
    return new Btf(sections, findStarts(sections, firstId), base)
  }

  private constructor(sections: BtfSections, starts: Uint32Array, base: Btf | undefined) {
    this.base = base
    this.firstId = base === undefined ? 1 : base.typeCount + 1
    this.typeCount = this.firstId - 1 + starts.length
    this.stringsLength = (base?.stringsLength ?? 0) + sections.strings.byteLength
    this.littleEndian = sections.littleEndian
    this.#sections = sections
    this.#starts = starts
  }

  /**
   * The type with this id; 0 is void. Ids in the result are known to exist.
   *
   * @throws {BtfError} `BTF_NO_TYPE` for an id out of range, `BTF_MALFORMED` for a record that makes no sense
   */
  type(id: number): BtfType {
    if (id === 0) return { kind: 'void' }
    if (this.base !== undefined && id < this.firstId) return this.base.type(id)
    const at = this.#start(id)
    const fail = (reason: string): never => {
      throw malformed(reason, this.#location(id))
    }
    return decodeType({
      words: this.#sections.types,
      at,
      string: (offset) => this.#string(offset) ?? fail(`no string at offset ${offset}`),
      reference: (to) => (to <= this.typeCount ? to : fail(`refers to type id ${to} of ${this.typeCount}`)),
      fail,
    })
  }

  /** The kind of the type with this id, without decoding it. @throws {BtfError} `BTF_NO_TYPE` */
  kind(id: number): BtfType['kind'] {
    if (id === 0) return 'void'
    if (this.base !== undefined && id < this.firstId) return this.base.kind(id)
    return kindNames.get(infoKind(this.#sections.types[this.#start(id) + 1] as number)) ?? 'unknown'
  }

  /**
   * The lowest id of a type with this name, in the base first.
   *
   * @param kind the kind to look for; without it, any kind but tags
   */
  findByName(name: string, kind?: BtfKind): number | undefined {
    return this.#search([name], kind).get(name)
  }

  /**
   * The lowest id of each name among the types of one kind, in the base first. Names that do not occur are absent
   * from the result. One pass over the types, however many names there are.
   */
  findAll(names: readonly string[], kind: BtfKind): Map<string, number> {
    return this.#search(names, kind)
  }

  #search(names: readonly string[], kind: BtfKind | undefined): Map<string, number> {
    const result = this.base === undefined ? new Map<string, number>() : this.base.#search(names, kind)
    const missing: string[] = []
    for (const name of new Set(names)) {
      if (result.has(name)) continue
      const known = this.#found.get(`${kind} ${name}`)
      if (known === undefined) missing.push(name)
      else if (known !== 0) result.set(name, known)
    }
    if (missing.length === 0) return result
    const ids = this.#scan(missing, kind)
    for (const [index, name] of missing.entries()) {
      const id = ids[index] ?? 0
      this.#found.set(`${kind} ${name}`, id)
      if (id !== 0) result.set(name, id)
    }
    return result
  }

  /** By index into `names`, which are distinct: the id of the first type of this blob with that name and kind, or 0. */
  #scan(names: readonly string[], kind: BtfKind | undefined): Uint32Array {
    const ids = new Uint32Array(names.length)
    const matcher = new NameMatcher(names)
    const wanted = kind === undefined ? 0 : btfKinds[kind]
    const { types, strings } = this.#sections
    const stringsStart = this.stringsLength - strings.byteLength
    const starts = this.#starts
    const first = matcher.firstBytes
    let remaining = names.length
    for (let i = 0; i < starts.length && remaining > 0; i++) {
      const at = starts[i] as number
      // Written out, not infoKind(): a cold process spends this loop in V8's interpreter, where a call is dear.
      const found = ((types[at + 1] as number) >>> 24) & 0x7f
      if (found !== wanted) {
        if (wanted !== 0 || found === btfKinds.decl_tag || found === btfKinds.type_tag) continue
      }
      const offset = (types[at] as number) - stringsStart
      if (offset >= 0 && first[strings[offset] as number] !== 1) continue
      // A type of a split blob may take its name from the base's strings.
      const index =
        offset >= 0 ? matcher.match(strings, offset) : this.#matchInBase(matcher, types[at] as number)
      if (index < 0 || ids[index] !== 0) continue
      ids[index] = this.firstId + i
      remaining--
    }
    return ids
  }

  #matchInBase(matcher: NameMatcher, offset: number): number {
    for (let btf = this.base; btf !== undefined; btf = btf.base) {
      const start = btf.stringsLength - btf.#sections.strings.byteLength
      if (offset >= start) return matcher.match(btf.#sections.strings, offset - start)
    }
    return -1
  }

  #start(id: number): number {
    const start = this.#starts[id - this.firstId]
    if (start !== undefined) return start
    throw new BtfError('BTF_NO_TYPE', `there is no type ${id}; ids run from 0 to ${this.typeCount}`)
  }

  #location(id: number): { typeId: number; offset: number } {
    return { typeId: id, offset: this.#sections.typesOffset + this.#start(id) * 4 }
  }

  /** The string at an offset of the string section, the base's included; `undefined` when it is out of range. */
  string(offset: number): string | undefined {
    return this.#string(offset)
  }

  #string(offset: number): string | undefined {
    const { strings } = this.#sections
    const start = this.stringsLength - strings.byteLength
    if (offset < start) return this.base === undefined ? undefined : this.base.#string(offset)
    if (offset >= this.stringsLength) return undefined
    const end = strings.indexOf(0, offset - start)
    return end < 0 ? undefined : decodeUtf8(strings, offset - start, end)
  }
}

/** Walks the records; each must end within the section. */
function findStarts({ types, typesOffset, layout }: BtfSections, firstId: number): Uint32Array {
  const fixed = new Uint8Array(128)
  const perElement = new Uint8Array(128)
  const known = describeKinds(layout, fixed, perElement)
  const starts = new Uint32Array(Math.ceil(types.length / typeWords))
  let count = 0
  let at = 0
  while (at < types.length) {
    const info = types[at + 1] ?? 0
    // infoKind() and infoVlen() written out, for speed in a cold process.
    const kind = (info >>> 24) & 0x7f
    const next = at + typeWords + (fixed[kind] as number) + (perElement[kind] as number) * (info & 0xffffff)
    if (known[kind] === 0 || next > types.length) {
      const reason =
        known[kind] === 0 && at + 1 < types.length ? `unknown kind ${kind}` : 'the record is cut short'
      throw malformed(reason, { typeId: firstId + count, offset: typesOffset + at * 4 })
    }
    starts[count++] = at
    at = next
  }
  return starts.subarray(0, count)
}

/** Fills the record sizes by kind, those of kinds that only the layout section knows included. */
function describeKinds(layout: Uint8Array, fixed: Uint8Array, perElement: Uint8Array): Uint8Array {
  const known = new Uint8Array(128)
  for (let kind = 1; kind < fixedWords.length; kind++) {
    fixed[kind] = fixedWords[kind] ?? 0
    perElement[kind] = wordsPerElement[kind] ?? 0
    known[kind] = 1
  }
  for (let kind = fixedWords.length; kind < 128 && kind * 4 + 3 < layout.length; kind++) {
    const [info = 0, element = 0] = layout.subarray(kind * 4, kind * 4 + 2)
    // Records keep to words; a kind that does not cannot be stepped over.
    if (info % 4 !== 0 || element % 4 !== 0) continue
    fixed[kind] = info / 4
    perElement[kind] = element / 4
    known[kind] = 1
  }
  return known
}

const utf8 = new TextDecoder()

/** Names are short and ASCII: building them is faster than a TextDecoder call, which takes what is neither. */
function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte >= 0x80 || i - start > 64) return utf8.decode(bytes.subarray(start, end))
    text += String.fromCharCode(byte)
  }
  return text
}
