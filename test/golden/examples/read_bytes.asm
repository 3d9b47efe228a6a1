; fexit-read-bytes.ts  export const fexitReadBytes = fexit(
   0: r6 = r1
; fexit-read-bytes.ts  const total = b.lookup(reads, 0, { otherwise: 0 })
   1: *(u32 *)(r10 - 8) = 0
   2: r1 = map[reads] ll
   4: r2 = r10
   5: r2 += -8
   6: call bpf_map_lookup_elem
   7: if r0 == 0 goto L2
; fexit-read-bytes.ts  export const fexitReadBytes = fexit(
   8: r2 = *(u64 *)(r6 + 32)
; fexit-read-bytes.ts  b.if(
   9: if r2 s>= 0 goto L1
; fexit-read-bytes.ts  () => b.atomicAdd(total, { errors: 1 }),
  10: r1 = 1
  11: lock *(u64 *)(r0 + 16) += r1
  12: goto L2
L1:
; fexit-read-bytes.ts  () => b.atomicAdd(total, { calls: 1, bytes: result.toU64() }),
  13: r1 = 1
  14: lock *(u64 *)(r0 + 0) += r1
  15: lock *(u64 *)(r0 + 8) += r2
L2:
; fexit-read-bytes.ts  const total = b.lookup(reads, 0, { otherwise: 0 })
  16: w0 = 0
  17: exit
