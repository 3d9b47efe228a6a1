import { s32, s64, u32, u64 } from '../../../layout/scalar.ts'
import {
  anyMap,
  callback,
  callbackContext,
  context,
  dynptr,
  flags,
  helper,
  initialValue,
  input,
  key,
  mapOf,
  memoryOrNull,
  object,
  output,
  record,
  socket,
  value,
  valueOut,
} from './entry.ts'
import { on } from './program-sets.ts'

/** Elements of maps. */
export const elements = {
  /** The element at a key, or null: `b.lookup`. Since Linux 3.19. */
  map_lookup_elem: helper('3.19', on.everything, { map: anyMap, key }, memoryOrNull),
  /** Stores an element: `b.update`. 0, or a negative errno. Since Linux 3.19. */
  map_update_elem: helper('3.19', on.everything, { map: anyMap, key, value, flags }, s64, {
    writes: ['map'],
  }),
  /** Deletes an element: `b.delete`. 0, or -ENOENT. Since Linux 3.19. */
  map_delete_elem: helper('3.19', on.everything, { map: anyMap, key }, s64, { writes: ['map'] }),
  /** The element that another CPU has at a key, or null: `b.lookupOnCpu`. Since Linux 5.19. */
  map_lookup_percpu_elem: helper('5.19', on.everything, { map: anyMap, key, cpu: u32 }, memoryOrNull),
  /**
   * Puts a value into a queue, stack or bloom filter; flag 2 (BPF_EXIST) makes room by dropping the oldest. 0, or
   * -E2BIG: `b.push`. Since Linux 4.20.
   */
  map_push_elem: helper(
    '4.20',
    on.everything,
    { map: mapOf('queue', 'stack', 'bloom_filter'), value, flags },
    s64,
    { writes: ['map'] },
  ),
  /** Takes a value out of a queue or stack. 0, or -ENOENT: `b.pop`. Since Linux 4.20. */
  map_pop_elem: helper('4.20', on.everything, { map: mapOf('queue', 'stack'), value: valueOut }, s64, {
    writes: ['map'],
  }),
  /**
   * Reads the value that `map_pop_elem` would take; of a bloom filter, whether a value may be in it. 0, or -ENOENT:
   * `b.peek`. Since Linux 4.20.
   */
  map_peek_elem: helper(
    '4.20',
    on.everything,
    { map: mapOf('queue', 'stack', 'bloom_filter'), value: valueOut },
    s64,
  ),
} as const

/** Ring buffers and perf events: what user space reads as it comes. */
export const events = {
  /** Room for a record in a ring buffer, or null when it is full: `b.reserve`. Since Linux 5.8. */
  ringbuf_reserve: helper('5.8', on.everything, { map: mapOf('ringbuf'), size: u64, flags }, memoryOrNull),
  /** Hands a reserved record to user space. Since Linux 5.8. */
  ringbuf_submit: helper('5.8', on.everything, { record, flags }, 'void', { writes: ['map'] }),
  /** Throws a reserved record away. Since Linux 5.8. */
  ringbuf_discard: helper('5.8', on.everything, { record, flags }, 'void', { writes: ['map'] }),
  /**
   * Copies a record into a ring buffer. Flag 1 wakes no reader, flag 2 always wakes it. 0, or -EAGAIN when it is
   * full: `b.output`. Since Linux 5.8.
   */
  ringbuf_output: helper('5.8', on.everything, { map: mapOf('ringbuf'), data: input, flags }, s64, {
    writes: ['map'],
  }),
  /** Bytes that wait to be read (0), size (1), positions of reader (2) and writer (3). Since Linux 5.8. */
  ringbuf_query: helper('5.8', on.everything, { map: mapOf('ringbuf'), what: flags }, u64),
  /** Room for a record whose size only the running program knows. Since Linux 5.19. */
  ringbuf_reserve_dynptr: helper(
    '5.19',
    on.everything,
    { map: mapOf('ringbuf'), size: u32, flags, pointer: dynptr },
    s64,
  ),
  /** Hands such a record to user space. Since Linux 5.19. */
  ringbuf_submit_dynptr: helper('5.19', on.everything, { pointer: dynptr, flags }, 'void', {
    writes: ['map'],
  }),
  /** Throws such a record away. Since Linux 5.19. */
  ringbuf_discard_dynptr: helper('5.19', on.everything, { pointer: dynptr, flags }, 'void', {
    writes: ['map'],
  }),
  /** Runs a function for each record that user space has sent, until it returns 1. How many. Since Linux 6.1. */
  user_ringbuf_drain: helper(
    '6.1',
    on.everything,
    { map: mapOf('user_ringbuf'), body: callback, context: callbackContext, flags },
    s64,
    { writes: ['context', 'packet', 'frame', 'map', 'kernel'] },
  ),
  /**
   * Sends a record to the perf buffer of a CPU: the lower half of `flags` is its index, 0xffffffff for the one that
   * runs; bits 32 to 51 how many bytes of the packet to append. 0, or a negative errno: `b.perfOutput`. Since Linux 4.4.
   */
  perf_event_output: helper(
    '4.4',
    on.withPerfEvents,
    { ctx: context, map: mapOf('perf_event_array'), flags, data: input },
    s64,
    { gpl: true, writes: ['map'] },
  ),
  /** The count of a hardware or software event; errors are numbers as well: prefer the next. Since Linux 4.3. */
  perf_event_read: helper('4.3', on.everything, { map: mapOf('perf_event_array'), flags }, u64, {
    gpl: true,
  }),
  /** Count of an event, how long it was enabled and how long it ran. 0, or a negative errno. Since Linux 4.15. */
  perf_event_read_value: helper(
    '4.15',
    on.everything,
    { map: mapOf('perf_event_array'), flags, to: output },
    s64,
    { gpl: true },
  ),
  /** As `perf_event_output`, given the kernel's `sk_buff`. Since Linux 5.5. */
  skb_output: helper(
    '5.5',
    on.typedTracing,
    { skb: object('sk_buff'), map: mapOf('perf_event_array'), flags, data: input },
    s64,
    { gpl: true, writes: ['map'] },
  ),
  /** As `perf_event_output`, given the kernel's `xdp_buff`. Since Linux 5.7. */
  xdp_output: helper(
    '5.7',
    on.typedTracing,
    { xdp: object('xdp_buff'), map: mapOf('perf_event_array'), flags, data: input },
    s64,
    { gpl: true, writes: ['map'] },
  ),
} as const

