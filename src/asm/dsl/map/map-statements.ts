import type { Value } from '../../ir/graph.ts'
import type { Variable } from '../../ir/ssa-builder.ts'
import { s64, u32 } from '../../layout/scalar.ts'
import type { Fields } from '../../layout/struct.ts'
import { updateFlags } from '../../program.ts'
import type { Otherwise } from '../core/emitter.ts'
import { Int, literal, widenTo } from '../core/values.ts'
import { helpers } from '../helper/helpers.ts'
import type { Space } from '../memory/location.ts'
import { MemoryStatements } from '../memory/memory-statements.ts'
import type { Ref, Values } from '../memory/reference.ts'
import {
  checkMapType,
  type MapHandle,
  type MapKey,
  mapElement,
  mapInside,
  mapPointer,
  mapValue,
  memoryOf,
} from './access.ts'
import type { KeyedMapType, MapDefinition, MapOfMapsDefinition, PerCpuMapType } from './definition.ts'

/** Types of maps that programs can store into and, but for arrays, delete from. */
type DeletableMapType = Exclude<KeyedMapType, 'array' | 'percpu_array'>

/** `any` adds or replaces, `noexist` only adds, `exist` only replaces. */
export type UpdateMode = keyof typeof updateFlags

/** What to do with the element that a lookup finds, and where there is none. */
export interface LookupCases<V extends Fields, S extends Space = 'map'> {
  readonly hit: (element: Ref<V, S>) => void
  readonly miss?: () => void
}

interface Inevitable {
  readonly otherwise: Otherwise
}

/** Statements about the elements of maps. */
export class MapStatements extends MemoryStatements {
  /** Looks a key up in a map; where there is no such element, `otherwise` runs instead of what follows. */
  lookup<K extends Fields, V extends Fields>(
    map: MapDefinition<K, V> | MapHandle<K, V>,
    key: MapKey<K>,
    options: { readonly otherwise: Otherwise },
  ): Ref<V, 'map'>
  /** Looks a key up in a map: `hit` runs with the element, `miss` (if given) where there is none. */
  lookup<K extends Fields, V extends Fields>(
    map: MapDefinition<K, V> | MapHandle<K, V>,
    key: MapKey<K>,
    cases: LookupCases<V>,
  ): void
  /** Looks up the map at this key of a map of maps. */
  lookup<K extends Fields, IK extends Fields, IV extends Fields>(
    map: MapOfMapsDefinition<K, IK, IV>,
    key: MapKey<K>,
    options: { readonly otherwise: Otherwise },
  ): MapHandle<IK, IV>
  lookup(target: unknown, key: unknown, cases: Inevitable | LookupCases<never>): unknown {
    const map = target as MapDefinition | MapOfMapsDefinition | MapHandle
    const args = [mapPointer(this, map), mapElement(this, map, key as MapKey<Fields>)]
    return this.#found(map, this.emitter.call(helpers.map_lookup_elem, 'ptr', args), cases)
  }

  /** As {@link lookup}, for the value that another CPU has in a per-CPU map (Linux 5.19); a CPU beyond the last is a miss. */
  lookupOnCpu<K extends Fields, V extends Fields>(
    map: MapDefinition<K, V, PerCpuMapType>,
    key: MapKey<K>,
    cpu: number | Int,
    options: { readonly otherwise: Otherwise },
  ): Ref<V, 'map'>
  lookupOnCpu<K extends Fields, V extends Fields>(
    map: MapDefinition<K, V, PerCpuMapType>,
    key: MapKey<K>,
    cpu: number | Int,
    cases: LookupCases<V>,
  ): void
  lookupOnCpu(
    map: MapDefinition<Fields, Fields, PerCpuMapType>,
    key: unknown,
    cpu: number | Int,
    cases: Inevitable | LookupCases<never>,
  ): unknown {
    checkMapType(map.spec, ['percpu_hash', 'lru_percpu_hash', 'percpu_array'], 'has no values of single CPUs')
    const number = typeof cpu === 'number' ? literal(this.emitter, cpu, u32) : widenTo(this.emitter, cpu, u32)
    const args = [mapPointer(this, map), mapElement(this, map, key as MapKey<Fields>), number]
    return this.#found(map, this.emitter.call(helpers.map_lookup_percpu_elem, 'ptr', args), cases)
  }

