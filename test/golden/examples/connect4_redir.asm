; connect4-redirect.ts  export const connect4Redirect = cgroupSockAddr('connect4_redir', 'connect4', (b, ctx) => {
   0: r6 = r1
; connect4-redirect.ts  const place = b.lookup(redirects, { address: ctx.userIp4, port: ctx.userPort }, { otherwise: CGROUP_ALLOW })
   1: r0 = *(u32 *)(r1 + 4)
   2: r1 = *(u16 *)(r1 + 24)
   3: *(u16 *)(r10 - 2) = 0
   4: *(u32 *)(r10 - 8) = r0
   5: *(u16 *)(r10 - 4) = r1
   6: r1 = map[redirects] ll
   8: r2 = r10
   9: r2 += -8
  10: call bpf_map_lookup_elem
  11: if r0 == 0 goto L1
; connect4-redirect.ts  b.assign(ctx, { userIp4: place.address, userPort: place.port })
  12: r1 = *(u32 *)(r0 + 0)
  13: r0 = *(u16 *)(r0 + 4)
  14: *(u32 *)(r6 + 4) = r1
  15: *(u32 *)(r6 + 24) = r0
L1:
; connect4-redirect.ts  const place = b.lookup(redirects, { address: ctx.userIp4, port: ctx.userPort }, { otherwise: CGROUP_ALLOW })
  16: w0 = 1
  17: exit
