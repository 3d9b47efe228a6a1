import { EM_BPF, elfSizes, sectionTypes, symbolTypes } from '../format.ts'
import { MalformedElfError } from './error.ts'

/** A section of a file. */
export interface FileSection {
  /** Index in the file; 0 is the null section. */
  readonly index: number
  readonly name: string
  /** `sh_type`. */
  readonly type: number
  /** `sh_flags`. */
  readonly flags: number
  /** A view of the file; empty for sections without contents (`.bss`). */
  readonly bytes: Uint8Array
  /** `sh_size`: also of sections without contents. */
  readonly size: number
  /** `sh_link`. */
  readonly link: number
  /** `sh_info`. */
  readonly info: number
}

/** A symbol of a file. */
export interface FileSymbol {
  readonly name: string
  /** Low half of `st_info`, one of `symbolTypes`. */
  readonly type: number
  /** High half of `st_info`, one of `symbolBindings`. */
  readonly binding: number
  /** Index of the section it lies in; 0 for an extern, 0xfff1 and above for none at all. */
  readonly section: number
  /** Bytes from the start of the section. */
  readonly value: number
  /** Bytes. */
  readonly size: number
}

/** A place in a section that a loader fills in. */
export interface FileRelocation {
  /** Bytes from the start of the section. */
  readonly offset: number
  /** One of `relocationTypes`. */
  readonly type: number
  readonly symbol: FileSymbol
}

/** An ELF file, cut into its parts. */
export interface ElfFile {
  readonly littleEndian: boolean
  /** By index. */
  readonly sections: readonly FileSection[]
  readonly symbols: readonly FileSymbol[]
  /** By index of the section that they apply to, in order of their places. */
  readonly relocations: ReadonlyMap<number, readonly FileRelocation[]>
}

/** Whether bytes begin like an ELF file. */
export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46
}

/** `SHT_NOBITS` (include/uapi/linux/elf.h): a section of zeroes that takes no room in the file. */
const SHT_NOBITS = 8

/**
 * Cuts a relocatable ELF64 object for BPF into sections, symbols and relocations, of either byte order. The bytes are
 * kept, not copied.
 *
 * @throws {MalformedElfError} saying which part of the file makes no sense
 */
export function readElfFile(bytes: Uint8Array): ElfFile {
  if (!isElf(bytes)) throw new MalformedElfError('this is no ELF file: it does not begin with 7f 45 4c 46')
  if (bytes.byteLength < elfSizes.header)
    throw new MalformedElfError(`${bytes.byteLength} bytes are too few: the header alone has 64`)
  if (bytes[4] !== 2) throw new MalformedElfError('this is no 64-bit ELF file, as BPF objects are')
  if (bytes[5] !== 1 && bytes[5] !== 2)
    throw new MalformedElfError(`byte order ${bytes[5]} is neither little-endian (1) nor big-endian (2)`)
  const littleEndian = bytes[5] === 1
  const reader = new Reader(bytes, littleEndian)
  const machine = reader.u16(18)
  if (machine !== EM_BPF)
    throw new MalformedElfError(
      `this is an ELF file for machine ${machine}, not for BPF (${EM_BPF})`,
      'Compile with clang -O2 -g --target=bpf -c.',
    )
  const sections = readSections(reader)
  const symbols = readSymbols(sections, littleEndian)
  return { littleEndian, sections, symbols, relocations: readRelocations(sections, symbols, littleEndian) }
}

function readSections(file: Reader): FileSection[] {
  const table = file.u64(40)
  const [entrySize, count, namesIndex] = [file.u16(58), file.u16(60), file.u16(62)]
  if (count === 0) return []
  if (entrySize !== elfSizes.sectionHeader)
    throw new MalformedElfError(`section headers of ${entrySize} bytes; they have 64`)
  const headers = file.slice(table, count * entrySize, 'the section headers')
  const raw = Array.from({ length: count }, (_, index) => {
    const header = headers.slice(index * entrySize, entrySize, 'a section header')
    const type = header.u32(4)
    const size = header.u64(32)
    const empty = type === sectionTypes.null || type === SHT_NOBITS
    return {
      index,
      nameAt: header.u32(0),
      type,
      flags: header.u64(8),
      bytes: empty ? new Uint8Array() : file.slice(header.u64(24), size, `section ${index}`).bytes,
      size,
      link: header.u32(40),
      info: header.u32(44),
    }
  })
  const names = raw[namesIndex]?.bytes ?? new Uint8Array()
  return raw.map(({ nameAt, ...section }) => ({ ...section, name: stringAt(names, nameAt) }))
}

