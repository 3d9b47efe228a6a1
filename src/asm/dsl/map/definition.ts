import { u32 } from '../../layout/scalar.ts'
import { type Fields, type StructType, struct } from '../../layout/struct.ts'
import type { MapSpec, MapType } from '../../program.ts'
import { checkKey, specOf } from './spec.ts'

/** Types of maps whose elements programs look up by key. */
export type KeyedMapType =
  | 'hash'
  | 'lru_hash'
  | 'percpu_hash'
  | 'lru_percpu_hash'
  | 'array'
  | 'percpu_array'
  | 'lpm_trie'

/** Those that have a value for each CPU at every key. */
export type PerCpuMapType = 'percpu_hash' | 'lru_percpu_hash' | 'percpu_array'

/** The specification of a map of a certain type. */
export type SpecOf<T extends MapType> = MapSpec & { readonly type: T }

/** A map with its layouts: the program reads and writes it by field, user space through the codecs. */
export interface MapDefinition<
  K extends Fields = Fields,
  V extends Fields = Fields,
  T extends KeyedMapType = KeyedMapType,
> {
  readonly kind: 'map'
  readonly spec: SpecOf<T>
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
  readonly spec: SpecOf<'array_of_maps' | 'hash_of_maps'>
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
): MapDefinition<K, V, 'hash'> {
  return define(name, 'hash', key, value, options)
}

/** A hash table with a value for each CPU. */
export function perCpuHash<K extends Fields, V extends Fields>(
  name: string,
  key: StructType<K>,
  value: StructType<V>,
  options: MapOptions,
): MapDefinition<K, V, 'percpu_hash'> {
  return define(name, 'percpu_hash', key, value, options)
}

/** A hash table that drops elements which were not used for long when it is full. */
export function lruHash<K extends Fields, V extends Fields>(
  name: string,
  key: StructType<K>,
  value: StructType<V>,
  options: MapOptions,
): MapDefinition<K, V, 'lru_hash'> {
  return define(name, 'lru_hash', key, value, options)
}

/** As {@link lruHash}, with a value for each CPU. */
export function lruPerCpuHash<K extends Fields, V extends Fields>(
  name: string,
  key: StructType<K>,
  value: StructType<V>,
  options: MapOptions,
): MapDefinition<K, V, 'lru_percpu_hash'> {
  return define(name, 'lru_percpu_hash', key, value, options)
}

/**
 * A trie of prefixes: a lookup finds the longest one that the rest of its key begins with. Make the key with
 * {@link prefixKey}.
 *
 * @throws {RangeError} when the key does not begin with its length in bits, or has more than 256 bytes behind it
 */
export function lpmTrie<K extends PrefixFields, V extends Fields>(
  name: string,
  key: StructType<K>,
  value: StructType<V>,
  options: MapOptions,
): MapDefinition<K, V, 'lpm_trie'> {
  if (key.fields.prefixLength?.offset !== 0)
    throw new RangeError(`map "${name}": its key struct ${key.name} must begin with prefixLength (u32)`)
  if (key.size < 5 || key.size > 260)
    throw new RangeError(`map "${name}": a prefix is 1 to 256 bytes, ${key.name} has ${key.size - 4}`)
  return define(name, 'lpm_trie', key, value, { ...options, flags: noPreallocation | (options.flags ?? 0) })
}

/** Fields of the key of an {@link lpmTrie}: first its length in bits. */
export type PrefixFields = Fields & { readonly prefixLength: typeof u32 }

/**
 * The key of an {@link lpmTrie}: the length of the prefix in bits, in a field `prefixLength`, and these fields, in
 * which it lies. Bits are compared as they lie in memory: use network order.
 *
 * ```ts
 * const Network = prefixKey('network', { address: be32 })
 * ```
 */
export function prefixKey<const F extends Fields>(
  name: string,
  fields: F,
): StructType<{ readonly prefixLength: typeof u32 } & F> {
  return struct(name, { prefixLength: u32, ...fields }) as unknown as StructType<
    { readonly prefixLength: typeof u32 } & F
  >
}

/** An array: every element exists from the start, filled with zeroes. */
export function array<V extends Fields>(
  name: string,
  value: StructType<V>,
  options: MapOptions,
): MapDefinition<ArrayIndexFields, V, 'array'> {
  return define(name, 'array', ArrayIndex, value, options)
}

/** An array with a value for each CPU: counters without contention. */
export function perCpuArray<V extends Fields>(
  name: string,
  value: StructType<V>,
  options: MapOptions,
): MapDefinition<ArrayIndexFields, V, 'percpu_array'> {
  return define(name, 'percpu_array', ArrayIndex, value, options)
}

/** An array of maps; an element is empty until user space puts a map there, which replaces the old one at once. */
export function arrayOfMaps<IK extends Fields, IV extends Fields>(
  name: string,
  inner: MapDefinition<IK, IV>,
  options: MapOptions,
): MapOfMapsDefinition<ArrayIndexFields, IK, IV> {
  const spec: SpecOf<'array_of_maps'> = {
    ...specOf(name, 'array_of_maps', 4, 4, options),
    inner: inner.spec,
  }
  return { kind: 'map-of-maps', spec, key: ArrayIndex, inner }
}

/** As {@link arrayOfMaps}, found by key. @throws {RangeError} when the key has implicit padding */
export function hashOfMaps<K extends Fields, IK extends Fields, IV extends Fields>(
  name: string,
  key: StructType<K>,
  inner: MapDefinition<IK, IV>,
  options: MapOptions,
): MapOfMapsDefinition<K, IK, IV> {
  checkKey(name, key)
  const spec: SpecOf<'hash_of_maps'> = {
    ...specOf(name, 'hash_of_maps', key.size, 4, options),
    inner: inner.spec,
  }
  return { kind: 'map-of-maps', spec, key, inner }
}

function define<K extends Fields, V extends Fields, T extends KeyedMapType>(
  name: string,
  type: T,
  key: StructType<K>,
  value: StructType<V>,
  options: MapOptions,
): MapDefinition<K, V, T> {
  checkKey(name, key)
  const spec = { ...specOf(name, type, key.size, value.size, options), layout: { key, value } }
  return { kind: 'map', spec, key, value }
}
