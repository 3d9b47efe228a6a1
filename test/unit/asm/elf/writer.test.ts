import fc from 'fast-check'
import { expect, test } from 'vitest'
import { symbolBindings, symbolTypes } from '../../../../src/asm/elf/format.ts'
import { ElfWriter } from '../../../../src/asm/elf/writer.ts'
import { readElf } from './read-elf.ts'

const name = fc.stringMatching(/^[a-z_./]{1,12}$/)

const object = fc
  .record({
    sections: fc.uniqueArray(
      fc.record({
        name,
        bytes: fc.uint8Array({ maxLength: 40 }),
        flags: fc.constantFrom(0, 2, 3, 6),
        align: fc.constantFrom(1, 4, 8),
      }),
      { selector: (section) => section.name, minLength: 1, maxLength: 6 },
    ),
    symbols: fc.uniqueArray(
      fc.record({
        name,
        type: fc.constantFrom('none' as const, 'object' as const, 'function' as const),
        binding: fc.constantFrom('local' as const, 'global' as const, 'weak' as const),
        section: fc.nat(),
        value: fc.nat(),
        size: fc.nat(),
      }),
      { selector: (symbol) => symbol.name, minLength: 1, maxLength: 8 },
    ),
    relocations: fc.array(
      fc.record({ section: fc.nat(), offset: fc.nat(), symbol: fc.nat(), type: fc.nat(20) }),
    ),
  })
  .map(({ sections, symbols, relocations }) => ({
    sections,
    symbols: symbols.map((symbol) => ({ ...symbol, section: symbol.section % sections.length })),
    relocations: relocations.map((relocation) => ({
      ...relocation,
      section: relocation.section % sections.length,
      symbol: relocation.symbol % symbols.length,
    })),
  }))

test('what is written can be read again: contents, alignment, symbols in their order, relocations', () => {
  fc.assert(
    fc.property(object, ({ sections, symbols, relocations }) => {
      const writer = new ElfWriter()
      for (const section of sections) writer.addSection(section)
      for (const symbol of symbols) writer.addSymbol(symbol)
      for (const { section, ...relocation } of relocations) writer.addRelocation(section, relocation)
      const elf = readElf(writer.finish())
      expect(elf).toMatchObject({ machine: 247, type: 1 })
      for (const { name, bytes, flags, align } of sections) {
        const found = elf.sections.find((section) => section.name === name)
        expect(found).toMatchObject({ flags, align, type: 1 })
        expect(found?.bytes).toEqual(bytes)
        expect((found?.bytes.byteOffset ?? 0) % align).toBe(0)
      }
      const [first, ...read] = elf.symbols
      expect(first).toMatchObject({ name: '', section: '', value: 0 })
      expect(new Map(read.map((symbol) => [symbol.name, symbol]))).toEqual(
        new Map(
          symbols.map((symbol) => [
            symbol.name,
            {
              ...symbol,
              type: symbolTypes[symbol.type],
              binding: symbolBindings[symbol.binding],
              section: sections[symbol.section]?.name,
            },
          ]),
        ),
      )
      const locals = symbols.filter(({ binding }) => binding === 'local').length
      expect(elf.sections.find((section) => section.name === '.symtab')?.info).toBe(locals + 1)
      expect(read.slice(0, locals).every(({ binding }) => binding === 0)).toBe(true)
      const key = (relocation: object): string => JSON.stringify(relocation)
      expect(elf.relocations.map(key).sort()).toEqual(
        relocations
          .map(({ section, offset, symbol, type }) =>
            key({ section: sections[section]?.name, offset, type, symbol: symbols[symbol]?.name }),
          )
          .sort(),
      )
    }),
    { numRuns: 200 },
  )
})