function readSymbols(sections: readonly FileSection[], littleEndian: boolean): FileSymbol[] {
  const table = sections.find(({ type }) => type === sectionTypes.symtab)
  if (table === undefined) return []
  const names = sections[table.link]?.bytes ?? new Uint8Array()
  return entries(table, elfSizes.symbol, littleEndian).map((entry) => ({
    name: stringAt(names, entry.u32(0)),
    type: entry.u8(4) & 15,
    binding: entry.u8(4) >> 4,
    section: entry.u16(6),
    value: entry.u64(8),
    size: entry.u64(16),
  }))
}

function readRelocations(
  sections: readonly FileSection[],
  symbols: readonly FileSymbol[],
  littleEndian: boolean,
): Map<number, FileRelocation[]> {
  const relocations = new Map<number, FileRelocation[]>()
  for (const section of sections) {
    if (section.type !== sectionTypes.rel) continue
    const target = sections[section.info]
    if (target === undefined) throw new MalformedElfError(`${section.name} applies to no section`)
    const list = entries(section, elfSizes.relocation, littleEndian).map((entry) => {
      const number = littleEndian ? entry.u32(12) : entry.u32(8)
      const type = littleEndian ? entry.u32(8) : entry.u32(12)
      const symbol = symbols[number]
      if (symbol === undefined) throw new MalformedElfError(`${section.name} refers to symbol ${number}`)
      // The symbol of a section has no name of its own.
      const named =
        symbol.type === symbolTypes.section && symbol.name === ''
          ? { ...symbol, name: sections[symbol.section]?.name ?? '' }
          : symbol
      return { offset: entry.u64(0), type, symbol: named }
    })
    relocations.set(section.info, [...(relocations.get(section.info) ?? []), ...list])
  }
  for (const list of relocations.values()) list.sort((a, b) => a.offset - b.offset)
  return relocations
}

function entries({ name, bytes }: FileSection, size: number, littleEndian: boolean): Reader[] {
  if (bytes.byteLength % size !== 0)
    throw new MalformedElfError(`${name} has ${bytes.byteLength} bytes, which is no multiple of ${size}`)
  const whole = new Reader(bytes, littleEndian)
  return Array.from({ length: bytes.byteLength / size }, (_, index) => whole.slice(index * size, size, name))
}

const utf8 = new TextDecoder()

/** The string at an offset; empty beyond the end. */
function stringAt(bytes: Uint8Array, at: number): string {
  if (at >= bytes.byteLength) return ''
  const end = bytes.indexOf(0, at)
  return utf8.decode(bytes.subarray(at, end < 0 ? undefined : end))
}

/** Numbers in a part of the file. */
class Reader {
  readonly bytes: Uint8Array
  readonly #view: DataView
  readonly #little: boolean

  constructor(bytes: Uint8Array, littleEndian: boolean) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#little = littleEndian
  }

  u8(at: number): number {
    return this.#view.getUint8(at)
  }

  u16(at: number): number {
    return this.#view.getUint16(at, this.#little)
  }

  u32(at: number): number {
    return this.#view.getUint32(at, this.#little)
  }

  /** Beyond 2^53 the number is not exact, and larger than any file. */
  u64(at: number): number {
    return Number(this.#view.getBigUint64(at, this.#little))
  }

  slice(start: number, length: number, what: string): Reader {
    if (start + length > this.bytes.byteLength)
      throw new MalformedElfError(
        `${what} would end at byte ${start + length}; there are ${this.bytes.byteLength}`,
        'The file is cut short or damaged.',
      )
    return new Reader(this.bytes.subarray(start, start + length), this.#little)
  }
}
