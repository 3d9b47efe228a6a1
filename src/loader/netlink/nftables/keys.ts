/** What `meta` and `ct` expressions read and set. */

/** enum nft_meta_keys. */
export const metaKeys = {
  protocol: 1,
  priority: 2,
  mark: 3,
  iif: 4,
  oif: 5,
  iifname: 6,
  oifname: 7,
  nfproto: 15,
  l4proto: 16,
} as const

/** enum nft_ct_keys. */
export const ctKeys = { state: 0, direction: 1, status: 2, mark: 3 } as const
