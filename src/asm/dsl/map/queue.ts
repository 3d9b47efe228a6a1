import type { Fields, StructType } from '../../layout/struct.ts'
import type { MapOptions, SpecOf } from './definition.ts'
import { specOf } from './spec.ts'

/** Values without keys: a queue, a stack, or a set that may err. */
export interface QueueDefinition<
  V extends Fields = Fields,
  T extends 'queue' | 'stack' | 'bloom_filter' = 'queue' | 'stack' | 'bloom_filter',
> {
  readonly kind: 'queue'
  readonly spec: SpecOf<T>
  readonly value: StructType<V>
}

/** A queue: what was put in first comes out first (Linux 4.20). */
export function queue<V extends Fields>(
  name: string,
  value: StructType<V>,
  options: MapOptions,
): QueueDefinition<V, 'queue'> {
  return define(name, 'queue', value, options)
}

/** A stack: what was put in last comes out first (Linux 4.20). */
export function stack<V extends Fields>(
  name: string,
  value: StructType<V>,
  options: MapOptions,
): QueueDefinition<V, 'stack'> {
  return define(name, 'stack', value, options)
}

/**
 * A set that says of a value whether it was added: surely not, or probably (Linux 5.16). Nothing can be removed.
 *
 * @param options.maxEntries how many values it is laid out for; with more it errs more often
 */
export function bloomFilter<V extends Fields>(
  name: string,
  value: StructType<V>,
  options: MapOptions,
): QueueDefinition<V, 'bloom_filter'> {
  return define(name, 'bloom_filter', value, options)
}

function define<V extends Fields, T extends 'queue' | 'stack' | 'bloom_filter'>(
  name: string,
  type: T,
  value: StructType<V>,
  options: MapOptions,
): QueueDefinition<V, T> {
  return { kind: 'queue', spec: specOf(name, type, 0, value.size, options), value }
}
