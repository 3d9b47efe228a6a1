import { resolve, sizeOf } from '../../btf/layout.ts'
import type { Btf } from '../../btf/reader.ts'
import { type MapSpec, type MapType, mapTypes } from '../../program.ts'
import type { ElfFile, FileSection } from './file.ts'

/** A map as an object defines it. */
export interface ObjectMap {
  readonly name: string
  /** bpftool's name of the type, or `type 15` for one that is not known here. */
  readonly type: string
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  /** Contents of a section of global data, which the loader copies into its only value. */
  readonly contents?: Uint8Array
  readonly inner?: ObjectMap
}

/** Maps of an object: BTF definitions in `.maps`, old-style ones in `maps`, and sections of global data. */
export function readMaps(file: ElfFile, btf: Btf | undefined): ObjectMap[] {
  return [
    ...(btf === undefined ? [] : btfMaps(btf)),
    ...file.sections.filter(({ name }) => name === 'maps').flatMap((section) => legacyMaps(file, section)),
    ...file.sections.filter(isGlobalData).map(globalData),
  ]
}

/** The map as programs of this package specify it; undefined for types that they cannot have. */
export function mapSpec({ name, type, inner, ...sizes }: ObjectMap): MapSpec | undefined {
  if (!Object.hasOwn(mapTypes, type)) return undefined
  const { keySize, valueSize, maxEntries, flags } = sizes
  const template = inner === undefined ? undefined : mapSpec(inner)
  return {
    name,
    type: type as MapType,
    keySize,
    valueSize,
    maxEntries,
    flags,
    ...(template !== undefined && { inner: template }),
  }
}

/** Whether a section holds global variables of the program. */
export function isGlobalData({ name }: FileSection): boolean {
  return /^\.(?:data|rodata|bss)(?:$|\.)/.test(name)
}

/** bpftool's name of a number of `enum bpf_map_type`. */
export function mapTypeName(number: number): string {
  return Object.entries(mapTypes).find(([, known]) => known === number)?.[0] ?? `type ${number}`
}

function globalData({ name, bytes, size }: FileSection): ObjectMap {
  return {
    name,
    type: 'array',
    keySize: 4,
    valueSize: size,
    maxEntries: 1,
    flags: 0,
    contents: bytes,
  }
}

/** Definitions as `struct bpf_map_def` (tools/lib/bpf/bpf_helpers.h before libbpf 1.0): five words or more. */
function legacyMaps(file: ElfFile, section: FileSection): ObjectMap[] {
  const view = new DataView(section.bytes.buffer, section.bytes.byteOffset, section.bytes.byteLength)
  return file.symbols
    .filter((symbol) => symbol.section === section.index && symbol.value + 20 <= section.bytes.byteLength)
    .filter(({ name }) => name !== '')
    .map(({ name, value }) => {
      const word = (index: number): number => view.getUint32(value + index * 4, file.littleEndian)
      return {
        name,
        type: mapTypeName(word(0)),
        keySize: word(1),
        valueSize: word(2),
        maxEntries: word(3),
        flags: word(4),
      }
    })
}

function btfMaps(btf: Btf): ObjectMap[] {
  const id = btf.findByName('.maps', 'datasec')
  const section = id === undefined ? undefined : btf.type(id)
  if (section?.kind !== 'datasec') return []
  return section.variables.flatMap(({ type }) => {
    const variable = btf.type(type)
    return variable.kind === 'var' ? [definition(btf, variable.name, variable.type)] : []
  })
}

/** A map from the struct in libbpf's notation: a number is the length of an array that a member points to. */
function definition(btf: Btf, name: string, typeId: number, nested = false): ObjectMap {
  const struct = btf.type(resolve(btf, typeId))
  const members = new Map(
    struct.kind === 'struct' ? struct.members.map((member) => [member.name, member.type]) : [],
  )
  const pointee = (member: string): number | undefined => {
    const type = btf.type(resolve(btf, members.get(member) ?? 0))
    return type.kind === 'ptr' ? type.type : undefined
  }
  const number = (member: string): number => {
    const target = pointee(member)
    const array = target === undefined ? undefined : btf.type(resolve(btf, target))
    return array?.kind === 'array' ? array.length : 0
  }
  const size = (member: string): number => {
    const target = pointee(member)
    return target === undefined ? number(`${member}_size`) : sizeOf(btf, target)
  }
  const inner = nested ? undefined : innerTemplate(btf, members.get('values'))
  return {
    name,
    type: mapTypeName(number('type')),
    keySize: size('key'),
    valueSize: inner === undefined ? size('value') : 4,
    maxEntries: number('max_entries'),
    flags: number('map_flags'),
    ...(inner !== undefined && { inner: definition(btf, `${name}.inner`, inner, true) }),
  }
}

/** The type that the array `values` of a map of maps points to. */
function innerTemplate(btf: Btf, values: number | undefined): number | undefined {
  const array = btf.type(resolve(btf, values ?? 0))
  const pointer = array.kind === 'array' ? btf.type(resolve(btf, array.element)) : undefined
  return pointer?.kind === 'ptr' && btf.kind(resolve(btf, pointer.type)) === 'struct'
    ? pointer.type
    : undefined
}
