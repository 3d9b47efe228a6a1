import type { MapDefinition, MapOfMapsDefinition } from '../../dsl/map/definition.ts'
import { codecOf, type Fields, type StructType, type ValueOf } from '../../layout/struct.ts'
import type { MapSpec, ProgramSpec } from '../../program.ts'
import { ArrayMap } from './array.ts'
import { HashMap } from './hash.ts'
import { LpmTrieMap } from './lpm-trie.ts'
import { TypedMap, type VmMap } from './map.ts'
import { MapOfMaps } from './of-maps.ts'
import { PerfEventsMap } from './perf-events.ts'
import { ProgramsMap } from './programs.ts'
import { BloomFilterMap, QueueMap } from './queue.ts'
import { RingBufferMap } from './ring-buffer.ts'

/** Makes an empty map. @throws {RangeError} for types that the interpreter does not have */
export function createMap(spec: MapSpec): VmMap {
  switch (spec.type) {
    case 'array':
    case 'percpu_array':
      return new ArrayMap(spec)
    case 'hash':
    case 'lru_hash':
    case 'percpu_hash':
    case 'lru_percpu_hash':
      return new HashMap(spec)
    case 'lpm_trie':
      return new LpmTrieMap(spec)
    case 'array_of_maps':
    case 'hash_of_maps':
      return new MapOfMaps(spec)
    case 'queue':
    case 'stack':
      return new QueueMap(spec)
    case 'bloom_filter':
      return new BloomFilterMap(spec)
    case 'perf_event_array':
      return new PerfEventsMap(spec)
    case 'devmap':
    case 'devmap_hash':
    case 'cpumap':
    case 'xskmap':
      return new HashMap(spec)
    case 'ringbuf':
      return new RingBufferMap(spec)
    case 'prog_array':
      return new ProgramsMap(spec)
    default:
      throw new RangeError(`map "${spec.name}": the interpreter has no maps of type ${spec.type}`)
  }
}

/** Looks at a map through the layouts it was declared with. */
export function typedMap<K extends Fields, V extends Fields>(
  map: VmMap,
  definition: MapDefinition<K, V>,
): TypedMap<ValueOf<StructType<K>>, ValueOf<StructType<V>>> {
  return new TypedMap(map, codecOf(definition.key), codecOf(definition.value))
}

/** The maps of a program, by name. They live on between runs. */
export class VmMaps {
  readonly #byName: Map<string, VmMap>

  constructor(specs: readonly MapSpec[]) {
    this.#byName = new Map(specs.map((spec) => [spec.name, createMap(spec)]))
  }

  get byName(): ReadonlyMap<string, VmMap> {
    return this.#byName
  }

  /** A map through its layouts. @throws {RangeError} when the program does not use it */
  of<K extends Fields, V extends Fields>(
    definition: MapDefinition<K, V>,
  ): TypedMap<ValueOf<StructType<K>>, ValueOf<StructType<V>>> {
    return typedMap(this.#get(definition.spec.name), definition)
  }

  /**
   * Makes an inner map of a map of maps and puts it at `index`, in place of the one that is there.
   *
   * @param maxEntries of the inner map; where it is left out, as many as the template has
   */
  putInner<K extends Fields, IK extends Fields, IV extends Fields>(
    outer: MapOfMapsDefinition<K, IK, IV>,
    index: number | Uint8Array,
    maxEntries = outer.inner.spec.maxEntries,
  ): TypedMap<ValueOf<StructType<IK>>, ValueOf<StructType<IV>>> {
    const map = this.#get(outer.spec.name)
    if (!(map instanceof MapOfMaps)) throw new RangeError(`map "${outer.spec.name}" holds no maps`)
    const inner = createMap({ ...outer.inner.spec, maxEntries })
    map.put(index, inner)
    return typedMap(inner, outer.inner)
  }

  /**
   * Puts a program into a map, for tail calls. It shares the maps that are here by name; its others
   * are made.
   *
   * @throws {RangeError} beyond the map's end, and for a program of another type than those that are there
   */
  putProgram(programs: { readonly spec: MapSpec }, index: number, program: ProgramSpec): void {
    const map = this.#get(programs.spec.name)
    if (!(map instanceof ProgramsMap)) throw new RangeError(`map "${programs.spec.name}" holds no programs`)
    map.put(index, program)
    for (const spec of program.maps)
      if (!this.#byName.has(spec.name)) this.#byName.set(spec.name, createMap(spec))
  }

  #get(name: string): VmMap {
    const map = this.#byName.get(name)
    if (map === undefined)
      throw new RangeError(`the program has no map "${name}"; it has ${[...this.#byName.keys()].join(', ')}`)
    return map
  }
}
