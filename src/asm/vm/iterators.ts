import type { Call, VmFunctions } from './call.ts'
import { errno } from './map/map.ts'

/** What an iterator over numbers goes through at most (BPF_MAX_LOOPS, include/linux/bpf_verifier.h). */
const maxLoops = 8 * 1024 * 1024

/** The open-coded iterator over numbers, whose 8 bytes hold the current number and the end (kernel/bpf/bpf_iter.c). */
export const iteratorFunctions: VmFunctions = {
  bpf_iter_num_new: (call) => {
    const [start, end] = [call.s32(1), call.s32(2)]
    const it = state(call)
    const problem = start > end ? -errno.EINVAL : end - start > maxLoops ? -errno.E2BIG : 0
    it.setInt32(0, problem === 0 ? start - 1 : 0, true)
    it.setInt32(4, problem === 0 ? end : 0, true)
    return problem
  },
  bpf_iter_num_next: (call) => {
    const it = state(call)
    const next = it.getInt32(0, true) + 1
    if (next >= it.getInt32(4, true)) {
      it.setBigInt64(0, 0n, true)
      return 0
    }
    it.setInt32(0, next, true)
    return call.u64(0)
  },
  bpf_iter_num_destroy: (call) => {
    state(call).setBigInt64(0, 0n, true)
    return undefined
  },
}

function state(call: Call): DataView {
  const bytes = call.writable(0, 8)
  return new DataView(bytes.buffer, bytes.byteOffset, 8)
}
