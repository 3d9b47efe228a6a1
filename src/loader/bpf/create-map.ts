import type { MapDefinition } from '../../asm/dsl/map/definition.ts'
import type { Codec } from '../../asm/layout/codec.ts'
import { u32 } from '../../asm/layout/scalar.ts'
import { codecOf, type Fields, type StructType, type ValueOf } from '../../asm/layout/struct.ts'
import type { BpfMap } from './map.ts'
import { createMapWithTypes } from './map-with-types.ts'
import { perCpu } from './per-cpu-codec.ts'

/** The JavaScript key of a map: of array maps the index, of others the key struct's fields. */
export type KeyOf<K extends Fields> = K extends { readonly index: typeof u32 }
  ? number
  : ValueOf<StructType<K>>

/**
 * Makes the map that a program was written with, ready to read and write by field. Give it to `loadProgram`.
 *
 * ```ts
 * const map = createMap(traffic)
 * map.get(0) // { packets: 12n, bytes: 1680n }
 * ```
 *
 * @throws {BpfError} when the kernel refuses
 */
export function createMap<K extends Fields, V extends Fields>(
  definition: MapDefinition<K, V>,
): BpfMap<KeyOf<K>, ValueOf<StructType<V>>> {
  return createMapWithTypes(definition.spec, { key: keyCodec(definition), value: definition.value as never })
}

/** As {@link createMap}, for a per-CPU map: an entry is an array with one value for each possible CPU. */
export function createPerCpuMap<K extends Fields, V extends Fields>(
  definition: MapDefinition<K, V>,
): BpfMap<KeyOf<K>, readonly ValueOf<StructType<V>>[]> {
  const value = perCpu(definition.value as never) as Codec<readonly ValueOf<StructType<V>>[]>
  return createMapWithTypes(definition.spec, { key: keyCodec(definition), value })
}

function keyCodec<K extends Fields>(definition: {
  readonly key: StructType<K>
  readonly spec: { readonly type: string }
}): Codec<KeyOf<K>> {
  const isArray = definition.spec.type === 'array' || definition.spec.type === 'percpu_array'
  return (isArray ? codecOf(u32) : definition.key) as Codec<KeyOf<K>>
}
