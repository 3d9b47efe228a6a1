import type { Call, VmFunctions } from './call.ts'
import { errno } from './map/map.ts'
import { mapHelpers } from './map-helpers.ts'
import { textHelpers } from './text-helpers.ts'

/** What the helpers of {@link generalHelpers} tell a program about the world. */
export interface World {
  /** Nanoseconds since boot, for the clock helpers. */
  readonly now: () => bigint
  /** 32 random bits, unsigned. */
  readonly random: () => number
  /** Takes the lines of the trace log; they are lost when absent. */
  readonly print?: (line: string) => void
}

/** Clock ticks a second (CONFIG_HZ) that `bpf_jiffies64` counts. */
export const ticksPerSecond = 1000

/** The helpers that every program type has: maps, clocks, random numbers, ring buffers, loops. */
export function generalHelpers(world: World): VmFunctions {
  return {
    ...mapHelpers,
    ...textHelpers(world.print ?? (() => {})),
    bpf_loop: (call) => loop(call),
    bpf_ktime_get_ns: () => world.now(),
    bpf_ktime_get_boot_ns: () => world.now(),
    bpf_ktime_get_coarse_ns: () => world.now(),
    bpf_jiffies64: () => (world.now() * BigInt(ticksPerSecond)) / 1_000_000_000n,
    bpf_get_prandom_u32: () => world.random() >>> 0,
    bpf_get_smp_processor_id: (call) => call.machine.cpu,
    bpf_get_numa_node_id: () => 0,
    bpf_spin_lock: () => undefined,
    bpf_spin_unlock: () => undefined,
  }
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
