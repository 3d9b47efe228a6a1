; lsm-no-raw-sockets.ts  return lsm('no_raw_sockets', { hook: 'socket_create', parameters }, (b, { type, kernel }, previous) => {
   0: r0 = *(u64 *)(r1 + 32)
; lsm-no-raw-sockets.ts  b.if(previous.ne(0), () => b.return(previous))
   1: if w0 == 0 goto L1
   2: w0 = w0
   3: exit
L1:
; lsm-no-raw-sockets.ts  return lsm('no_raw_sockets', { hook: 'socket_create', parameters }, (b, { type, kernel }, previous) => {
   4: r0 = *(u64 *)(r1 + 24)
; lsm-no-raw-sockets.ts  b.if(kernel.ne(0).or(type.and(typeMask).ne(rawSocket)), () => b.return(0))
   5: if w0 != 0 goto L2
; lsm-no-raw-sockets.ts  return lsm('no_raw_sockets', { hook: 'socket_create', parameters }, (b, { type, kernel }, previous) => {
   6: r0 = *(u64 *)(r1 + 8)
; lsm-no-raw-sockets.ts  b.if(kernel.ne(0).or(type.and(typeMask).ne(rawSocket)), () => b.return(0))
   7: w0 &= 15
   8: if w0 != 3 goto L2
; lsm-no-raw-sockets.ts  b.if(b.helpers.get_current_uid_gid().toU32().eq(uid), () => b.return(-notPermitted))
   9: call bpf_get_current_uid_gid
  10: if w0 != 65534 goto L2
  11: w0 = -1
  12: exit
L2:
; lsm-no-raw-sockets.ts  b.if(kernel.ne(0).or(type.and(typeMask).ne(rawSocket)), () => b.return(0))
  13: w0 = 0
  14: exit
