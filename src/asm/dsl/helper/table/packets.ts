import { s32, s64, u16, u32, u64 } from '../../../layout/scalar.ts'
import {
  context,
  flags,
  flags32,
  helper,
  input,
  inputOf,
  inputOrNull,
  mapOf,
  network16,
  output,
  outputOf,
  socket,
} from './entry.ts'
import { on } from './program-sets.ts'

/** Packets as the kernel's `sk_buff`. Offsets count from the link header where the program sees one. */
export const socketBuffers = {
  /** Copies bytes of the packet, wherever they lie, into `to`. 0, or -EFAULT beyond its end, and zeroes. Since Linux 4.5. */
  skb_load_bytes: helper('4.5', on.packetReaders, { skb: context, offset: u32, to: output }, s64),
  /** As `skb_load_bytes`, from the MAC header (0) or the network header (1) on. Since Linux 4.18. */
  skb_load_bytes_relative: helper(
    '4.18',
    on.relativeReaders,
    { skb: context, offset: u32, to: output, from: u32 },
    s64,
  ),
  /**
   * Overwrites bytes of the packet. Flag 1 (BPF_F_RECOMPUTE_CSUM) updates the checksum of the whole, flag 2 forgets
   * the hash. 0, or a negative errno. Since Linux 4.1.
   */
  skb_store_bytes: helper('4.1', on.resizing, { skb: context, offset: u32, from: input, flags }, s64, {
    moves: true,
  }),
  /** Makes the first `length` bytes directly readable and writable; 0 for all that there are. Since Linux 4.9. */
  skb_pull_data: helper('4.9', on.pullers, { skb: context, length: u32 }, s64, { moves: true }),
  /** Cuts the packet to `length` bytes or grows it with zeroes. 0, or a negative errno. Since Linux 4.9. */
  skb_change_tail: helper('4.9', on.resizing, { skb: context, length: u32, flags }, s64, { moves: true }),
  /** Puts `length` bytes in front, for a MAC header. 0, or a negative errno. Since Linux 4.10. */
  skb_change_head: helper('4.10', on.resizing, { skb: context, length: u32, flags }, s64, { moves: true }),
  /**
   * Grows (or shrinks, if negative) the room behind the MAC header (mode 1) or the network header (mode 0), for
   * encapsulation; flags say which. 0, or a negative errno. Since Linux 4.13.
   */
  skb_adjust_room: helper(
    '4.13',
    on.roomAdjusting,
    { skb: context, difference: s32, mode: u32, flags },
    s64,
    { moves: true },
  ),
  /** Turns an IPv4 packet into IPv6 or back by its EtherType; the headers' contents are the program's. Since Linux 4.8. */
  skb_change_proto: helper('4.8', on.trafficControl, { skb: context, protocol: network16, flags }, s64, {
    moves: true,
  }),
  /** Says whom the packet is for: this host (0), all (1), some (2), another (3). 0, or -EINVAL. Since Linux 4.8. */
  skb_change_type: helper('4.8', on.trafficControl, { skb: context, type: u32 }, s64, {
    writes: ['context'],
  }),
  /** Adds a VLAN tag: EtherType and tag. 0, or a negative errno. Since Linux 4.3. */
  skb_vlan_push: helper('4.3', on.trafficControl, { skb: context, protocol: network16, tag: u16 }, s64, {
    moves: true,
  }),
  /** Takes the outermost VLAN tag off. 0, or a negative errno. Since Linux 4.3. */
  skb_vlan_pop: helper('4.3', on.trafficControl, { skb: context }, s64, { moves: true }),
  /** Marks an IP packet as having met congestion, if its sender takes that. 1 if done, 0 if not. Since Linux 5.1. */
  skb_ecn_set_ce: helper('5.1', on.fullSockets, { skb: context }, s64, { writes: ['packet'] }),
  /** Sets the packet's time: nanoseconds, and of which clock (0 none, 1 monotonic). 0, or a negative errno. Since Linux 5.18. */
  skb_set_tstamp: helper('5.18', on.trafficControl, { skb: context, time: u64, clock: u32 }, s64, {
    writes: ['context'],
  }),
  /** The packet's flow hash, computed if it has none yet. Since Linux 4.8. */
  get_hash_recalc: helper('4.8', on.routed, { skb: context }, u32, { writes: ['context'] }),
  /** Forgets the packet's flow hash, after its addresses or ports have changed. Since Linux 4.9. */
  set_hash_invalid: helper('4.9', on.transmitting, { skb: context }, 'void', { writes: ['context'] }),
  /** Sets the packet's flow hash. Always 0. Since Linux 4.13. */
  set_hash: helper('4.13', on.trafficControl, { skb: context, hash: u32 }, s64, { writes: ['context'] }),
  /** The realm of the route that the packet takes, 0 without one. Since Linux 4.4. */
  get_route_realm: helper('4.4', on.routed, { skb: context }, u32, { pure: true }),
  /** The net_cls class (cgroup version 1) of the current task. Since Linux 4.3. */
  get_cgroup_classid: helper('4.3', on.everything, { skb: context }, u32, { pure: true }),
  /** The net_cls class of the packet's socket. Since Linux 5.10. */
  skb_cgroup_classid: helper('5.10', on.trafficControl, { skb: context }, u64, { pure: true }),
  /** The id of the cgroup of the packet's socket, 0 without one. Since Linux 4.18. */
  skb_cgroup_id: helper('4.18', on.fullSockets, { skb: context }, u64, { pure: true }),
  /** The id of the ancestor at a level of that cgroup; the root is 0. Since Linux 4.19. */
  skb_ancestor_cgroup_id: helper('4.19', on.fullSockets, { skb: context, level: s32 }, u64, { pure: true }),
  /** Whether the packet's socket is in the cgroup at `index`, or below it: 1, 0, or a negative errno. Since Linux 4.8. */
  skb_under_cgroup: helper('4.8', on.routed, { skb: context, map: mapOf('cgroup_array'), index: u32 }, s64),
  /** What IPsec has done to the packet (`bpf_xfrm_state`), by index of its transformation. Since Linux 4.18. */
  skb_get_xfrm_state: helper('4.18', on.trafficControl, { skb: context, index: u32, to: output, flags }, s64),
  /** Addresses and id of the tunnel that the packet came through (`bpf_tunnel_key`). Since Linux 4.3. */
  skb_get_tunnel_key: helper('4.3', on.transmitting, { skb: context, to: output, flags }, s64),
  /** Addresses and id of the tunnel that the packet will go through. 0, or a negative errno. Since Linux 4.3. */
  skb_set_tunnel_key: helper('4.3', on.transmitting, { skb: context, from: input, flags }, s64, {
    writes: ['context'],
  }),
  /** The options of the tunnel that the packet came through. Bytes, or a negative errno. Since Linux 4.6. */
  skb_get_tunnel_opt: helper('4.6', on.transmitting, { skb: context, to: output }, s64),
  /** The options of the tunnel that the packet will go through. 0, or a negative errno. Since Linux 4.6. */
  skb_set_tunnel_opt: helper('4.6', on.transmitting, { skb: context, from: input }, s64, {
    writes: ['context'],
  }),
} as const

