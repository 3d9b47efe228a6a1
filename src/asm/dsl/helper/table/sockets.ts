import { s32, s64, u32, u64 } from '../../../layout/scalar.ts'
import {
  acquiredOrNull,
  castOrNull,
  context,
  flags,
  helper,
  input,
  int,
  key,
  mapOf,
  objectOrNull,
  output,
  plainSocket,
  releasedSocket,
  socket,
  socketOrNull,
} from './entry.ts'
import { on } from './program-sets.ts'

/** Sockets, found and asked. */
export const sockets = {
  /**
   * The TCP socket for a tuple of addresses and ports (network order; 12 bytes for IPv4, 36 for IPv6) in a network
   * namespace (-1 the packet's own), or null; release it with `sk_release`. Since Linux 4.20.
   */
  sk_lookup_tcp: helper(
    '4.20',
    on.socketLookup,
    { ctx: context, tuple: input, netns: s32, flags },
    acquiredOrNull('bpf_sock'),
  ),
  /** As `sk_lookup_tcp`, for UDP. Since Linux 4.20. */
  sk_lookup_udp: helper(
    '4.20',
    on.socketLookup,
    { ctx: context, tuple: input, netns: s32, flags },
    acquiredOrNull('bpf_sock'),
  ),
  /** As `sk_lookup_tcp`; also finds connections that are half open or in TIME_WAIT. Since Linux 5.2. */
  skc_lookup_tcp: helper(
    '5.2',
    on.socketLookup,
    { ctx: context, tuple: input, netns: s32, flags },
    acquiredOrNull('sock_common'),
  ),
  /** Gives back a socket that was looked up. Since Linux 4.20. */
  sk_release: helper('4.20', on.socketRelease, { socket: releasedSocket }, s64, {
    writes: ['context', 'kernel'],
  }),
  /** Gives the packet to this socket. In socket lookup programs flag 1 replaces the choice, null takes it back. 0, or a negative errno. Since Linux 5.7. */
  sk_assign: helper('5.7', on.socketAssigning, { ctx: context, socket: socketOrNull, flags }, s64),
  /** The socket with all its fields, or null for one that is half open. Since Linux 5.1. */
  sk_fullsock: helper('5.1', on.fullSockets, { socket: plainSocket }, castOrNull('bpf_sock')),
  /** The socket's TCP state (`bpf_tcp_sock`), or null. Since Linux 5.1. */
  tcp_sock: helper('5.1', on.tcpSockets, { socket: plainSocket }, castOrNull('bpf_tcp_sock')),
  /** The listening socket that a connection came in by, or null. Since Linux 5.1. */
  get_listener_sock: helper('5.1', on.fullSockets, { socket: plainSocket }, objectOrNull('bpf_sock')),
  /** A number that belongs to this socket alone for as long as the machine runs; 0 without one. Since Linux 4.12. */
  get_socket_cookie: helper('4.12', on.socketCookie, { ctx: context }, u64),
  /** The user id of the socket's owner; 65534 where nobody knows. Since Linux 4.12. */
  get_socket_uid: helper('4.12', on.socketOwner, { skb: context }, u32, { pure: true }),
  /** A number that belongs to this network namespace alone for as long as the machine runs. Since Linux 5.7. */
  get_netns_cookie: helper('5.7', on.netnsCookie, { ctx: context }, u64, { pure: true }),
  /** The id of the socket's cgroup. Since Linux 5.8. */
  sk_cgroup_id: helper('5.8', on.cgroupSkb, { socket }, u64),
  /** The id of the ancestor at a level of the socket's cgroup; the root is 0. Since Linux 5.8. */
  sk_ancestor_cgroup_id: helper('5.8', on.cgroupSkb, { socket, level: s32 }, u64),
  /** The kernel's `tcp_sock`, or null for another kind of socket. Since Linux 5.9. */
  skc_to_tcp_sock: helper('5.9', on.socketCasts, { socket }, castOrNull('tcp_sock')),
  /** The kernel's `tcp6_sock`, or null. Since Linux 5.9. */
  skc_to_tcp6_sock: helper('5.9', on.socketCasts, { socket }, castOrNull('tcp6_sock')),
  /** The kernel's `tcp_timewait_sock`, or null. Since Linux 5.9. */
  skc_to_tcp_timewait_sock: helper('5.9', on.socketCasts, { socket }, castOrNull('tcp_timewait_sock')),
  /** The kernel's `tcp_request_sock`, or null. Since Linux 5.9. */
  skc_to_tcp_request_sock: helper('5.9', on.socketCasts, { socket }, castOrNull('tcp_request_sock')),
  /** The kernel's `udp6_sock`, or null. Since Linux 5.9. */
  skc_to_udp6_sock: helper('5.9', on.socketCasts, { socket }, castOrNull('udp6_sock')),
  /** The kernel's `unix_sock`, or null. Since Linux 5.16. */
  skc_to_unix_sock: helper('5.16', on.socketCasts, { socket }, castOrNull('unix_sock')),
  /** The kernel's `mptcp_sock`, or null. Since Linux 5.19. */
  skc_to_mptcp_sock: helper('5.19', on.socketCasts, { socket }, castOrNull('mptcp_sock')),
} as const