/** Storage that lives as long as a socket, a task, an inode or a cgroup. */
export const storage = {
  /** What a map keeps for a socket; flag 1 makes it, from `initial` or zeroes. Null if there is none. Since Linux 5.2. */
  sk_storage_get: helper(
    '5.2',
    on.socketStorage,
    { map: mapOf('sk_storage'), socket, initial: initialValue, flags },
    memoryOrNull,
    { writes: ['map'] },
  ),
  /** Deletes what a map keeps for a socket. 0, or -ENOENT. Since Linux 5.2. */
  sk_storage_delete: helper('5.2', on.socketStorageDelete, { map: mapOf('sk_storage'), socket }, s64, {
    writes: ['map'],
  }),
  /** What a map keeps for an inode; flag 1 makes it. Null if there is none. Since Linux 5.10. */
  inode_storage_get: helper(
    '5.10',
    on.security,
    { map: mapOf('inode_storage'), inode: object('inode'), initial: initialValue, flags },
    memoryOrNull,
    { writes: ['map'] },
  ),
  /** Deletes what a map keeps for an inode. 0, or -ENOENT. Since Linux 5.10. */
  inode_storage_delete: helper(
    '5.10',
    on.security,
    { map: mapOf('inode_storage'), inode: object('inode') },
    s32,
    { writes: ['map'] },
  ),
  /** What a map keeps for a task; flag 1 makes it. Null if there is none. Since Linux 5.11. */
  task_storage_get: helper(
    '5.11',
    on.everything,
    { map: mapOf('task_storage'), task: object('task_struct'), initial: initialValue, flags },
    memoryOrNull,
    { writes: ['map'] },
  ),
  /** Deletes what a map keeps for a task. 0, or -ENOENT. Since Linux 5.11. */
  task_storage_delete: helper(
    '5.11',
    on.everything,
    { map: mapOf('task_storage'), task: object('task_struct') },
    s64,
    { writes: ['map'] },
  ),
  /** What a map keeps for a cgroup; flag 1 makes it. Null if there is none. Since Linux 6.2. */
  cgrp_storage_get: helper(
    '6.2',
    on.everything,
    { map: mapOf('cgrp_storage'), cgroup: object('cgroup'), initial: initialValue, flags },
    memoryOrNull,
    { writes: ['map'] },
  ),
  /** Deletes what a map keeps for a cgroup. 0, or -ENOENT. Since Linux 6.2. */
  cgrp_storage_delete: helper(
    '6.2',
    on.everything,
    { map: mapOf('cgrp_storage'), cgroup: object('cgroup') },
    s64,
    { writes: ['map'] },
  ),
  /** What a map of the older kind keeps for the cgroup the program is attached to. Since Linux 4.19. */
  get_local_storage: helper(
    '4.19',
    on.cgroupStorage,
    { map: mapOf('cgroup_storage', 'percpu_cgroup_storage'), flags },
    memoryOrNull,
  ),
} as const

/** Memory whose size only the running program knows. */
export const dynamicPointers = {
  /** Makes a dynptr to memory of a map value. 0, or -E2BIG. Since Linux 5.19. */
  dynptr_from_mem: helper('5.19', on.everything, { data: output, flags, pointer: dynptr }, s64),
  /** Copies out of what a dynptr points at. 0, or -E2BIG beyond its end. Since Linux 5.19. */
  dynptr_read: helper('5.19', on.everything, { to: output, from: dynptr, offset: u32, flags }, s64),
  /** Copies into what a dynptr points at. 0, or -E2BIG beyond its end. Since Linux 5.19. */
  dynptr_write: helper('5.19', on.everything, { to: dynptr, offset: u32, from: input, flags }, s64, {
    moves: true,
  }),
  /** Direct access to `length` bytes, a constant, of what a dynptr points at; or null. Since Linux 5.19. */
  dynptr_data: helper('5.19', on.everything, { pointer: dynptr, offset: u32, length: u32 }, memoryOrNull),
} as const
