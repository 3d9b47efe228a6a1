import { u32 } from '../../layout/scalar.ts'
import { type Fields, type StructType, struct } from '../../layout/struct.ts'
import type { MapSpec, MapType } from '../../program.ts'

/** A map with its layouts: the program reads and writes it by field, user space through the codecs. */
export interface MapDefinition<K extends Fields = Fields, V extends Fields = Fields> {
  readonly kind: 'map'
  readonly spec: MapSpec
  readonly key: StructType<K>
  readonly value: StructType<V>
}

/** A map whose values are maps; the program looks one up and then looks into it. */
export interface MapOfMapsDefinition<
  K extends Fields = Fields,
  IK extends Fields = Fields,
  IV extends Fields = Fields,
> {
  readonly kind: 'map-of-maps'
  readonly spec: MapSpec
  readonly key: StructType<K>
  readonly inner: MapDefinition<IK, IV>
}

/** The key of array maps: an index in host order. */
export const ArrayIndex = struct('array_index', { index: u32 })
/** Fields of {@link ArrayIndex}. */
export type ArrayIndexFields = { readonly index: typeof u32 }

/** Size and options of a map. */
export interface MapOptions {
  readonly maxEntries: number
  /** `BPF_F_*` flags, such as {@link noPreallocation}. */
  readonly flags?: number
}

/** BPF_F_NO_PREALLOC (include/uapi/linux/bpf.h): memory is taken as entries are added. */
export const noPreallocation = 1
/** BPF_F_INNER_MAP (Linux 5.10): array maps of different sizes can be values of one map of maps. */
export const innerMap = 0x1000

/** A hash table. @throws {RangeError} when the key has implicit padding, whose bytes nobody would set */
export function hash<K extends Fields, V extends Fields>(
  name: string,
  key: StructType<K>,
  value: StructType<V>,
  options: MapOptions,
): MapDefinition<K, V> {
  return define(name, 'hash', key, value, options)
}

/** A hash table with a value for each CPU. */
export function perCpuHash<K extends Fields, V extends Fields>(
  name: string,
  key: StructType<K>,
  value: StructType<V>,
  options: MapOptions,
): MapDefinition<K, V> {
  return define(name, 'percpu_hash', key, value, options)
}

/** An array: every element exists from the start, filled with zeroes. */
export function array<V extends Fields>(
  name: string,
  value: StructType<V>,
  options: MapOptions,
): MapDefinition<ArrayIndexFields, V> {
  return define(name, 'array', ArrayIndex, value, options)
}

/** An array with a value for each CPU: counters without contention. */
export function perCpuArray<V extends Fields>(
  name: string,
  value: StructType<V>,
  options: MapOptions,
): MapDefinition<ArrayIndexFields, V> {
  return define(name, 'percpu_array', ArrayIndex, value, options)
}

/** An array of maps; an element is empty until user space puts a map there, which replaces the old one at once. */
export function arrayOfMaps<IK extends Fields, IV extends Fields>(
  name: string,
  inner: MapDefinition<IK, IV>,
  options: MapOptions,
): MapOfMapsDefinition<ArrayIndexFields, IK, IV> {
  const spec: MapSpec = {
    ...specOf(name, 'array_of_maps', 4, 4, options),
    inner: inner.spec,
  }
  return { kind: 'map-of-maps', spec, key: ArrayIndex, inner }
}

function define<K extends Fields, V extends Fields>(
  name: string,
  type: MapType,
  key: StructType<K>,
  value: StructType<V>,
  options: MapOptions,
): MapDefinition<K, V> {
  const hole = key.holes[0]
  if (hole !== undefined)
    throw new RangeError(
      `map "${name}": its key struct ${key.name} has ${hole.length} bytes of implicit padding at offset ${hole.offset}; add a field there`,
    )
  const spec = { ...specOf(name, type, key.size, value.size, options), layout: { key, value } }
  return { kind: 'map', spec, key, value }
}

function specOf(
  name: string,
  type: MapType,
  keySize: number,
  valueSize: number,
  options: MapOptions,
): MapSpec {
  if (!/^[A-Za-z0-9_.]{1,15}$/.test(name))
    throw new RangeError(`map name "${name}" must be 1–15 characters of A–Z a–z 0–9 _ .`)
  if (!Number.isInteger(options.maxEntries) || options.maxEntries < 1 || options.maxEntries > 0xffff_ffff)
    throw new RangeError(`map "${name}": maxEntries must be 1..4294967295, got ${options.maxEntries}`)
  return { name, type, keySize, valueSize, maxEntries: options.maxEntries, flags: options.flags ?? 0 }
}
