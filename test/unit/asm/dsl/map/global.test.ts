import { expect, test } from 'vitest'
import { bss, data, rodata, textData } from '../../../../../src/asm/dsl/map/global.ts'
import { programObject } from '../../../../../src/asm/elf/program-object.ts'
import { readObject } from '../../../../../src/asm/elf/read/object.ts'
import { u8, u32, u64 } from '../../../../../src/asm/layout/scalar.ts'
import { array, struct } from '../../../../../src/asm/layout/struct.ts'
import type { ArrayMap } from '../../../../../src/asm/vm/map/array.ts'
import { VmMaps } from '../../../../../src/asm/vm/map/maps.ts'
import { here, report } from '../build-failure.ts'
import { program } from '../compile-and-run.ts'

const Config = struct('config', { limit: u32, names: array(u8, 4), wide: u64 })
const config = rodata('config', Config, { limit: 5, wide: 7n })
const state = data('state', Config, { limit: 3 })
const totals = bss('totals', struct('totals', { runs: u64 }))

const small = program((b, { c }) => {
  b.atomicAdd(b.global(totals), { runs: 1 })
  const own = b.global(state)
  b.assign(own, { limit: own.limit.add(c) })
  b.return(own.limit.mul(b.global(config).limit).add(b.global(config).wide.toU32()))
})

test('constants are read, variables keep what is written to them', () => {
  const maps = new VmMaps(small.spec.maps)
  expect(small.run({ c: 1 }, { maps })).toBe(27n)
  expect(small.run({ c: 10 }, { maps })).toBe(77n)
  const bytes = (name: string): Uint8Array => (maps.byName.get(name) as ArrayMap).first
  expect(Config.decode(bytes('state')).limit).toBe(14)
  expect([...bytes('totals')]).toEqual([2, 0, 0, 0, 0, 0, 0, 0])
  // The definition's own bytes are nobody's to change.
  expect(Config.decode(state.spec.global.initial).limit).toBe(3)
})

test('the address of a piece of data is made once', () => {
  const addresses = small.spec.instructions.filter(
    ({ symbol }) => symbol?.kind === 'map' && symbol.name === 'config',
  )
  expect(addresses).toHaveLength(1)
})

test('constants get other values for one loading', () => {
  const { spec, bytes } = config.with({ limit: 9 })
  expect(spec).toBe(config.spec)
  expect(Config.decode(bytes)).toMatchObject({ limit: 9, wide: 7n })
  expect(() => config.with({ limit: -1 })).toThrow('"config.limit" expected u32 (0..4294967295), got -1')
})

test('the same text is the same data', () => {
  expect(textData('x=%d')).toBe(textData('x=%d'))
  expect(textData('x=%d').spec.name).not.toBe(textData('y=%d').spec.name)
  expect(textData('é').spec.valueSize).toBe(3)
})

test('an ELF object has them in sections, with symbols, types and relocations', () => {
  const object = readObject(programObject([small.spec]))
  const sections = Object.fromEntries(
    object.maps.flatMap(({ name, contents }) => (contents === undefined ? [] : [[name, contents]])),
  )
  expect(Object.keys(sections).sort()).toEqual(['.bss', '.data', '.rodata'])
  expect(Config.decode(sections['.rodata'] ?? new Uint8Array())).toMatchObject({ limit: 5, wide: 7n })
  expect(Config.decode(sections['.data'] ?? new Uint8Array()).limit).toBe(3)
  expect(object.maps.find(({ name }) => name === '.bss')?.valueSize).toBe(8)
  const named = object.programs[0]?.instructions.flatMap(({ symbol }) =>
    symbol?.kind === 'map' ? [symbol.name] : [],
  )
  expect(new Set(named)).toEqual(new Set(['input', '.bss', '.data', '.rodata']))
})

test('constants cannot be written', () => {
  let at = ''
  const lines = report((b) => {
    at = here(2)
    // @ts-expect-error constant
    b.assign(b.global(config), { limit: 1 })
  })
  expect(lines).toEqual(['READ_ONLY', `config cannot be written: it is constant data (${at})`])
})