/** Internet checksums, updated for what has changed. */
export const checksums = {
  /**
   * Updates the IP header checksum at `offset` for a field of `size` bytes (2 or 4) that was `from` and is `to`, in
   * network order; `size` 0: `to` is a difference from `csum_diff`. 0, or a negative errno. Since Linux 4.1.
   */
  l3_csum_replace: helper(
    '4.1',
    on.transmitting,
    { skb: context, offset: u32, from: u64, to: u64, size: flags },
    s64,
    { moves: true },
  ),
  /**
   * Updates a TCP, UDP or ICMP checksum at `offset`; right for checksums that the interface will finish, too. `flags`:
   * bytes of the field, 0x10 if it is part of the pseudo header, 0x20 for UDP, whose 0 means none. Since Linux 4.1.
   */
  l4_csum_replace: helper(
    '4.1',
    on.transmitting,
    { skb: context, offset: u32, from: u64, to: u64, flags },
    s64,
    { moves: true },
  ),
  /**
   * The checksum difference between two pieces of memory (multiples of 4 bytes; null for none) on top of `seed`; or a
   * negative errno. Since Linux 4.6.
   */
  csum_diff: helper('4.6', on.checksums, { from: inputOrNull, to: inputOrNull, seed: u32 }, s64),
  /** Adds to the checksum of the whole packet, if it has one. It, or -ENOTSUPP. Since Linux 4.9. */
  csum_update: helper('4.9', on.transmitting, { skb: context, difference: u32 }, s64, {
    writes: ['context'],
  }),
  /** How many checksums of nested headers the interface has verified: ask (0), one more (1), less (2), none (3). Since Linux 5.8. */
  csum_level: helper('5.8', on.transmitting, { skb: context, level: flags }, s64, { writes: ['context'] }),
} as const

