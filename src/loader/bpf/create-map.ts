import { ArrayIndex, type MapDefinition, type MapOfMapsDefinition } from '../../asm/dsl/map/definition.ts'
import type { ObjectMapDefinition } from '../../asm/dsl/map/objects.ts'
import type { StorageDefinition } from '../../asm/dsl/map/storage.ts'
import type { Codec } from '../../asm/layout/codec.ts'
import { u32 } from '../../asm/layout/scalar.ts'
import { codecOf, type Fields, type StructType, type ValueOf } from '../../asm/layout/struct.ts'
import { BpfMap } from './map.ts'
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

/**
 * Makes a map that user space fills with objects of the kernel: put a program, a socket or a cgroup in with
 * `setObject`, an interface with `set`.
 *
 * @throws {BpfError} when the kernel refuses
 */
export function createObjectMap<K extends Fields, V extends Fields>(
  definition: ObjectMapDefinition<K, V>,
): BpfMap<KeyOf<K>, ValueOf<StructType<V>>> {
  return BpfMap.create(definition.spec, {
    key: keyCodec(definition),
    value: definition.value as unknown as Codec<ValueOf<StructType<V>>>,
  })
}

/**
 * Makes a map that keeps values for objects of the kernel. User space names these by a file descriptor: of a socket or
 * file, of a cgroup's directory, of a task by a pidfd.
 *
 * @throws {BpfError} when the kernel refuses
 */
export function createStorage<V extends Fields>(
  definition: StorageDefinition<V>,
): BpfMap<{ readonly fd: number }, ValueOf<StructType<V>>> {
  return createMapWithTypes(definition.spec, { key: definition.key, value: definition.value as never })
}

/** Makes a map of maps: put maps in with `setObject`; `get` gives the id of the one that is there. @throws {BpfError} */
export function createMapOfMaps<K extends Fields>(
  definition: MapOfMapsDefinition<K>,
): BpfMap<KeyOf<K>, number> {
  return BpfMap.create(definition.spec, { key: keyCodec(definition), value: codecOf(u32) })
}

function keyCodec<K extends Fields>(definition: {
  readonly key: StructType<K>
  readonly spec: { readonly type: string }
}): Codec<KeyOf<K>> {
  // As the key's TypeScript type has it: a struct of nothing but an index is a number.
  return ((definition.key as unknown) === ArrayIndex ? codecOf(u32) : definition.key) as Codec<KeyOf<K>>
}
