; tracepoint-execs.ts  const exec = b.lookup(execs, record.pid.toU32().and(0xffff), { otherwise: 0 })
   0: r6 = *(u32 *)(r1 + 0)  ; trace_event_raw_sched_process_exec::pid
   1: r0 = r6
   2: w0 &= 65535
   3: *(u32 *)(r10 - 8) = r0
   4: r1 = map[execs] ll
   6: r2 = r10
   7: r2 += -8
   8: call bpf_map_lookup_elem
   9: if r0 == 0 goto L1
; tracepoint-execs.ts  b.assign(exec, { pid: record.pid.toU32() })
  10: *(u32 *)(r0 + 0) = r6
; tracepoint-execs.ts  b.helpers.get_current_comm({ to: exec.name })
  11: r1 = r0
  12: r1 += 4
  13: w2 = 16
  14: call bpf_get_current_comm
L1:
; tracepoint-execs.ts  const exec = b.lookup(execs, record.pid.toU32().and(0xffff), { otherwise: 0 })
  15: w0 = 0
  16: exit
