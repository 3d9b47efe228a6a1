import { AttributeWriter } from '../core/attribute-writer.ts'
import { Attributes, required } from '../core/attributes.ts'
import { NetlinkDecodeError, NetlinkError } from '../core/errors.ts'
import type { NetlinkMessage } from '../core/message.ts'
import { nameOf } from '../core/name-of.ts'
import { decodeNetfilter, netfilterHeader, netfilterType } from '../core/netfilter-message.ts'
import type { NetlinkSocket } from '../core/socket.ts'
import {
  chainAttributes,
  dataAttributes,
  elementAttributes,
  elementListAttributes,
  generationId,
  hookAttributes,
  listItem,
  type NftFamily,
  type NftHook,
  nftFamilies,
  nftHooks,
  nftTypes,
  ruleAttributes,
  setAttributes,
  setFlags,
  tableAttributes,
  userdataTypes,
} from './constants.ts'
import { type Expression, readExpression } from './expressions.ts'
import type { MapElement, TableId } from './specs.ts'
import { commentOf } from './userdata.ts'

/** A table as the kernel has it. */
export interface TableState extends TableId {
  /** `NFT_TABLE_F_*`: see `nftTableFlags`. */
  readonly flags: number
  readonly handle: bigint
  readonly comment: string | undefined
}

/** A chain as the kernel has it, without its rules. */
export interface ChainState {
  readonly table: string
  readonly name: string
  readonly handle: bigint
  readonly comment: string | undefined
  /** `undefined` for a chain that only jumps reach. */
  readonly base:
    | {
        readonly type: string
        readonly hook: NftHook | number
        readonly priority: number
        readonly policy: 'accept' | 'drop'
      }
    | undefined
}

/** A rule as the kernel has it. */
export interface RuleState {
  readonly table: string
  readonly chain: string
  readonly handle: bigint
  readonly expressions: readonly Expression[]
  readonly comment: string | undefined
}

/** A set as the kernel has it, without its elements. */
export interface SetState {
  readonly table: string
  readonly name: string
  readonly handle: bigint
  /** `NFT_SET_*`; bit 0 for an anonymous one. */
  readonly flags: number
  /** The packed types of its key: see `keyTypeNumber`. */
  readonly keyType: number
  /** Bytes. */
  readonly keyLength: number
  readonly comment: string | undefined
}

/** A map as the kernel has it, without its elements. */
export interface MapState extends SetState {
  /** The packed types of its data, as `keyType`; `verdict` and object maps have numbers of their own. */
  readonly dataType: number
  /** Bytes. */
  readonly dataLength: number
}

/** Everything in a table, read without a change in between. */
export interface TableContents {
  readonly table: TableState
  readonly chains: readonly ChainState[]
  readonly rules: readonly RuleState[]
  readonly sets: readonly (SetState & { readonly elements: readonly Uint8Array[] })[]
  readonly maps: readonly (MapState & { readonly elements: readonly MapElement[] })[]
}

const attempts = 8

/** @returns all tables, of one family or of all. @throws {NetlinkError} when the kernel refuses. */
export function listTables(socket: NetlinkSocket, family?: NftFamily): TableState[] {
  return dump(socket, 'list nf_tables tables', nftTypes.getTable, family, () => {}, decodeTable)
}

/** @returns the chains of a table; none when there is no such table. @throws {NetlinkError} */
export function listChains(socket: NetlinkSocket, { family, name }: TableId): ChainState[] {
  const all = dump(socket, `list chains of ${name}`, nftTypes.getChain, family, () => {}, decodeChain)
  return all.filter((chain) => chain.table === name)
}

/** @returns the rules of a table, in their order chain by chain. @throws {NetlinkError} */
export function listRules(socket: NetlinkSocket, { family, name }: TableId): RuleState[] {
  const filter = (writer: AttributeWriter) => writer.string(ruleAttributes.table, name)
  const all = dump(socket, `list rules of ${name}`, nftTypes.getRule, family, filter, decodeRule)
  return all.filter((rule) => rule.table === name)
}

/** @returns the sets of a table, anonymous ones included. @throws {NetlinkError} ENOENT when there is no such table. */
export function listSets(socket: NetlinkSocket, table: TableId): SetState[] {
  return setsAndMaps(socket, table).sets
}

/** @returns the maps of a table, anonymous ones included. @throws {NetlinkError} ENOENT when there is no such table. */
export function listMaps(socket: NetlinkSocket, table: TableId): MapState[] {
  return setsAndMaps(socket, table).maps
}

