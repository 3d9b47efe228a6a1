import type { Fields, StructType } from '../../layout/struct.ts'
import type { SpecOf } from './definition.ts'
import { specOf } from './spec.ts'

/** A ring buffer: records for user space, in the order in which they were begun, from all CPUs. */
export interface RingBufferDefinition<V extends Fields = Fields> {
  readonly kind: 'ring-buffer'
  readonly spec: SpecOf<'ringbuf'>
  readonly record: StructType<V>
}

/**
 * A ring buffer of records of one layout (Linux 5.8).
 *
 * @param options.size bytes: a power of two and a multiple of the page size, such as 65536; each record takes 8 more
 *   than its own, rounded up to 8
 * @throws {RangeError} for another size
 */
export function ringBuffer<V extends Fields>(
  name: string,
  record: StructType<V>,
  options: { readonly size: number },
): RingBufferDefinition<V> {
  const { size } = options
  if (!Number.isInteger(size) || size < 4096 || size > 2 ** 31 || (size & (size - 1)) !== 0)
    throw new RangeError(`map "${name}": a ring buffer has 4096, 8192, … bytes, got ${size}`)
  return { kind: 'ring-buffer', spec: specOf(name, 'ringbuf', 0, 0, { maxEntries: size }), record }
}

/** Perf buffers, one for each CPU: records for user space before Linux 5.8, or with a part of the packet. */
export interface PerfEventsDefinition<V extends Fields = Fields> {
  readonly kind: 'perf-events'
  readonly spec: SpecOf<'perf_event_array'>
  readonly record: StructType<V>
}

/**
 * Perf buffers for records of one layout.
 *
 * @param options.maxEntries at least the number of CPUs
 */
export function perfEvents<V extends Fields>(
  name: string,
  record: StructType<V>,
  options: { readonly maxEntries: number },
): PerfEventsDefinition<V> {
  return { kind: 'perf-events', spec: specOf(name, 'perf_event_array', 4, 4, options), record }
}
