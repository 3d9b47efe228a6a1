; kprobe-unlinks.ts  export const kprobeUnlinks = kprobe(
   0: r6 = r1
; kprobe-unlinks.ts  const pid = b.helpers.get_current_pid_tgid().shr(32).toU32()
   1: call bpf_get_current_pid_tgid
   2: r7 = r0
   3: r7 >>= 32
; kprobe-unlinks.ts  const unlink = b.lookup(unlinks, pid.and(0xffff), { otherwise: 0 })
   4: r0 = r7
   5: w0 &= 65535
   6: *(u32 *)(r10 - 8) = r0
   7: r1 = map[unlinks] ll
   9: r2 = r10
  10: r2 += -8
  11: call bpf_map_lookup_elem
  12: r8 = r0
  13: if r0 == 0 goto L1
; kprobe-unlinks.ts  (b, { entry }) => {
  14: r3 = *(u64 *)(r6 + 0)  ; bpf_user_pt_regs_t::argument3
; kprobe-unlinks.ts  b.assign(unlink, { pid, files: unlink.files.add(1), inode: entry.inode.number })
  15: r6 = *(u32 *)(r8 + 4)
  16: w6 += 1
  17: r0 = 0  ; dentry::d_inode
  18: r3 += r0
  19: r1 = r10
  20: r1 += -16
  21: w2 = 8
  22: call bpf_probe_read_kernel
  23: r3 = *(u64 *)(r10 - 16)
  24: r0 = 0  ; inode::i_ino
  25: r3 += r0
  26: r1 = r10
  27: r1 += -16
  28: w2 = 8
  29: call bpf_probe_read_kernel
  30: r0 = *(u64 *)(r10 - 16)
  31: *(u32 *)(r8 + 0) = r7
  32: *(u32 *)(r8 + 4) = r6
  33: *(u64 *)(r8 + 8) = r0
L1:
; kprobe-unlinks.ts  const unlink = b.lookup(unlinks, pid.and(0xffff), { otherwise: 0 })
  34: w0 = 0
  35: exit
