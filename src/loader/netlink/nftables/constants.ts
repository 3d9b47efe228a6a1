/** Numbers of nf_tables, from include/uapi/linux/netfilter/nf_tables.h unless said otherwise. */

/** NFT_MSG_*. */
export const nftTypes = {
  newTable: 0,
  getTable: 1,
  deleteTable: 2,
  newChain: 3,
  getChain: 4,
  deleteChain: 5,
  newRule: 6,
  getRule: 7,
  deleteRule: 8,
  newSet: 9,
  getSet: 10,
  deleteSet: 11,
  newElement: 12,
  getElement: 13,
  deleteElement: 14,
  getGeneration: 16,
} as const

/** NFPROTO_* (include/uapi/linux/netfilter.h). */
export const nftFamilies = { inet: 1, ip: 2, arp: 3, netdev: 5, bridge: 7, ip6: 10 } as const

/** The packets a table sees: `inet` is IPv4 and IPv6. */
export type NftFamily = keyof typeof nftFamilies

/** enum nf_inet_hooks (include/uapi/linux/netfilter.h). */
export const nftHooks = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const

/** Where a base chain is called. */
export type NftHook = keyof typeof nftHooks

/**
 * enum nf_ip_hook_priorities (include/uapi/linux/netfilter_ipv4.h), by the names `nft` uses; it has none for
 * `conntrack`, where packets get their entry.
 */
export const nftPriorities = {
  raw: -300,
  conntrack: -200,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
} as const

/** NFT_TABLE_F_*: `owner` since 5.12, `persist` since 6.9. */
export const nftTableFlags = { dormant: 1, owner: 2, persist: 4 } as const

/** Properties of a table. */
export type NftTableFlag = keyof typeof nftTableFlags

/** Verdicts (include/uapi/linux/netfilter.h; enum nft_verdicts). The negative ones go on inside nf_tables. */
export const nftVerdicts = { drop: 0, accept: 1, continue: -1, return: -5, jump: -3, goto: -4 } as const

/** What becomes of a packet. */
export type NftVerdict = keyof typeof nftVerdicts

/**
 * Types of set keys by their `nft` names. The kernel stores the number without looking at it; it is user space's
 * convention (nftables, include/datatype.h, `enum datatypes`), and makes `nft list` readable.
 */
export const nftKeyTypes = {
  ipv4_addr: { id: 7, size: 4, hostByteOrder: false },
  ipv6_addr: { id: 8, size: 16, hostByteOrder: false },
  inet_proto: { id: 12, size: 1, hostByteOrder: false },
  inet_service: { id: 13, size: 2, hostByteOrder: false },
  mark: { id: 19, size: 4, hostByteOrder: true },
  iface_index: { id: 20, size: 4, hostByteOrder: true },
  classid: { id: 23, size: 4, hostByteOrder: true },
} as const

/** One part of a set's key, or of a map's data. */
export type NftKeyType = keyof typeof nftKeyTypes

/** TYPE_BITS (nftables, include/datatype.h): concatenated types are packed six bits each, the first uppermost. */
export const keyTypeBits = 6

/** NFTA_TABLE_*. */
export const tableAttributes = { name: 1, flags: 2, handle: 4, userdata: 6 } as const
/** NFTA_CHAIN_*. */
export const chainAttributes = {
  table: 1,
  handle: 2,
  name: 3,
  hook: 4,
  policy: 5,
  type: 7,
  flags: 10,
  userdata: 12,
} as const
/** NFTA_HOOK_*. */
export const hookAttributes = { number: 1, priority: 2 } as const
/** NFTA_RULE_*. */
export const ruleAttributes = {
  table: 1,
  chain: 2,
  handle: 3,
  expressions: 4,
  position: 6,
  userdata: 7,
} as const
/** NFTA_SET_*. */
export const setAttributes = {
  table: 1,
  name: 2,
  flags: 3,
  keyType: 4,
  keyLength: 5,
  dataType: 6,
  dataLength: 7,
  description: 9,
  id: 10,
  userdata: 13,
  handle: 16,
} as const
/** NFT_SET_*, as far as they are used here. */
export const setFlags = { map: 8 } as const
/** NFTA_SET_DESC_*. */
export const setDescriptionAttributes = { size: 1 } as const
/** NFTA_SET_ELEM_LIST_*. */
export const elementListAttributes = { table: 1, set: 2, elements: 3 } as const
/** NFTA_SET_ELEM_*. */
export const elementAttributes = { key: 1, data: 2 } as const
/** NFTA_LIST_ELEM: the type of every item of a list. */
export const listItem = 1
/** NFTA_DATA_*. */
export const dataAttributes = { value: 1, verdict: 2 } as const
/** NFTA_GEN_ID. */
export const generationId = 1

/** NFTNL_UDATA_* (libnftnl, include/libnftnl/udata.h): what `nft` reads from the userdata of each object. */
export const userdataTypes = { comment: 0, setKeyByteOrder: 0, setDataByteOrder: 1, setComment: 7 } as const