/** @returns the keys in a set, in no particular order. @throws {NetlinkError} ENOENT when there is no such set. */
export function listElements(socket: NetlinkSocket, table: TableId, set: string): Uint8Array[] {
  return dumpElements(socket, table, set).map(({ key }) => key)
}

/** @returns what is in a map, in no particular order. @throws {NetlinkError} ENOENT when there is no such map. */
export function listMapElements(socket: NetlinkSocket, table: TableId, map: string): MapElement[] {
  return dumpElements(socket, table, map).map(({ key, data }) => ({ key, data: data ?? new Uint8Array() }))
}

/**
 * Reads a table and everything in it. A change made meanwhile by somebody else is noticed (nf_tables counts its
 * generations), and the reading is done anew.
 *
 * @returns `undefined` when there is no such table
 * @throws {NetlinkError} EAGAIN when somebody changes nf_tables all the time
 */
export function readTable(socket: NetlinkSocket, id: TableId): TableContents | undefined {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = generation(socket)
    const contents = readOnce(socket, id)
    if (generation(socket) === before) return contents
  }
  throw new NetlinkError(`read table ${id.family} ${id.name}`, 11, {
    message: `nf_tables changed during each of ${attempts} readings`,
  })
}

/** What a rule's first counter has counted; `undefined` when it has none. */
export function ruleCounter(
  rule: RuleState,
): { readonly packets: bigint; readonly bytes: bigint } | undefined {
  return rule.expressions.find((expression) => expression.kind === 'counter')
}

/** The number of the kernel's current ruleset, which grows with every commit. */
function generation(socket: NetlinkSocket): number {
  const [answer] = socket.request({
    attempted: 'get the nf_tables generation',
    type: netfilterType('nftables', nftTypes.getGeneration),
    payload: netfilterHeader(0),
  })
  const { attributes } = decodeNetfilter(required(answer, 'nf_tables generation'))
  return required(attributes.be32(generationId), 'nf_tables generation')
}

function readOnce(socket: NetlinkSocket, id: TableId): TableContents | undefined {
  const table = listTables(socket, id.family).find(({ name }) => name === id.name)
  if (table === undefined) return undefined
  try {
    const chains = listChains(socket, id)
    const rules = listRules(socket, id)
    const { sets, maps } = setsAndMaps(socket, id)
    return {
      table,
      chains,
      rules,
      sets: sets.map((set) => ({ ...set, elements: listElements(socket, id, set.name) })),
      maps: maps.map((map) => ({ ...map, elements: listMapElements(socket, id, map.name) })),
    }
  } catch (error) {
    // It was deleted meanwhile; the generation tells.
    if (error instanceof NetlinkError && error.errnoName === 'ENOENT') return undefined
    throw error
  }
}

/** To the kernel a map is a set with data. */
function setsAndMaps(
  socket: NetlinkSocket,
  { family, name }: TableId,
): { readonly sets: SetState[]; readonly maps: MapState[] } {
  const filter = (writer: AttributeWriter) => writer.string(setAttributes.table, name)
  const all = dump(socket, `list sets of ${name}`, nftTypes.getSet, family, filter, decodeSet)
  return {
    sets: all.flatMap(({ set }) => ((set.flags & setFlags.map) === 0 ? [set] : [])),
    maps: all.flatMap(({ set, data }) => ((set.flags & setFlags.map) === 0 ? [] : [{ ...set, ...data }])),
  }
}

/** Times that a set is read again; growing takes the kernel far less time than one reading. */
const readings = 10

/**
 * The kernel counts the elements that it has given so far, and goes on behind as many: when its hash table grows in
 * between, some come twice and as many not at all. Nothing in its answer says so but those that come twice.
 */
function dumpElements(socket: NetlinkSocket, { family, name }: TableId, set: string): Element[] {
  const filter = (writer: AttributeWriter) =>
    writer.string(elementListAttributes.table, name).string(elementListAttributes.set, set)
  const attempted = `list elements of set ${set} of ${name}`
  for (let reading = 1; ; reading++) {
    const elements = dump(socket, attempted, nftTypes.getElement, family, filter, decodeElements).flat()
    const different = new Set(elements.map(({ key }) => key.join())).size
    if (different === elements.length) return elements
    if (reading === readings)
      throw new NetlinkDecodeError(`${attempted}: it changes faster than it can be read`)
  }
}