  /**
   * Looks a key up, and adds it with these values (all others zero) where it is missing. `otherwise` is for a map
   * that is full. Two CPUs that miss at once get the same element.
   */
  lookupOrInsert<K extends Fields, V extends Fields>(
    map: MapDefinition<K, V, DeletableMapType>,
    key: MapKey<K>,
    initial: Values<V>,
    options: { readonly otherwise: Otherwise },
  ): Ref<V, 'map'> {
    const { emitter } = this
    const place = mapElement(this, map, key as MapKey<Fields>)
    const element: Variable = { name: map.spec.name, type: 'ptr' }
    const lookup = (): void =>
      emitter.ssa.write(element, emitter.call(helpers.map_lookup_elem, 'ptr', [mapPointer(this, map), place]))
    lookup()
    const none = emitter.constant(0n, 'ptr')
    this.ifElse(
      'eq',
      emitter.ssa.read(element),
      none,
      () => {
        const value = memoryOf(this, map.value, initial)
        const mode = emitter.constant(BigInt(updateFlags.noexist), 'i64')
        emitter.call(helpers.map_update_elem, 'i64', [mapPointer(this, map), place, value, mode])
        lookup()
      },
      () => {},
    )
    const pointer = emitter.ssa.read(element)
    this.orElse('ne', pointer, none, options.otherwise)
    return mapValue(emitter, map, pointer) as Ref<V, 'map'>
  }

  /**
   * Stores an element: a struct in memory, or values for its fields (all others zero).
   *
   * @returns 0, or a negative errno: -E2BIG for a full map or an index beyond the end, -EEXIST or -ENOENT against the
   *   mode
   */
  update<K extends Fields, V extends Fields>(
    map: MapDefinition<K, V> | MapHandle<K, V>,
    key: MapKey<K>,
    value: Values<V> | Ref<V, Space>,
    options: { readonly mode?: UpdateMode } = {},
  ): Int<'s64'> {
    const { emitter } = this
    const place = mapElement(this, map as MapDefinition, key as MapKey<Fields>)
    const stored = memoryOf(this, map.value, value)
    const mode = emitter.constant(BigInt(updateFlags[options.mode ?? 'any']), 'i64')
    const args = [mapPointer(this, map as MapDefinition), place, stored, mode]
    return new Int(emitter, s64, emitter.call(helpers.map_update_elem, 'i64', args))
  }

  /** Deletes an element. @returns 0, or -ENOENT where there is none */
  delete<K extends Fields, V extends Fields>(
    map: MapDefinition<K, V, DeletableMapType> | MapHandle<K, V>,
    key: MapKey<K>,
  ): Int<'s64'> {
    const { emitter } = this
    if ('spec' in map)
      checkMapType(map.spec, ['hash', 'lru_hash', 'percpu_hash', 'lru_percpu_hash', 'lpm_trie'], noDeletion)
    const args = [
      mapPointer(this, map as MapDefinition),
      mapElement(this, map as MapDefinition, key as MapKey<Fields>),
    ]
    return new Int(emitter, s64, emitter.call(helpers.map_delete_elem, 'i64', args))
  }

  #found(
    map: MapDefinition | MapOfMapsDefinition | MapHandle,
    pointer: Value,
    cases: Inevitable | LookupCases<never>,
  ): unknown {
    const { emitter } = this
    const none = emitter.constant(0n, 'ptr')
    const found = (): Ref | MapHandle =>
      'kind' in map && map.kind === 'map-of-maps'
        ? mapInside(emitter, map, pointer)
        : mapValue(emitter, map, pointer)
    if ('hit' in cases) {
      this.ifElse('ne', pointer, none, () => cases.hit(found() as never), cases.miss ?? (() => {}))
      return undefined
    }
    this.orElse('ne', pointer, none, cases.otherwise)
    return found()
  }
}

const noDeletion = 'has every element from the start to the end, none can be deleted'
