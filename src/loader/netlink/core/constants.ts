/**
 * Netlink's own numbers (include/uapi/linux/netlink.h). Integers on the wire are in host byte order; both
 * architectures this package runs on are little-endian, which is why `littleEndian` can be a constant.
 */
export const littleEndian = true

/** Netlink families this package speaks: NETLINK_ROUTE and NETLINK_NETFILTER. */
export const netlinkProtocols = { route: 0, netfilter: 12 } as const

/** Which part of the kernel a socket talks to. */
export type NetlinkProtocol = keyof typeof netlinkProtocols

/** `NLM_F_*`: flags of a message's header. The same bit means different things in GET, NEW, DEL and ACK messages. */
export const messageFlags = {
  request: 0x01,
  multi: 0x02,
  ack: 0x04,
  echo: 0x08,
  dumpInterrupted: 0x10,
  /** GET: NLM_F_ROOT | NLM_F_MATCH. */
  dump: 0x300,
  /** NEW: replace what exists. */
  replace: 0x100,
  /** NEW: fail with EEXIST when it exists. */
  exclusive: 0x200,
  /** NEW: make it when it does not exist. */
  create: 0x400,
  /** NEW: add at the end of the list. */
  append: 0x800,
  /** ACK: the request is not repeated in the answer. */
  capped: 0x100,
  /** ACK: extended-ack attributes follow. */
  ackAttributes: 0x200,
} as const

/** `NLMSG_*`: message types below 16 are the same in every netlink family. */
export const controlTypes = { noop: 1, error: 2, done: 3, overrun: 4, firstOfFamily: 16 } as const

/** Bytes of `struct nlmsghdr`. */
export const messageHeaderSize = 16

/** Bytes of `struct nlattr`. */
export const attributeHeaderSize = 4

/** `NLA_F_NESTED`: the attribute's payload is attributes. */
export const nestedFlag = 0x8000

/** `NLA_TYPE_MASK`: the type without `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER`. */
export const attributeTypeMask = 0x3fff

/** NLMSG_ALIGN and NLA_ALIGN: the next multiple of four. */
export function align4(length: number): number {
  return (length + 3) & ~3
}