function dump<T>(
  socket: NetlinkSocket,
  attempted: string,
  type: number,
  family: NftFamily | undefined,
  filter: (writer: AttributeWriter) => void,
  decode: (family: NftFamily, attributes: Attributes) => T,
): T[] {
  const writer = new AttributeWriter().header(netfilterHeader(family === undefined ? 0 : nftFamilies[family]))
  filter(writer)
  const request = { attempted, type: netfilterType('nftables', type), payload: writer.finish() }
  return socket.dump(request, (message: NetlinkMessage) => {
    const { family: number, attributes } = decodeNetfilter(message)
    const name = nameOf(nftFamilies, number)
    if (name === undefined) throw new NetlinkDecodeError(`${attempted}: unknown family ${number}`)
    return decode(name, attributes)
  })
}

function decodeTable(family: NftFamily, attributes: Attributes): TableState {
  return {
    family,
    name: required(attributes.string(tableAttributes.name), 'table name'),
    flags: attributes.be32(tableAttributes.flags) ?? 0,
    handle: attributes.be64(tableAttributes.handle) ?? 0n,
    comment: commentOf(attributes.bytes(tableAttributes.userdata), userdataTypes.comment),
  }
}

function decodeChain(_family: NftFamily, attributes: Attributes): ChainState {
  const hook = attributes.nested(chainAttributes.hook)
  const number = hook?.be32(hookAttributes.number) ?? 0
  return {
    table: required(attributes.string(chainAttributes.table), 'table name'),
    name: required(attributes.string(chainAttributes.name), 'chain name'),
    handle: attributes.be64(chainAttributes.handle) ?? 0n,
    comment: commentOf(attributes.bytes(chainAttributes.userdata), userdataTypes.comment),
    base:
      hook === undefined
        ? undefined
        : {
            type: required(attributes.string(chainAttributes.type), 'chain type'),
            hook: nameOf(nftHooks, number) ?? number,
            priority: required(hook.beS32(hookAttributes.priority), 'priority'),
            policy: attributes.be32(chainAttributes.policy) === 0 ? 'drop' : 'accept',
          },
  }
}

function decodeRule(_family: NftFamily, attributes: Attributes): RuleState {
  const list = attributes.nested(ruleAttributes.expressions)?.list ?? []
  return {
    table: required(attributes.string(ruleAttributes.table), 'table name'),
    chain: required(attributes.string(ruleAttributes.chain), 'chain name'),
    handle: required(attributes.be64(ruleAttributes.handle), 'rule handle'),
    expressions: list
      .filter(({ type }) => type === listItem)
      .map(({ value }) => readExpression(Attributes.parse(value))),
    comment: commentOf(attributes.bytes(ruleAttributes.userdata), userdataTypes.comment),
  }
}

function decodeSet(
  _family: NftFamily,
  attributes: Attributes,
): { readonly set: SetState; readonly data: Pick<MapState, 'dataType' | 'dataLength'> } {
  return {
    set: {
      table: required(attributes.string(setAttributes.table), 'table name'),
      name: required(attributes.string(setAttributes.name), 'set name'),
      handle: attributes.be64(setAttributes.handle) ?? 0n,
      flags: attributes.be32(setAttributes.flags) ?? 0,
      keyType: attributes.be32(setAttributes.keyType) ?? 0,
      keyLength: required(attributes.be32(setAttributes.keyLength), 'key length'),
      comment: commentOf(attributes.bytes(setAttributes.userdata), userdataTypes.setComment),
    },
    data: {
      dataType: attributes.be32(setAttributes.dataType) ?? 0,
      dataLength: attributes.be32(setAttributes.dataLength) ?? 0,
    },
  }
}

/** An element of a set or map; data other than a value (a verdict, an object) is not read. */
interface Element {
  readonly key: Uint8Array
  readonly data: Uint8Array | undefined
}

function decodeElements(_family: NftFamily, attributes: Attributes): Element[] {
  const list = attributes.nested(elementListAttributes.elements)?.list ?? []
  return list.map(({ value }) => {
    const element = Attributes.parse(value)
    const key = element.nested(elementAttributes.key)?.bytes(dataAttributes.value)
    const data = element.nested(elementAttributes.data)?.bytes(dataAttributes.value)
    return { key: required(key, 'key of a set element').slice(), data: data?.slice() }
  })
}