/** Sockets, changed. */
export const socketOptions = {
  /** As setsockopt(2), for some options. 0, or a negative errno. Since Linux 4.13. */
  setsockopt: helper('4.13', on.socketOptions, { ctx: context, level: int, name: int, from: input }, s64, {
    writes: ['context'],
  }),
  /** As getsockopt(2), for some options. 0, or a negative errno. Since Linux 4.15. */
  getsockopt: helper('4.15', on.socketOptions, { ctx: context, level: int, name: int, to: output }, s64),
  /** Binds a socket that is about to connect to a local address (`sockaddr_in`, `sockaddr_in6`). Since Linux 4.17. */
  bind: helper('4.17', on.binding, { ctx: context, address: input }, s64, { writes: ['context'] }),
  /** Which events of the connection run the program again (BPF_SOCK_OPS_*_CB_FLAG). Bits it does not know, or -EINVAL. Since Linux 4.16. */
  sock_ops_cb_flags_set: helper('4.16', on.sockOps, { ctx: context, flags: int }, s64, {
    writes: ['context'],
  }),
  /** Reads an option of the TCP header, named by the first bytes of `to`. Bytes, or a negative errno. Since Linux 5.10. */
  load_hdr_opt: helper('5.10', on.sockOps, { ctx: context, to: output, flags }, s64),
  /** Writes an option of the TCP header. 0, or a negative errno. Since Linux 5.10. */
  store_hdr_opt: helper('5.10', on.sockOps, { ctx: context, from: input, flags }, s64, { moves: true }),
  /** Makes room for options of the TCP header. 0, or a negative errno. Since Linux 5.10. */
  reserve_hdr_opt: helper('5.10', on.sockOps, { ctx: context, length: u32, flags }, s64, {
    writes: ['context'],
  }),
  /** Acknowledges what was received up to `next`. 0, or -EINVAL. Congestion control only. Since Linux 5.5. */
  tcp_send_ack: helper('5.5', on.structOps, { tcp: { kind: 'object', struct: 'tcp_sock' }, next: u32 }, s64, {
    gpl: true,
  }),
} as const

/** Sockets in maps, and what goes from one to the other. */
export const socketMaps = {
  /** Puts the connection's socket into a map. 0, or a negative errno. Since Linux 4.14. */
  sock_map_update: helper('4.14', on.sockOps, { ctx: context, map: mapOf('sockmap'), key, flags }, s64, {
    writes: ['map'],
  }),
  /** Puts the connection's socket into a hash of sockets. 0, or a negative errno. Since Linux 4.18. */
  sock_hash_update: helper('4.18', on.sockOps, { ctx: context, map: mapOf('sockhash'), key, flags }, s64, {
    writes: ['map'],
  }),
  /** Hands the data to the socket at an index; flag 1: to its receiving side. SK_PASS, or SK_DROP. Since Linux 4.14. */
  sk_redirect_map: helper(
    '4.14',
    on.streams,
    { skb: context, map: mapOf('sockmap'), index: u32, flags },
    s64,
  ),
  /** As `sk_redirect_map`, by a key. Since Linux 4.18. */
  sk_redirect_hash: helper('4.18', on.streams, { skb: context, map: mapOf('sockhash'), key, flags }, s64),
  /** Hands a message that is being sent to the socket at an index. SK_PASS, or SK_DROP. Since Linux 4.17. */
  msg_redirect_map: helper(
    '4.17',
    on.messages,
    { msg: context, map: mapOf('sockmap'), index: u32, flags },
    s64,
  ),
  /** As `msg_redirect_map`, by a key. Since Linux 4.18. */
  msg_redirect_hash: helper('4.18', on.messages, { msg: context, map: mapOf('sockhash'), key, flags }, s64),
  /** Chooses which of the sockets that share a port gets the packet. 0, or a negative errno. Since Linux 4.19. */
  sk_select_reuseport: helper(
    '4.19',
    on.reuseport,
    { ctx: context, map: mapOf('reuseport_sockarray', 'sockmap', 'sockhash'), key, flags },
    s64,
  ),
} as const

/** Messages that are being sent (`sk_msg`). */
export const messages = {
  /** The verdict holds for the next `bytes` bytes, whatever calls send them. Always 0. Since Linux 4.17. */
  msg_apply_bytes: helper('4.17', on.messages, { msg: context, bytes: u32 }, s64),
  /** The program runs again once `bytes` bytes have come together. Always 0. Since Linux 4.17. */
  msg_cork_bytes: helper('4.17', on.messages, { msg: context, bytes: u32 }, s64),
  /** Makes the bytes from `start` to `end` directly readable. 0, or a negative errno. Since Linux 4.17. */
  msg_pull_data: helper('4.17', on.messages, { msg: context, start: u32, end: u32, flags }, s64, {
    moves: true,
  }),
  /** Inserts `length` bytes at `start`. 0, or a negative errno. Since Linux 4.20. */
  msg_push_data: helper('4.20', on.messages, { msg: context, start: u32, length: u32, flags }, s64, {
    moves: true,
  }),
  /** Removes `length` bytes at `start`. 0, or a negative errno. Since Linux 5.0. */
  msg_pop_data: helper('5.0', on.messages, { msg: context, start: u32, length: u32, flags }, s64, {
    moves: true,
  }),
} as const

/** Sysctls that are being read or written. */
export const sysctls = {
  /** Its name, into `to`; flag 1: without its directory. Characters, or -E2BIG. Since Linux 5.2. */
  sysctl_get_name: helper('5.2', on.sysctl, { ctx: context, to: output, flags }, s64),
  /** Its value as text, into `to`. Characters, or a negative errno. Since Linux 5.2. */
  sysctl_get_current_value: helper('5.2', on.sysctl, { ctx: context, to: output }, s64),
  /** The text that is being written, into `to`. Characters, or a negative errno. Since Linux 5.2. */
  sysctl_get_new_value: helper('5.2', on.sysctl, { ctx: context, to: output }, s64),
  /** Lets another text be written. 0, or a negative errno. Since Linux 5.2. */
  sysctl_set_new_value: helper('5.2', on.sysctl, { ctx: context, from: input }, s64),
} as const
