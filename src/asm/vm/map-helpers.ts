import type { Call, VmFunctions } from './call.ts'
import { errno, VmMap } from './map/map.ts'
import { PerfEventsMap } from './map/perf-events.ts'
import { BloomFilterMap, QueueMap } from './map/queue.ts'
import { RingBufferMap } from './map/ring-buffer.ts'

/** The helpers about maps that every program type has. */
export const mapHelpers: VmFunctions = {
  bpf_map_lookup_elem: (call) => {
    const map = call.object(0, VmMap)
    return pointerTo(call, map, map.lookup(call.bytes(1, map.spec.keySize), call.machine.cpu))
  },
  bpf_map_lookup_percpu_elem: (call) => {
    const map = call.object(0, VmMap)
    const cpu = call.u32(2)
    if (cpu >= possibleCpus) return 0
    return pointerTo(call, map, map.lookup(call.bytes(1, map.spec.keySize), cpu))
  },
  bpf_map_update_elem: (call) => {
    const map = call.object(0, VmMap)
    const { keySize, valueSize } = map.spec
    const flags = Number(call.u64(3))
    return map.update(call.bytes(1, keySize), call.bytes(2, valueSize), flags, call.machine.cpu)
  },
  bpf_map_delete_elem: (call) => {
    const map = call.object(0, VmMap)
    return map.delete(call.bytes(1, map.spec.keySize))
  },
  bpf_for_each_map_elem: (call) => forEachElement(call),
  bpf_map_push_elem: (call) => {
    const map = call.object(0, VmMap)
    if (!(map instanceof QueueMap || map instanceof BloomFilterMap)) return -errno.EOPNOTSUPP
    return map.push(call.bytes(1, map.spec.valueSize), Number(call.u64(2)))
  },
  bpf_map_pop_elem: (call) => {
    const map = call.object(0, QueueMap)
    return handOut(call, map.spec.valueSize, map.pop())
  },
  bpf_map_peek_elem: (call) => {
    const map = call.object(0, VmMap)
    if (map instanceof BloomFilterMap) return map.has(call.bytes(1, map.spec.valueSize)) ? 0 : -errno.ENOENT
    return handOut(call, map.spec.valueSize, call.object(0, QueueMap).peek())
  },
  bpf_ringbuf_reserve: (call) => {
    const map = call.object(0, RingBufferMap)
    const record = map.reserve(Number(call.u64(1)))
    return record === undefined ? 0 : call.machine.memory.addressOf(record, 'ring buffer record')
  },
  bpf_ringbuf_submit: (call) => finishRecord(call, true),
  bpf_ringbuf_discard: (call) => finishRecord(call, false),
  bpf_ringbuf_output: (call) => {
    const map = call.object(0, RingBufferMap)
    const size = Number(call.u64(2))
    const record = map.reserve(size)
    if (record === undefined) return -errno.EAGAIN
    record.set(call.bytes(1, size))
    map.finish(record, true)
    return 0
  },
  bpf_ringbuf_query: (call) => call.object(0, RingBufferMap).query(Number(call.u64(1))),
  bpf_perf_event_output: (call) => {
    const map = call.object(1, PerfEventsMap)
    const flags = call.u64(2)
    const data = call.bytes(3, Number(call.u64(4)))
    const cpu = Number(flags & 0xffff_ffffn)
    map.add(cpu === 0xffff_ffff ? call.machine.cpu : cpu, data.slice())
    return 0
  },
}

/** CPUs that the interpreter's machine seems to have. */
const possibleCpus = 256

function handOut(call: Call, size: number, value: Uint8Array | undefined): number {
  const to = call.writable(1, size)
  // As the kernel does where there is nothing (queue_stack_maps.c).
  if (value === undefined) to.fill(0)
  else to.set(value)
  return value === undefined ? -errno.ENOENT : 0
}

function pointerTo(call: Call, map: VmMap, found: Uint8Array | VmMap | undefined): number {
  if (found === undefined) return 0
  const { memory } = call.machine
  return found instanceof Uint8Array
    ? memory.addressOf(found, `an element of ${map.spec.name}`)
    : memory.handle(found, `a map of ${map.spec.name}`)
}

function forEachElement(call: Call): number {
  const map = call.object(0, VmMap)
  const context = call.u64(2)
  if (call.u64(3) !== 0n) return -errno.EINVAL
  const callback = call.target(1)
  const { memory } = call.machine
  let visited = 0
  for (const key of [...map.keys()]) {
    const pointer = pointerTo(call, map, map.lookup(key, call.machine.cpu))
    if (pointer === 0) continue
    visited++
    const keyPointer = memory.map(`a key of ${map.spec.name}`, key, false)
    if (callback([memory.handle(map, `map ${map.spec.name}`), keyPointer, pointer, context]) !== 0n) break
  }
  return visited
}

function finishRecord(call: Call, submit: boolean): undefined {
  const record = call.region(0).bytes
  for (const map of call.machine.maps)
    if (map instanceof RingBufferMap && map.finish(record, submit)) {
      call.machine.memory.unmap(call.u32(0))
      return
    }
  throw call.error('argument 1 is no reserved record of a ring buffer')
}
