import { align4 } from '../core/constants.ts'
import {
  keyTypeBits,
  type NftFamily,
  type NftHook,
  type NftKeyType,
  type NftTableFlag,
  nftKeyTypes,
} from './constants.ts'
import type { Expression } from './expressions.ts'

/** Which table. Tables of different families may have the same name. */
export interface TableId {
  readonly family: NftFamily
  readonly name: string
}

/** A table as it shall be, with everything in it. Names are 1–255 bytes. */
export interface TableSpec extends TableId {
  readonly flags?: readonly NftTableFlag[]
  /** At most 127 bytes, shown by `nft list`. */
  readonly comment?: string
  readonly sets?: readonly SetSpec[]
  readonly maps?: readonly MapSpec[]
  readonly chains?: readonly ChainSpec[]
}

/** A named set. */
export interface SetSpec {
  readonly name: string
  /** One type, or several that are concatenated, each padded to four bytes. */
  readonly key: readonly [NftKeyType, ...NftKeyType[]]
  readonly comment?: string
  /** Upper bound on the number of elements; none when left out. */
  readonly maxElements?: number
  /** What is in it from the start; each as long as {@link keyLength} says. */
  readonly elements?: readonly Uint8Array[]
}

/** A named map: a set whose keys lead to data. Sets and maps of a table have different names. */
export interface MapSpec {
  readonly name: string
  readonly key: readonly [NftKeyType, ...NftKeyType[]]
  /** What a key leads to: one type, or several that are concatenated, each padded to four bytes. */
  readonly data: readonly [NftKeyType, ...NftKeyType[]]
  readonly comment?: string
  /** Upper bound on the number of elements; none when left out. */
  readonly maxElements?: number
  /** What is in it from the start. */
  readonly elements?: readonly MapElement[]
}

/** An element of a map: `key` and `data` are as long as {@link keyLength} says of their types. */
export interface MapElement {
  readonly key: Uint8Array
  readonly data: Uint8Array
}

/** A chain; with `base`, one that the kernel calls. */
export interface ChainSpec {
  readonly name: string
  readonly base?: BaseChain
  readonly comment?: string
  readonly rules?: readonly RuleSpec[]
}

/** Where a base chain is called, and what becomes of packets that reach its end. */
export interface BaseChain {
  readonly type: 'filter' | 'nat' | 'route'
  readonly hook: NftHook
  /** Lower is earlier: see `nftPriorities`. */
  readonly priority: number
  /** Default: accept. */
  readonly policy?: 'accept' | 'drop'
}

/** A rule. */
export interface RuleSpec {
  readonly expressions: readonly Expression[]
  readonly comment?: string
}

/** Bytes of a set's key, or of a map's data. One part alone is not padded. */
export function keyLength(key: readonly NftKeyType[]): number {
  const [first] = key
  if (key.length === 1 && first !== undefined) return nftKeyTypes[first].size
  return key.reduce((sum, type) => sum + align4(nftKeyTypes[type].size), 0)
}

/** The number that stands for these types in NFTA_SET_KEY_TYPE and NFTA_SET_DATA_TYPE. */
export function keyTypeNumber(key: readonly NftKeyType[]): number {
  return key.reduce((sum, type) => (sum << keyTypeBits) | nftKeyTypes[type].id, 0)
}
