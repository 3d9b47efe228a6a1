import type { Value } from '../../ir/graph.ts'
import type { Fields, StructType } from '../../layout/struct.ts'
import type { Emitter, Scope } from '../core/emitter.ts'
import { Int } from '../core/values.ts'
import { addressOf, location } from '../memory/location.ts'
import type { MemoryStatements } from '../memory/memory-statements.ts'
import { type Ref, structRef, type Values } from '../memory/reference.ts'
import type { ArrayIndexFields, MapDefinition, MapOfMapsDefinition } from './definition.ts'

/** A key: fields of the key struct, a struct in memory, or for array maps an index. */
export type MapKey<K extends Fields> =
  | Values<K>
  | Ref<K>
  | (K extends ArrayIndexFields ? number | Int : never)

/** A map found in a map of maps. */
export class MapHandle<K extends Fields = Fields, V extends Fields = Fields> {
  readonly key: StructType<K>
  readonly value: StructType<V>
  /** What listings and errors call it. */
  readonly what: string
  readonly #pointer: Value
  readonly #emitter: Emitter
  readonly #scope: Scope

  /** Made by `b.lookup` of a map of maps. */
  constructor(emitter: Emitter, inner: MapDefinition<K, V>, pointer: Value, what: string) {
    this.key = inner.key
    this.value = inner.value
    this.what = what
    this.#pointer = pointer
    this.#emitter = emitter
    this.#scope = emitter.scope
  }

  /** The pointer to the map. */
  get pointer(): Value {
    this.#emitter.checkScope(this.#scope, `a map of ${this.what}`)
    return this.#pointer
  }
}

/** Wraps what a lookup in a map of maps has found. */
export function mapInside(emitter: Emitter, outer: MapOfMapsDefinition, pointer: Value): MapHandle {
  return new MapHandle(emitter, outer.inner, pointer, outer.spec.name)
}

/** The value that a lookup has found. */
export function mapValue(emitter: Emitter, map: MapDefinition | MapHandle, pointer: Value): Ref {
  return structRef(emitter, map.value, pointer, 'map', map instanceof MapHandle ? map.what : map.spec.name)
}

/** The first argument of a map helper. */
export function mapPointer(b: MemoryStatements, map: MapDefinition | MapOfMapsDefinition | MapHandle): Value {
  if (map instanceof MapHandle) return map.pointer
  b.emitter.useMap(map.spec)
  return b.emitter.emit({ kind: 'map', name: map.spec.name }, 'ptr')
}

/** The key argument of a map helper: the address of the key, put on the stack if it is not in memory yet. */
export function mapElement(
  b: MemoryStatements,
  map: { readonly key: StructType },
  key: MapKey<Fields> | number | Int,
): Value {
  if (typeof key === 'number' || key instanceof Int)
    return addressOf(b.stack(map.key, { index: key } as Values<Fields>))
  return addressOf(location in key ? (key as Ref) : b.stack(map.key, key as Values<Fields>))
}
