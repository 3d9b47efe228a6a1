import type { Fields } from '../../layout/struct.ts'
import type { Otherwise } from '../core/emitter.ts'
import { helpers } from '../helper/helpers.ts'
import { MemoryStatements } from '../memory/memory-statements.ts'
import type { Ref } from '../memory/reference.ts'
import { type MapHandle, type MapKey, mapElement, mapInside, mapPointer, mapValue } from './access.ts'
import type { MapDefinition, MapOfMapsDefinition } from './definition.ts'

/** Statements about maps. */
export class MapStatements extends MemoryStatements {
  /** Looks a key up in a map; where there is no such element, `otherwise` runs instead of what follows. */
  lookup<K extends Fields, V extends Fields>(
    map: MapDefinition<K, V> | MapHandle<K, V>,
    key: MapKey<K>,
    options: { readonly otherwise: Otherwise },
  ): Ref<V>
  /** Looks a key up in a map: `hit` runs with the element, `miss` (if given) where there is none. */
  lookup<K extends Fields, V extends Fields>(
    map: MapDefinition<K, V> | MapHandle<K, V>,
    key: MapKey<K>,
    cases: { readonly hit: (element: Ref<V>) => void; readonly miss?: () => void },
  ): void
  /** Looks up the map at this key of a map of maps. */
  lookup<K extends Fields, IK extends Fields, IV extends Fields>(
    map: MapOfMapsDefinition<K, IK, IV>,
    key: MapKey<K>,
    options: { readonly otherwise: Otherwise },
  ): MapHandle<IK, IV>
  lookup(
    target: unknown,
    key: unknown,
    cases:
      | { readonly otherwise: Otherwise }
      | { readonly hit: (element: never) => void; readonly miss?: () => void },
  ): unknown {
    const { emitter } = this
    const map = target as MapDefinition | MapOfMapsDefinition | MapHandle
    const args = [mapPointer(this, map), mapElement(this, map, key as MapKey<Fields>)]
    const pointer = this.emitter.call(helpers.map_lookup_elem, 'ptr', args)
    const null_ = emitter.constant(0n, 'ptr')
    const found = (): Ref | MapHandle =>
      'kind' in map && map.kind === 'map-of-maps'
        ? mapInside(emitter, map, pointer)
        : mapValue(emitter, map, pointer)
    if ('hit' in cases) {
      this.ifElse('ne', pointer, null_, () => cases.hit(found() as never), cases.miss ?? (() => {}))
      return undefined
    }
    this.orElse('ne', pointer, null_, cases.otherwise)
    return found()
  }
}
