import { StringTable } from '../btf/string-table.ts'
import {
  EM_BPF,
  ET_REL,
  elfSizes,
  sectionFlags,
  sectionTypes,
  symbolBindings,
  symbolTypes,
} from './format.ts'

/** A section with contents. */
export interface ElfSection {
  readonly name: string
  readonly bytes: Uint8Array
  /** `sh_flags`, of {@link sectionFlags}. */
  readonly flags: number
  /** Alignment in bytes. */
  readonly align: number
  /** All zero, and not in the file: only its size is. */
  readonly zero?: boolean
}

/** A symbol. */
export interface ElfSymbol {
  readonly name: string
  readonly type: keyof typeof symbolTypes
  readonly binding: keyof typeof symbolBindings
  /** The section it lies in, as {@link ElfWriter.addSection} numbered it; undefined for an extern. */
  readonly section?: number
  /** Bytes from the start of the section. */
  readonly value: number
  /** Bytes. */
  readonly size: number
}

/** A place that a loader must fill in. */
export interface ElfRelocation {
  /** Bytes from the start of the section. */
  readonly offset: number
  /** As {@link ElfWriter.addSymbol} numbered it. */
  readonly symbol: number
  /** One of `relocationTypes`. */
  readonly type: number
}

/** Writes a relocatable ELF64 object for BPF, little-endian. */
export class ElfWriter {
  readonly #sections: ElfSection[] = []
  readonly #symbols: ElfSymbol[] = []
  readonly #relocations = new Map<number, ElfRelocation[]>()

  /** Adds a section. @returns its number, from 0; not the index in the file */
  addSection(section: ElfSection): number {
    this.#sections.push(section)
    return this.#sections.length - 1
  }

  /** Adds a symbol. @returns its number, from 0; not the index in the file */
  addSymbol(symbol: ElfSymbol): number {
    this.#symbols.push(symbol)
    return this.#symbols.length - 1
  }

  /** Adds a relocation of a place in a section. */
  addRelocation(section: number, relocation: ElfRelocation): void {
    const list = this.#relocations.get(section) ?? []
    this.#relocations.set(section, list)
    list.push(relocation)
  }

  /** The object: header, sections, section headers. */
  finish(): Uint8Array {
    const names = new StringTable(0)
    // In the file: the null section, ours, their relocations, symbols, names.
    const symtab = 1 + this.#sections.length + this.#relocations.size
    const strtab = symtab + 1
    const symbols = this.#symbolTable(names)
    const headers: SectionHeader[] = this.#sections.map(({ name, bytes, flags, align, zero }) => ({
      name: names.add(name),
      type: zero === true ? sectionTypes.nobits : sectionTypes.progbits,
      flags,
      bytes,
      align,
    }))
    for (const [section, relocations] of this.#relocations)
      headers.push({
        name: names.add(`.rel${this.#sections[section]?.name ?? ''}`),
        type: sectionTypes.rel,
        flags: sectionFlags.infoLink,
        bytes: relocationTable(relocations, symbols.index),
        link: symtab,
        info: section + 1,
        align: 8,
        entrySize: elfSizes.relocation,
      })
    headers.push({
      name: names.add('.symtab'),
      type: sectionTypes.symtab,
      flags: 0,
      bytes: symbols.bytes,
      link: strtab,
      info: symbols.firstGlobal,
      align: 8,
      entrySize: elfSizes.symbol,
    })
    const name = names.add('.strtab')
    headers.push({ name, type: sectionTypes.strtab, flags: 0, bytes: names.bytes(), align: 1 })
    return layOut(headers)
  }

  /** Local symbols come first, as the format demands. */
  #symbolTable(names: StringTable) {
    const order = [...this.#symbols.keys()].sort((a, b) => this.#rank(a) - this.#rank(b) || a - b)
    const bytes = new Uint8Array((order.length + 1) * elfSizes.symbol)
    const view = new DataView(bytes.buffer)
    const index = new Map<number, number>()
    for (const [place, number] of order.entries()) {
      const symbol = this.#symbols[number] as ElfSymbol
      const at = (place + 1) * elfSizes.symbol
      index.set(number, place + 1)
      view.setUint32(at, names.add(symbol.name), true)
      view.setUint8(at + 4, (symbolBindings[symbol.binding] << 4) | symbolTypes[symbol.type])
      view.setUint16(at + 6, symbol.section === undefined ? 0 : symbol.section + 1, true)
      view.setBigUint64(at + 8, BigInt(symbol.value), true)
      view.setBigUint64(at + 16, BigInt(symbol.size), true)
    }
    const locals = this.#symbols.filter(({ binding }) => binding === 'local').length
    return { bytes, index, firstGlobal: locals + 1 }
  }

  #rank(number: number): number {
    return this.#symbols[number]?.binding === 'local' ? 0 : 1
  }
}

/** A section as the file has it. */
interface SectionHeader {
  readonly name: number
  readonly type: number
  readonly flags: number
  readonly bytes: Uint8Array
  readonly align: number
  readonly link?: number
  readonly info?: number
  readonly entrySize?: number
}

function relocationTable(
  relocations: readonly ElfRelocation[],
  symbols: ReadonlyMap<number, number>,
): Uint8Array {
  const bytes = new Uint8Array(relocations.length * elfSizes.relocation)
  const view = new DataView(bytes.buffer)
  for (const [index, { offset, symbol, type }] of relocations.entries()) {
    const at = index * elfSizes.relocation
    view.setBigUint64(at, BigInt(offset), true)
    view.setUint32(at + 8, type, true)
    view.setUint32(at + 12, symbols.get(symbol) ?? 0, true)
  }
  return bytes
}

/** Places the sections one after the other behind the header, then their headers; the last one holds the names. */
function layOut(sections: readonly SectionHeader[]): Uint8Array {
  let end: number = elfSizes.header
  const offsets = sections.map(({ bytes, align, type }) => {
    const start = roundUp(end, align)
    end = type === sectionTypes.nobits ? start : start + bytes.byteLength
    return start
  })
  const table = roundUp(end, 8)
  const count = sections.length + 1
  const file = new Uint8Array(table + count * elfSizes.sectionHeader)
  const view = new DataView(file.buffer)
  // Magic, 64 bits, little-endian, version 1.
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  view.setUint16(16, ET_REL, true)
  view.setUint16(18, EM_BPF, true)
  view.setUint32(20, 1, true)
  view.setBigUint64(40, BigInt(table), true)
  view.setUint16(52, elfSizes.header, true)
  view.setUint16(58, elfSizes.sectionHeader, true)
  view.setUint16(60, count, true)
  view.setUint16(62, count - 1, true)
  for (const [index, section] of sections.entries()) {
    const at = table + (index + 1) * elfSizes.sectionHeader
    const offset = offsets[index] ?? 0
    if (section.type !== sectionTypes.nobits) file.set(section.bytes, offset)
    view.setUint32(at, section.name, true)
    view.setUint32(at + 4, section.type, true)
    view.setBigUint64(at + 8, BigInt(section.flags), true)
    view.setBigUint64(at + 24, BigInt(offset), true)
    view.setBigUint64(at + 32, BigInt(section.bytes.byteLength), true)
    view.setUint32(at + 40, section.link ?? 0, true)
    view.setUint32(at + 44, section.info ?? 0, true)
    view.setBigUint64(at + 48, BigInt(section.align), true)
    view.setBigUint64(at + 56, BigInt(section.entrySize ?? 0), true)
  }
  return file
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to
}
