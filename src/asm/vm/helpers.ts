import type { Call, VmFunctions } from './call.ts'
import { errno, VmMap } from './map/map.ts'
import { RingBufferMap } from './map/ring-buffer.ts'

/** What the helpers of {@link generalHelpers} tell a program about the world. */
export interface World {
  /** Nanoseconds since boot, for the clock helpers. */
  readonly now: () => bigint
  /** 32 random bits, unsigned. */
  readonly random: () => number
}

/** Clock ticks a second (CONFIG_HZ) that `bpf_jiffies64` counts. */
export const ticksPerSecond = 1000

/** The helpers that every program type has: maps, clocks, random numbers, ring buffers, loops. */
export function generalHelpers(world: World): VmFunctions {
  return {
    bpf_map_lookup_elem: (call) => {
      const map = call.object(0, VmMap)
      return pointerTo(call, map, map.lookup(call.bytes(1, map.spec.keySize), call.machine.cpu))
    },
    bpf_map_lookup_percpu_elem: (call) => {
      const map = call.object(0, VmMap)
      return pointerTo(call, map, map.lookup(call.bytes(1, map.spec.keySize), call.u32(2)))
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
    bpf_loop: (call) => loop(call),
    bpf_ktime_get_ns: () => world.now(),
    bpf_ktime_get_boot_ns: () => world.now(),
    bpf_ktime_get_coarse_ns: () => world.now(),
    bpf_jiffies64: () => (world.now() * BigInt(ticksPerSecond)) / 1_000_000_000n,
    bpf_get_prandom_u32: () => world.random() >>> 0,
    bpf_get_smp_processor_id: (call) => call.machine.cpu,
    bpf_get_numa_node_id: () => 0,
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
  }
}

function pointerTo(call: Call, map: VmMap, found: Uint8Array | VmMap | undefined): number {
  if (found === undefined) return 0
  const { memory } = call.machine
  return found instanceof Uint8Array
    ? memory.addressOf(found, `an element of ${map.spec.name}`)
    : memory.handle(found, `a map of ${map.spec.name}`)
}

/** Loops may not be longer than this (BPF_MAX_LOOPS, include/linux/bpf_verifier.h). */
const maxLoops = 8 * 1024 * 1024

function loop(call: Call): number {
  const [count, context] = [call.u32(0), call.u64(2)]
  if (call.u64(3) !== 0n) return -errno.EINVAL
  if (count > maxLoops) return -errno.E2BIG
  const callback = call.target(1)
  for (let i = 0; i < count; i++) if (callback([i, context]) !== 0n) return i + 1
  return count
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

/** Random numbers that are the same in every run: xorshift32 (Marsaglia, "Xorshift RNGs", 2003). */
export function repeatableRandom(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}
