; tp-btf-parents.ts  (b, { task }) => {
   0: r7 = *(u64 *)(r1 + 0)
; tp-btf-parents.ts  const start = b.lookup(parents, task.tgid.toU32().and(0xffff), { otherwise: 0 })
   1: r6 = *(u32 *)(r7 + 0)  ; task_struct::tgid
   2: r0 = r6
   3: w0 &= 65535
   4: *(u32 *)(r10 - 8) = r0
   5: r1 = map[parents] ll
   7: r2 = r10
   8: r2 += -8
   9: call bpf_map_lookup_elem
  10: if r0 == 0 goto L1
; tp-btf-parents.ts  b.assign(start, { pid: task.tgid.toU32(), parent: task.parent.tgid.toU32() })
  11: r1 = *(u64 *)(r7 + 0)  ; task_struct::real_parent
  12: r1 = *(u32 *)(r1 + 0)  ; task_struct::tgid
  13: *(u32 *)(r0 + 0) = r6
  14: *(u32 *)(r0 + 4) = r1
L1:
; tp-btf-parents.ts  const start = b.lookup(parents, task.tgid.toU32().and(0xffff), { otherwise: 0 })
  15: w0 = 0
  16: exit
