; raw-tracepoint-syscalls.ts  (b, { number }) => {
   0: r0 = *(u64 *)(r1 + 8)
; raw-tracepoint-syscalls.ts  const calls = b.lookup(systemCalls, number.toU32(), { otherwise: 0 })
   1: *(u32 *)(r10 - 8) = r0
   2: r1 = map[system_calls] ll
   4: r2 = r10
   5: r2 += -8
   6: call bpf_map_lookup_elem
   7: if r0 == 0 goto L1
; raw-tracepoint-syscalls.ts  b.atomicAdd(calls, { count: 1 })
   8: r1 = 1
   9: lock *(u64 *)(r0 + 0) += r1
L1:
; raw-tracepoint-syscalls.ts  const calls = b.lookup(systemCalls, number.toU32(), { otherwise: 0 })
  10: w0 = 0
  11: exit
