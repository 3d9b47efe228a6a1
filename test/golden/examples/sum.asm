; syscall-sum.ts  b.assign(sum, { result: sum.a.toU64().add(sum.b) })
   0: r0 = *(u32 *)(r1 + 0)
   1: r2 = *(u32 *)(r1 + 4)
   2: r0 += r2
   3: *(u64 *)(r1 + 8) = r0
; syscall-sum.ts  b.return(0)
   4: w0 = 0
   5: exit
