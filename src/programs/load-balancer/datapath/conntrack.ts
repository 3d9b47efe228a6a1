/**
 * The kernel's connection tracking as the data path sees it: the kfuncs of net/netfilter/nf_conntrack_bpf.c and
 * nf_nat_bpf.c, and the members of `struct nf_conn` it reads.
 */

import { kernelType, member } from '../../../asm/dsl/kernel/kernel-type.ts'
import {
  acquired,
  borrowed,
  consumed,
  contextParameter,
  enumeration,
  kfunc,
  memory,
} from '../../../asm/dsl/kernel/kfunc.ts'
import { be16, be32, s32, u8, u16, u32, u64 } from '../../../asm/layout/scalar.ts'
import { struct } from '../../../asm/layout/struct.ts'

/** A connection in the table. */
export const Connection = kernelType('nf_conn', {
  mark: u32,
  /** `IPS_*` bits. */
  status: u64,
  /** When it expires, in jiffies. */
  timeout: u32,
  /** `TCP_CONNTRACK_*`; meaningless for other protocols. */
  tcpState: member('proto.tcp.state', u8),
})

/** A connection that is not in the table yet; only inserting disposes of it. */
export const NewConnection = kernelType('nf_conn___init', { mark: u32 }, 'nf_conn')

/** `struct bpf_sock_tuple`, its IPv4 form. */
export const Ipv4Tuple = struct('bpf_sock_tuple', {
  source: be32,
  destination: be32,
  sourcePort: be16,
  destinationPort: be16,
})

/**
 * `struct bpf_ct_opts` as Linux 6.1 has it, 12 bytes; later kernels know a longer one and still take this, while
 * 6.1 refuses the longer one at run time.
 */
export const LookupOptions = struct('bpf_ct_opts', {
  /** -1 (BPF_F_CURRENT_NETNS): the packet's network namespace. */
  netnsId: s32,
  error: s32,
  protocol: u8,
  /** Set by a lookup: 0 original direction, 1 reply. */
  direction: u8,
  reserved: u16,
})

const context = contextParameter('__sk_buff')
const tuple = memory(Ipv4Tuple)
const options = memory(LookupOptions)

export const lookup = kfunc(
  'bpf_skb_ct_lookup',
  [context, tuple, u32, options, u32],
  acquired(Connection),
  '5.18',
)
export const allocate = kfunc(
  'bpf_skb_ct_alloc',
  [context, tuple, u32, options, u32],
  acquired(NewConnection),
  '6.0',
)
export const setNatInfo = kfunc(
  'bpf_ct_set_nat_info',
  [borrowed(NewConnection), memory('union nf_inet_addr'), s32, enumeration('nf_nat_manip_type')],
  s32,
  '6.1',
)
export const insert = kfunc('bpf_ct_insert_entry', [consumed(NewConnection)], acquired(Connection), '6.0')
/** Milliseconds; 0 makes the next lookup remove the entry. */
export const changeTimeout = kfunc('bpf_ct_change_timeout', [borrowed(Connection), u32], s32, '6.0')
export const release = kfunc('bpf_ct_release', [consumed(Connection)], 'void', '5.18')

/** `enum nf_nat_manip_type` (include/uapi/linux/netfilter/nf_nat.h). */
export const manipulate = { source: 0, destination: 1 } as const

/** Bit of {@link Connection}'s `status`: a packet of the other direction was seen (IPS_SEEN_REPLY). */
export const IPS_SEEN_REPLY = 1 << 1

/**
 * `TCP_CONNTRACK_TIME_WAIT` (include/uapi/linux/netfilter/nf_conntrack_tcp.h). From here on the kernel takes a SYN
 * for a new connection and drops the entry, translation included; so does the data path, but makes a new one.
 */
export const TCP_CONNTRACK_TIME_WAIT = 7
