/** A reader of ELF64 objects for tests: sections, symbols and relocations by name. */
export interface ReadSection {
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly bytes: Uint8Array
  readonly link: number
  readonly info: number
  readonly align: number
}

export interface ReadSymbol {
  readonly name: string
  readonly type: number
  readonly binding: number
  /** Name of the section; empty for an extern. */
  readonly section: string
  readonly value: number
  readonly size: number
}

export interface ReadRelocation {
  readonly section: string
  readonly offset: number
  readonly type: number
  readonly symbol: string
}

export interface ReadElf {
  readonly machine: number
  readonly type: number
  readonly sections: readonly ReadSection[]
  readonly symbols: readonly ReadSymbol[]
  readonly relocations: readonly ReadRelocation[]
  section(name: string): Uint8Array
}

export function readElf(file: Uint8Array): ReadElf {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const u64 = (at: number): number => Number(view.getBigUint64(at, true))
  const table = u64(40)
  const count = view.getUint16(60, true)
  const raw = Array.from({ length: count }, (_, index) => {
    const at = table + index * 64
    return {
      nameAt: view.getUint32(at, true),
      type: view.getUint32(at + 4, true),
      flags: u64(at + 8),
      bytes: file.subarray(u64(at + 24), u64(at + 24) + u64(at + 32)),
      link: view.getUint32(at + 40, true),
      info: view.getUint32(at + 44, true),
      align: u64(at + 48),
    }
  })
  const names = raw[view.getUint16(62, true)]?.bytes ?? new Uint8Array()
  const text = (strings: Uint8Array, at: number): string =>
    new TextDecoder().decode(strings.subarray(at, strings.indexOf(0, at)))
  const sections = raw.map(({ nameAt, ...rest }) => ({ name: text(names, nameAt), ...rest }))
  const symtab = sections.find(({ name }) => name === '.symtab')
  const symbols = entries(symtab?.bytes, 24).map((at) => ({
    name: text(sections[symtab?.link ?? 0]?.bytes ?? names, at.getUint32(0, true)),
    type: at.getUint8(4) & 15,
    binding: at.getUint8(4) >> 4,
    section: sections[at.getUint16(6, true)]?.name ?? '',
    value: Number(at.getBigUint64(8, true)),
    size: Number(at.getBigUint64(16, true)),
  }))
  const relocations = sections
    .filter(({ type }) => type === 9)
    .flatMap(({ bytes, info }) =>
      entries(bytes, 16).map((at) => ({
        section: sections[info]?.name ?? '',
        offset: Number(at.getBigUint64(0, true)),
        type: at.getUint32(8, true),
        symbol: symbols[at.getUint32(12, true)]?.name ?? '',
      })),
    )
  return {
    machine: view.getUint16(18, true),
    type: view.getUint16(16, true),
    sections,
    symbols,
    relocations,
    section(name) {
      const found = sections.find((section) => section.name === name)
      if (found === undefined) throw new Error(`no section ${name}`)
      return found.bytes
    },
  }
}

function entries(bytes: Uint8Array | undefined, size: number): DataView[] {
  if (bytes === undefined) return []
  return Array.from(
    { length: bytes.byteLength / size },
    (_, index) => new DataView(bytes.buffer, bytes.byteOffset + index * size, size),
  )
}
