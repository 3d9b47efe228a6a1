import type { Codec } from '../../asm/layout/codec.ts'
import { possibleCpus } from './possible-cpus.ts'

/**
 * The codec of a per-CPU map's entry: one value for each possible CPU, each padded to 8 bytes, as bpf(2) exchanges
 * them (`bpf_percpu_array_copy` in kernel/bpf/arraymap.c).
 *
 * ```ts
 * using counters = BpfMap.create(spec, { key: codecOf(u32), value: perCpu(codecOf(u64)) })
 * const total = counters.get(0)?.reduce((sum, n) => sum + n, 0n)
 * ```
 *
 * @param cpus how many CPUs; the running machine's possible CPUs when absent
 */
export function perCpu<T>(value: Codec<T>, cpus = possibleCpus()): Codec<readonly T[]> {
  const stride = perCpuStride(value.size)
  const size = stride * cpus
  return {
    size,
    encode(values) {
      if (values.length !== cpus)
        throw new RangeError(
          `a per-CPU entry expected ${cpus} values, one for each CPU, got ${values.length}`,
        )
      const bytes = new Uint8Array(size)
      values.forEach((each, cpu) => {
        bytes.set(value.encode(each), cpu * stride)
      })
      return bytes
    },
    decode(bytes) {
      if (bytes.byteLength < size) throw new RangeError(`expected ${size} bytes, got ${bytes.byteLength}`)
      return Array.from({ length: cpus }, (_, cpu) =>
        value.decode(bytes.subarray(cpu * stride, cpu * stride + value.size)),
      )
    },
  }
}

/** Bytes that one CPU's value takes in an entry. */
export function perCpuStride(valueSize: number): number {
  return Math.ceil(valueSize / 8) * 8
}
