import type { Value } from '../../ir/graph.ts'
import { s32, s64 } from '../../layout/scalar.ts'
import type { Fields } from '../../layout/struct.ts'
import type { HelperName } from '../../text/helper-names.ts'
import { callerPosition } from '../core/caller.ts'
import type { Otherwise } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { Int } from '../core/values.ts'
import { checkHelper } from '../helper/check-helper.ts'
import { helpers } from '../helper/helpers.ts'
import { mapAddress, memoryOf } from '../map/access.ts'
import type { LookupCases } from '../map/map-statements.ts'
import type { StorageDefinition, StorageType } from '../map/storage.ts'
import { type Ref, structRef, type Values } from '../memory/reference.ts'
import { KernelStatements } from './kernel-statements.ts'
import { type KernelRef, type KernelType, kernelPointer, kernelRef } from './kernel-type.ts'
import { isSocket, type SocketHandle, socketPointer } from './socket.ts'

/** By type of map: its helpers, and the kernel's structs that own values. */
const owners = {
  sk_storage: {
    get: 'sk_storage_get',
    delete: 'sk_storage_delete',
    structs: ['sock', 'sock_common', 'bpf_sock', 'tcp_sock', 'udp_sock', 'unix_sock'],
  },
  inode_storage: { get: 'inode_storage_get', delete: 'inode_storage_delete', structs: ['inode'] },
  task_storage: { get: 'task_storage_get', delete: 'task_storage_delete', structs: ['task_struct'] },
  cgrp_storage: { get: 'cgrp_storage_get', delete: 'cgrp_storage_delete', structs: ['cgroup'] },
} as const satisfies Readonly<
  Record<StorageType, { get: HelperName; delete: HelperName; structs: readonly string[] }>
>

/** BPF_LOCAL_STORAGE_GET_F_CREATE (include/uapi/linux/bpf.h). */
const create = 1

/** Statements about values that belong to objects of the kernel. */
export class StorageStatements extends KernelStatements {
  /** The task on whose behalf the program runs, with the members that `type` declares (`bpf_get_current_task_btf`, Linux 5.11). */
  currentTask<T extends KernelType>(type: T): KernelRef<T> {
    checkHelper(this.emitter, 'get_current_task_btf')
    if (type.layout !== 'task_struct')
      throw new BuildError(
        'ARGUMENT',
        `the current task is a task_struct, not a ${type.layout}`,
        callerPosition(),
      )
    return kernelRef(this.emitter, type, this.emitter.call(helpers.get_current_task_btf, 'ptr', []))
  }

  /**
   * The value that a map keeps for an object of the kernel: `hit` runs with it, `miss` where there is none. With
   * `create`, one with these values (all others zero) is made where there is none; a miss is then want of memory.
   */
  storage<V extends Fields>(
    map: StorageDefinition<V>,
    owner: KernelRef | SocketHandle,
    cases: LookupCases<V> & { readonly create?: Values<V> },
  ): void
  /** As above; where there is none, `otherwise` runs instead of what follows. */
  storage<V extends Fields>(
    map: StorageDefinition<V>,
    owner: KernelRef | SocketHandle,
    cases: { readonly otherwise: Otherwise; readonly create?: Values<V> },
  ): Ref<V, 'map'>
  storage<V extends Fields>(
    map: StorageDefinition<V>,
    owner: KernelRef | SocketHandle,
    cases: (LookupCases<V> | { readonly otherwise: Otherwise }) & { readonly create?: Values<V> },
  ): Ref<V, 'map'> | undefined {
    const { emitter } = this
    const { get } = owners[map.spec.type]
    checkHelper(emitter, get)
    const object = this.#owner(map, owner)
    const none = emitter.constant(0n, 'ptr')
    const initial = cases.create === undefined ? none : memoryOf(this, map.value, cases.create)
    const flags = emitter.constant(BigInt(cases.create === undefined ? 0 : create), 'i64')
    const pointer = emitter.call(helpers[get], 'ptr', [mapAddress(emitter, map.spec), object, initial, flags])
    const found = (): Ref<V, 'map'> => structRef(emitter, map.value, pointer, 'map', map.spec.name)
    if ('hit' in cases) {
      this.ifElse('ne', pointer, none, () => cases.hit(found()), cases.miss ?? (() => {}))
      return undefined
    }
    this.orElse('ne', pointer, none, cases.otherwise)
    return found()
  }

  /** Deletes the value that a map keeps for an object of the kernel. @returns 0, or -ENOENT where there is none */
  deleteStorage(map: StorageDefinition, owner: KernelRef | SocketHandle): Int<'s64'> {
    const { emitter } = this
    const helper = owners[map.spec.type].delete
    checkHelper(emitter, helper)
    const args = [mapAddress(emitter, map.spec), this.#owner(map, owner)]
    if (helper !== 'inode_storage_delete')
      return new Int(emitter, s64, emitter.call(helpers[helper], 'i64', args))
    return new Int(emitter, s32, emitter.call(helpers[helper], 'i32', args)).toS64()
  }

  #owner(map: StorageDefinition, owner: KernelRef | SocketHandle): Value {
    const { value, type } = isSocket(owner)
      ? { ...socketPointer(owner), type: { name: 'bpf_sock' } }
      : kernelPointer(owner)
    const structs: readonly string[] = owners[map.spec.type].structs
    if (structs.includes(type.name)) return value
    throw new BuildError(
      'ARGUMENT',
      `map "${map.spec.name}" (${map.spec.type}) keeps values for a ${structs[0]}, not for a ${type.name}`,
      callerPosition(),
    )
  }
}
