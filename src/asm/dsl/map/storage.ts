import { u32 } from '../../layout/scalar.ts'
import { type Fields, type StructType, struct } from '../../layout/struct.ts'
import type { SpecOf } from './definition.ts'

/** A value for each object of the kernel (a task, a socket, an inode, a cgroup), for as long as the object lives. */
export interface StorageDefinition<V extends Fields = Fields, T extends StorageType = StorageType> {
  readonly kind: 'storage'
  readonly spec: SpecOf<T>
  /** What user space looks values up by: a file descriptor of the object (of a task, a pidfd). */
  readonly key: StructType<{ readonly fd: typeof u32 }>
  readonly value: StructType<V>
}

/** Types of {@link StorageDefinition}. */
export type StorageType = 'sk_storage' | 'inode_storage' | 'task_storage' | 'cgrp_storage'

const StorageKey = struct('storage_key', { fd: u32 })
/** BPF_F_NO_PREALLOC (include/uapi/linux/bpf.h), which these maps must have. */
const noPreallocation = 1

/** A value for each socket (Linux 5.2). */
export function socketStorage<V extends Fields>(name: string, value: StructType<V>) {
  return define(name, 'sk_storage', value)
}

/** A value for each inode (Linux 5.10). */
export function inodeStorage<V extends Fields>(name: string, value: StructType<V>) {
  return define(name, 'inode_storage', value)
}

/** A value for each task (Linux 5.11). */
export function taskStorage<V extends Fields>(name: string, value: StructType<V>) {
  return define(name, 'task_storage', value)
}

/** A value for each cgroup (Linux 6.2). */
export function cgroupStorage<V extends Fields>(name: string, value: StructType<V>) {
  return define(name, 'cgrp_storage', value)
}

function define<V extends Fields, T extends StorageType>(
  name: string,
  type: T,
  value: StructType<V>,
): StorageDefinition<V, T> {
  if (!/^[A-Za-z0-9_.]{1,15}$/.test(name))
    throw new RangeError(`map name "${name}" must be 1–15 characters of A–Z a–z 0–9 _ .`)
  const sizes = { keySize: 4, valueSize: value.size, maxEntries: 0, flags: noPreallocation }
  return {
    kind: 'storage',
    spec: { name, type, ...sizes, layout: { key: StorageKey, value } },
    key: StorageKey,
    value,
  }
}