/** Where packets go. */
export const forwarding = {
  /** Sends the packet out of an interface once the program returns this verdict; flag 1: into it instead. Since Linux 4.4. */
  redirect: helper('4.4', on.redirecting, { ifindex: u32, flags }, s64),
  /** As `redirect` to what a devmap, cpumap or xskmap has at `key`; else the lower bits of `flags` are the verdict. Since Linux 4.14. */
  redirect_map: helper(
    '4.14',
    on.xdp,
    { map: mapOf('devmap', 'devmap_hash', 'cpumap', 'xskmap'), key: u64, flags },
    s64,
  ),
  /** As `redirect`, and the neighbour table fills in the MAC addresses. `params` names another next hop. Since Linux 5.10. */
  redirect_neigh: helper('5.10', on.trafficControl, { ifindex: u32, params: inputOrNull, flags }, s64),
  /** As `redirect`, straight into the other end of a veth pair. Ingress only. Since Linux 5.10. */
  redirect_peer: helper('5.10', on.trafficControl, { ifindex: u32, flags }, s64),
  /** Sends a copy out of an interface at once; flag 1: into it. 0, or a negative errno. Since Linux 4.2. */
  clone_redirect: helper('4.2', on.transmitting, { skb: context, ifindex: u32, flags }, s64, { moves: true }),
  /**
   * Asks the routing and neighbour tables, given and answered in `params` (`bpf_fib_lookup`). 0 with MAC addresses
   * and interface; above 0 why there are none; or a negative errno. Since Linux 4.18.
   */
  fib_lookup: helper('4.18', on.forwarding, { ctx: context, params: output, flags: flags32 }, s64, {
    gpl: true,
  }),
  /** Whether the packet fits an interface's MTU; `mtu` gets it. 0 it fits, 1 too long, 2 its segments are. Since Linux 5.12. */
  check_mtu: helper(
    '5.12',
    on.forwarding,
    { ctx: context, ifindex: u32, mtu: outputOf(4), difference: s32, flags },
    s64,
    { gpl: true },
  ),
} as const

