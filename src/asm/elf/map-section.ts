import type { LayoutTypes } from '../btf/layout-types.ts'
import type { BtfWriter } from '../btf/writer.ts'
import { type MapSpec, mapTypes } from '../program.ts'
import { ElfError } from './error.ts'

/** A map's place in the section `.maps`, in bytes. */
export interface PlacedMap {
  readonly spec: MapSpec
  readonly offset: number
  readonly size: number
}

/** Size of a pointer in the object. */
const pointer = 8

/**
 * Adds the definitions of maps in libbpf's notation: each a variable whose struct has a pointer member per property,
 * and a number is the length of the array that is pointed to. Nothing but types; the section itself is all zero.
 *
 * @returns the maps in order of the section
 */
export function addMaps(writer: BtfWriter, layouts: LayoutTypes, maps: readonly MapSpec[]): PlacedMap[] {
  let end = 0
  const variables = maps.map((spec) => {
    const { type, size } = addDefinition(writer, layouts, spec)
    const variable = { type: writer.var(spec.name, type, 'global'), offset: end, size }
    end += size
    return variable
  })
  if (variables.length > 0) writer.datasec('.maps', end, variables)
  return variables.map(({ offset, size }, index) => ({ spec: maps[index] as MapSpec, offset, size }))
}

function addDefinition(
  writer: BtfWriter,
  layouts: LayoutTypes,
  spec: MapSpec,
): { readonly type: number; readonly size: number } {
  const members: { name: string; type: number; bitOffset: number }[] = []
  const add = (name: string, type: number): void => {
    members.push({ name, type, bitOffset: members.length * pointer * 8 })
  }
  const number = (name: string, value: number): void => {
    // Bytes, and not the customary ints: then no number makes the array larger than the 4 GiB the kernel allows.
    add(name, writer.ptr(writer.array(layouts.u8, layouts.u32, value)))
  }
  number('type', mapTypes[spec.type])
  const types = layouts.addMap(spec)
  if (types !== undefined) {
    add('key', writer.ptr(types.key))
    add('value', writer.ptr(types.value))
  } else {
    if (spec.keySize > 0) number('key_size', spec.keySize)
    if (spec.valueSize > 0) number('value_size', spec.valueSize)
  }
  number('max_entries', spec.maxEntries)
  if (spec.flags !== 0) number('map_flags', spec.flags)
  const size = members.length * pointer
  if (spec.inner !== undefined) {
    if (spec.inner.inner !== undefined)
      throw new ElfError(`map "${spec.name}" holds maps of maps, which no kernel has`)
    const inner = addDefinition(writer, layouts, spec.inner)
    // An empty array of pointers to the template; it has to be the last member.
    add('values', writer.array(writer.ptr(inner.type), layouts.u32, 0))
  }
  return { type: writer.struct('', size, members), size }
}
