import { u32 } from '../../layout/scalar.ts'
import { type Fields, type StructType, struct } from '../../layout/struct.ts'
import { ArrayIndex, type ArrayIndexFields, type MapOptions, type SpecOf } from './definition.ts'
import { checkKey, specOf } from './spec.ts'

/** A map that user space fills with objects of the kernel, which programs send packets to. */
export interface ObjectMapDefinition<
  K extends Fields = Fields,
  V extends Fields = Fields,
  T extends ObjectMapType = ObjectMapType,
> {
  readonly kind: 'objects'
  readonly spec: SpecOf<T>
  readonly key: StructType<K>
  /** What user space writes: a file descriptor, an interface, the length of a queue. */
  readonly value: StructType<V>
}

/** Types of {@link ObjectMapDefinition}. */
export type ObjectMapType =
  | 'prog_array'
  | 'cgroup_array'
  | 'devmap'
  | 'devmap_hash'
  | 'cpumap'
  | 'xskmap'
  | 'sockmap'
  | 'sockhash'

/** The value of a map that holds something with a file descriptor. */
export const Descriptor = struct('descriptor', { fd: u32 })
/** The value of a {@link deviceMap}. */
export const Device = struct('device', { ifindex: u32 })
/** The value of a {@link cpuMap}: how many packets may wait for the CPU. */
export const CpuQueue = struct('cpu_queue', { size: u32 })

type DescriptorFields = { readonly fd: typeof u32 }

/** Programs to go on with, by index: for tail calls. It is emptied when user space closes it, unless it is pinned. */
export function programArray(
  name: string,
  options: MapOptions,
): ObjectMapDefinition<ArrayIndexFields, DescriptorFields, 'prog_array'> {
  return byIndex(name, 'prog_array', Descriptor, options)
}

/** Cgroups by index: for `skb_under_cgroup` and `current_task_under_cgroup`. */
export function cgroupArray(
  name: string,
  options: MapOptions,
): ObjectMapDefinition<ArrayIndexFields, DescriptorFields, 'cgroup_array'> {
  return byIndex(name, 'cgroup_array', Descriptor, options)
}

/** Interfaces by index: XDP programs redirect packets to them (Linux 4.14). */
export function deviceMap(
  name: string,
  options: MapOptions,
): ObjectMapDefinition<ArrayIndexFields, { readonly ifindex: typeof u32 }, 'devmap'> {
  return byIndex(name, 'devmap', Device, options)
}

/** As {@link deviceMap}, with any 32-bit number as the key, such as the interface's own (Linux 5.4). */
export function deviceHash(
  name: string,
  options: MapOptions,
): ObjectMapDefinition<ArrayIndexFields, { readonly ifindex: typeof u32 }, 'devmap_hash'> {
  return byIndex(name, 'devmap_hash', Device, options)
}

/** CPUs by number: XDP programs hand packets to them (Linux 4.15). */
export function cpuMap(
  name: string,
  options: MapOptions,
): ObjectMapDefinition<ArrayIndexFields, { readonly size: typeof u32 }, 'cpumap'> {
  return byIndex(name, 'cpumap', CpuQueue, options)
}

/** AF_XDP sockets by receive queue: XDP programs hand packets to them (Linux 4.18). */
export function xdpSocketMap(
  name: string,
  options: MapOptions,
): ObjectMapDefinition<ArrayIndexFields, DescriptorFields, 'xskmap'> {
  return byIndex(name, 'xskmap', Descriptor, options)
}

/** Connected sockets by index: data goes from one to another without a process between (Linux 4.14). */
export function socketMap(
  name: string,
  options: MapOptions,
): ObjectMapDefinition<ArrayIndexFields, DescriptorFields, 'sockmap'> {
  return byIndex(name, 'sockmap', Descriptor, options)
}

/** As {@link socketMap}, by any key (Linux 4.18). @throws {RangeError} when the key has implicit padding */
export function socketHash<K extends Fields>(
  name: string,
  key: StructType<K>,
  options: MapOptions,
): ObjectMapDefinition<K, DescriptorFields, 'sockhash'> {
  checkKey(name, key)
  const value = Descriptor as unknown as StructType<DescriptorFields>
  return { kind: 'objects', spec: specOf(name, 'sockhash', key.size, value.size, options), key, value }
}

function byIndex<V extends Fields, T extends ObjectMapType>(
  name: string,
  type: T,
  value: StructType<V>,
  options: MapOptions,
): ObjectMapDefinition<ArrayIndexFields, V, T> {
  return { kind: 'objects', spec: specOf(name, type, 4, value.size, options), key: ArrayIndex, value }
}