/** Packets in a driver's buffer (XDP). */
export const driverBuffers = {
  /** Moves the start of the packet; negative: room in front. 0, or a negative errno. Since Linux 4.10. */
  xdp_adjust_head: helper('4.10', on.xdp, { xdp: context, difference: s32 }, s64, { moves: true }),
  /** Moves the end of the packet. 0, or a negative errno. Since Linux 4.18. */
  xdp_adjust_tail: helper('4.18', on.xdp, { xdp: context, difference: s32 }, s64, { moves: true }),
  /** Makes room for metadata in front of the packet, a multiple of 4 bytes. 0, or a negative errno. Since Linux 4.15. */
  xdp_adjust_meta: helper('4.15', on.xdp, { xdp: context, difference: s32 }, s64, { moves: true }),
  /** Bytes of the packet, all its fragments included. Since Linux 5.18. */
  xdp_get_buff_len: helper('5.18', on.bufferLength, { xdp: context }, u64, { pure: true }),
  /** Copies bytes of the packet, fragments included, into `to`. 0, or a negative errno. Since Linux 5.18. */
  xdp_load_bytes: helper('5.18', on.xdp, { xdp: context, offset: u32, to: output }, s64),
  /** Overwrites bytes of the packet, fragments included. 0, or a negative errno. Since Linux 5.18. */
  xdp_store_bytes: helper('5.18', on.xdp, { xdp: context, offset: u32, from: input }, s64, {
    writes: ['packet'],
  }),
} as const

/** Lightweight tunnels. */
export const lightweightTunnels = {
  /** Encapsulates: SRv6 (0), SRv6 inline (1), IP (2), with these headers. 0, or a negative errno. Since Linux 4.18. */
  lwt_push_encap: helper('4.18', on.encapsulating, { skb: context, type: u32, headers: input }, s64, {
    moves: true,
  }),
  /** Overwrites bytes of the outermost segment routing header. 0, or a negative errno. Since Linux 4.18. */
  lwt_seg6_store_bytes: helper('4.18', on.seg6, { skb: context, offset: u32, from: input }, s64, {
    moves: true,
  }),
  /** Grows or shrinks the TLVs of the segment routing header. 0, or a negative errno. Since Linux 4.18. */
  lwt_seg6_adjust_srh: helper('4.18', on.seg6, { skb: context, offset: u32, difference: s32 }, s64, {
    moves: true,
  }),
  /** Does one of the segment routing actions End.X, End.T, End.B6, End.B6.Encap. 0, or a negative errno. Since Linux 4.18. */
  lwt_seg6_action: helper('4.18', on.seg6, { skb: context, action: u32, parameter: input }, s64, {
    moves: true,
  }),
} as const

/** SYN cookies. */
export const synCookies = {
  /** Whether an ACK carries a SYN cookie of the listening socket: 0, -ENOENT, or a negative errno. Since Linux 5.2. */
  tcp_check_syncookie: helper('5.2', on.forwarding, { socket, ip: input, tcp: input }, s64, { gpl: true }),
  /** A SYN cookie for the listening socket in the lower half, the MSS above it; or a negative errno. Since Linux 5.3. */
  tcp_gen_syncookie: helper('5.3', on.forwarding, { socket, ip: input, tcp: input }, s64, { gpl: true }),
  /** As `tcp_gen_syncookie` over IPv4, without a socket. Since Linux 6.0. */
  tcp_raw_gen_syncookie_ipv4: helper('6.0', on.forwarding, { ip: inputOf(20), tcp: input }, s64, {
    gpl: true,
  }),
  /** As `tcp_gen_syncookie` over IPv6, without a socket. Since Linux 6.0. */
  tcp_raw_gen_syncookie_ipv6: helper('6.0', on.forwarding, { ip: inputOf(40), tcp: input }, s64, {
    gpl: true,
  }),
  /** As `tcp_check_syncookie` over IPv4, without a socket: 0, or -EACCES. Since Linux 6.0. */
  tcp_raw_check_syncookie_ipv4: helper('6.0', on.forwarding, { ip: inputOf(20), tcp: inputOf(20) }, s64, {
    gpl: true,
  }),
  /** As `tcp_check_syncookie` over IPv6, without a socket: 0, or -EACCES. Since Linux 6.0. */
  tcp_raw_check_syncookie_ipv6: helper('6.0', on.forwarding, { ip: inputOf(40), tcp: inputOf(20) }, s64, {
    gpl: true,
  }),
} as const
