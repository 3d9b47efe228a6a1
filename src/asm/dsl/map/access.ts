import type { Value } from '../../ir/graph.ts'
import { type Fields, type StructType, sizeOf } from '../../layout/struct.ts'
import type { MapSpec, MapType } from '../../program.ts'
import { callerPosition } from '../core/caller.ts'
import type { Emitter, Scope } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { Int } from '../core/values.ts'
import { addressOf, location, type Space } from '../memory/location.ts'
import type { MemoryStatements } from '../memory/memory-statements.ts'
import { type Ref, structRef, type Values } from '../memory/reference.ts'
import type { ArrayIndexFields, MapDefinition, MapOfMapsDefinition } from './definition.ts'

/** A key: fields of the key struct, a struct in memory, or for array maps an index. */
export type MapKey<K extends Fields> =
  | Values<K>
  | Ref<K, Space>
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
export function mapValue(
  emitter: Emitter,
  map: MapDefinition | MapHandle,
  pointer: Value,
): Ref<Fields, 'map'> {
  return structRef(emitter, map.value, pointer, 'map', map instanceof MapHandle ? map.what : map.spec.name)
}

/** The first argument of a map helper. */
export function mapPointer(b: MemoryStatements, map: MapDefinition | MapOfMapsDefinition | MapHandle): Value {
  return map instanceof MapHandle ? map.pointer : mapAddress(b.emitter, map.spec)
}

/** The address of a map. */
export function mapAddress(emitter: Emitter, spec: MapSpec): Value {
  emitter.useMap(spec)
  return emitter.emit({ kind: 'map', name: spec.name }, 'ptr')
}

/** The address of a struct in memory; of values for its fields, put on the stack. @throws {BuildError} for another struct */
export function memoryOf<F extends Fields>(
  b: MemoryStatements,
  type: StructType<F>,
  value: Values<F> | Ref<F, Space>,
): Value {
  if (!(location in value)) return addressOf(b.stack(type, value))
  const given = value[location].type
  if ((given as unknown) !== type && (given.kind !== 'struct' || sizeOf(given) !== type.size))
    throw new BuildError(
      'ARGUMENT',
      `a ${type.name} (${type.size} bytes) is expected, ${value[location].what} has ${sizeOf(given)} bytes`,
      callerPosition(),
    )
  return addressOf(value)
}

/** @throws {BuildError} when a map is of none of these types; `why` goes behind its name */
export function checkMapType(spec: MapSpec, types: readonly MapType[], why: string): void {
  if (types.includes(spec.type)) return
  throw new BuildError('MAP_TYPE', `map "${spec.name}" (${spec.type}) ${why}`, callerPosition())
}

/** The key argument of a map helper: the address of the key, put on the stack if it is not in memory yet. */
export function mapElement(
  b: MemoryStatements,
  map: { readonly key: StructType },
  key: MapKey<Fields> | number | Int,
): Value {
  if (typeof key === 'number' || key instanceof Int)
    return addressOf(b.stack(map.key, { index: key } as Values<Fields>))
  return memoryOf(b, map.key, key as Values<Fields> | Ref<Fields, Space>)
}
