import { AttributeWriter } from '../core/attribute-writer.ts'
import { align4, messageFlags } from '../core/constants.ts'
import { netfilterHeader, netfilterSubsystems, netfilterType } from '../core/netfilter-message.ts'
import type { NetlinkRequest, NetlinkSocket } from '../core/socket.ts'
import {
  chainAttributes,
  dataAttributes,
  elementAttributes,
  elementListAttributes,
  hookAttributes,
  listItem,
  type NftKeyType,
  nftFamilies,
  nftHooks,
  nftKeyTypes,
  nftTableFlags,
  nftTypes,
  ruleAttributes,
  setAttributes,
  setDescriptionAttributes,
  setFlags,
  tableAttributes,
  userdataTypes,
} from './constants.ts'
import { writeExpression } from './expressions.ts'
import {
  type ChainSpec,
  keyLength,
  keyTypeNumber,
  type MapElement,
  type MapSpec,
  type RuleSpec,
  type SetSpec,
  type TableId,
  type TableSpec,
} from './specs.ts'
import { commentItem, encodeUserdata, numberItem } from './userdata.ts'

/** NFNL_MSG_BATCH_BEGIN and END: NLMSG_MIN_TYPE and the next (include/uapi/linux/netfilter/nfnetlink.h). */
const batchBegin = 16
const batchEnd = 17
/** NF_DROP, NF_ACCEPT (include/uapi/linux/netfilter.h). */
const policies = { drop: 0, accept: 1 } as const
/** An attribute's length has 16 bits; longer lists of elements are spread over several messages. */
const maximumListLength = 60_000
/** NFT_DATA_VALUE_MAXLEN. */
const maximumDataLength = 64

/**
 * Changes to nf_tables, collected and then made by the kernel all together or not at all. Every method adds one and
 * returns the transaction. Objects made earlier in the same transaction can be used by later changes.
 *
 * ```ts
 * new NftTransaction('set up the guard').replaceTable(table).commit(socket)
 * ```
 */
export class NftTransaction {
  readonly #attempted: string
  readonly #requests: NetlinkRequest[] = []
  #setId = 0

  /** @param attempted what it does as a whole, for error messages */
  constructor(attempted: string) {
    this.#attempted = attempted
  }

  /** Creates a table and everything in it. The commit fails with EEXIST when there is one of that name. */
  createTable(table: TableSpec): this {
    this.#newTable(table, messageFlags.create | messageFlags.exclusive)
    for (const set of table.sets ?? []) this.createSet(table, set)
    for (const map of table.maps ?? []) this.createMap(table, map)
    // All chains first: rules may jump to any of them.
    for (const chain of table.chains ?? []) this.createChain(table, { ...chain, rules: [] })
    for (const chain of table.chains ?? [])
      for (const rule of chain.rules ?? []) this.appendRule(table, chain.name, rule)
    return this
  }

  /** Deletes a table and everything in it. The commit fails with ENOENT when there is none. */
  deleteTable(table: TableId): this {
    const payload = this.#payload(table).string(tableAttributes.name, table.name)
    return this.#add(`delete table ${label(table)}`, nftTypes.deleteTable, 0, payload)
  }

  /** Creates a table in place of the one of that name, if there is one: packets see the old or the new, not neither. */
  replaceTable(table: TableSpec): this {
    // Creating without NLM_F_EXCL succeeds either way, so that there is something to delete.
    this.#newTable({ family: table.family, name: table.name }, messageFlags.create)
    return this.deleteTable(table).createTable(table)
  }

  /** Creates a chain with its rules. */
  createChain(table: TableId, chain: ChainSpec): this {
    const payload = this.#payload(table)
      .string(chainAttributes.table, table.name)
      .string(chainAttributes.name, chain.name)
    const { base } = chain
    if (base !== undefined)
      payload
        .nested(chainAttributes.hook, (hook) =>
          hook
            .be32(hookAttributes.number, nftHooks[base.hook])
            .be32(hookAttributes.priority, base.priority >>> 0),
        )
        .be32(chainAttributes.policy, policies[base.policy ?? 'accept'])
        .string(chainAttributes.type, base.type)
    writeComment(payload, chainAttributes.userdata, chain.comment)
    const flags = messageFlags.create | messageFlags.exclusive
    this.#add(`create chain ${chain.name} in ${label(table)}`, nftTypes.newChain, flags, payload)
    for (const rule of chain.rules ?? []) this.appendRule(table, chain.name, rule)
    return this
  }

  /** Creates a set with its elements. */
  createSet(table: TableId, set: SetSpec): this {
    return this.#createSet('set', table, set).addElements(table, set.name, set.elements ?? [])
  }

  /** Creates a map with its elements. */
  createMap(table: TableId, map: MapSpec): this {
    return this.#createSet('map', table, map).addMapElements(table, map.name, map.elements ?? [])
  }

  /** Puts keys into a set; those already in it stay. */
  addElements(table: TableId, set: string, keys: readonly Uint8Array[]): this {
    const elements = keys.map((key) => ({ key }))
    return this.#elements('add', nftTypes.newElement, messageFlags.create, table, set, elements)
  }

  /**
   * Puts keys and what they lead to into a map. The commit fails with EEXIST when one of the keys leads to something
   * else already: delete it first, in the same transaction.
   */
  addMapElements(table: TableId, map: string, elements: readonly MapElement[]): this {
    return this.#elements('add', nftTypes.newElement, messageFlags.create, table, map, elements)
  }

  /** Takes keys out of a set or map. The commit fails with ENOENT when one is not in it. */
  deleteElements(table: TableId, set: string, keys: readonly Uint8Array[]): this {
    const elements = keys.map((key) => ({ key }))
    return this.#elements('delete', nftTypes.deleteElement, 0, table, set, elements)
  }

  /** Takes everything out of a set or map. */
  flushSet(table: TableId, set: string): this {
    const payload = this.#payload(table)
      .string(elementListAttributes.table, table.name)
      .string(elementListAttributes.set, set)
    return this.#add(`flush set ${set} in ${label(table)}`, nftTypes.deleteElement, 0, payload)
  }

  /** Adds a rule at the end of a chain. */
  appendRule(table: TableId, chain: string, rule: RuleSpec): this {
    const payload = this.#payload(table)
      .string(ruleAttributes.table, table.name)
      .string(ruleAttributes.chain, chain)
      .nested(ruleAttributes.expressions, (list) => {
        for (const expression of rule.expressions)
          list.nested(listItem, (item) => writeExpression(item, expression))
      })
    writeComment(payload, ruleAttributes.userdata, rule.comment)
    const flags = messageFlags.create | messageFlags.append
    return this.#add(`add a rule to ${chain} in ${label(table)}`, nftTypes.newRule, flags, payload)
  }

  /** Deletes a rule by its handle, which reading it gives. The commit fails with ENOENT when there is none. */
  deleteRule(table: TableId, chain: string, handle: bigint): this {
    const payload = this.#payload(table)
      .string(ruleAttributes.table, table.name)
      .string(ruleAttributes.chain, chain)
      .be64(ruleAttributes.handle, handle)
    return this.#add(`delete rule ${handle} of ${chain} in ${label(table)}`, nftTypes.deleteRule, 0, payload)
  }

  /**
   * Makes the changes.
   *
   * @param socket a socket for `netfilter`
   * @throws {NetlinkError} naming the first change that the kernel refused; then none was made
   */
  commit(socket: NetlinkSocket): void {
    const last = this.#requests.at(-1)
    if (last === undefined) return
    const marker = (type: number): NetlinkRequest => ({
      attempted: this.#attempted,
      type,
      payload: netfilterHeader(0, netfilterSubsystems.nftables),
    })
    // One acknowledgement is enough: errors are reported unasked, and the kernel acknowledges after the commit.
    const acknowledged = { ...last, flags: (last.flags ?? 0) | messageFlags.ack }
    const requests = [...this.#requests.slice(0, -1), acknowledged]
    socket.batch(this.#attempted, [marker(batchBegin), ...requests, marker(batchEnd)])
  }

  #newTable(table: TableSpec, flags: number): void {
    const bits = (table.flags ?? []).reduce((sum, flag) => sum | nftTableFlags[flag], 0)
    const payload = this.#payload(table)
      .string(tableAttributes.name, table.name)
      .be32(tableAttributes.flags, bits)
    writeComment(payload, tableAttributes.userdata, table.comment)
    this.#add(`create table ${label(table)}`, nftTypes.newTable, flags, payload)
  }

  #createSet(noun: 'set' | 'map', table: TableId, set: SetSpec | MapSpec): this {
    const data = 'data' in set ? set.data : undefined
    const { maxElements } = set
    const payload = this.#payload(table)
      .string(setAttributes.table, table.name)
      .string(setAttributes.name, set.name)
      .be32(setAttributes.flags, data === undefined ? 0 : setFlags.map)
      .be32(setAttributes.keyType, keyTypeNumber(set.key))
      .be32(setAttributes.keyLength, keyLength(set.key))
      .be32(setAttributes.id, ++this.#setId)
    if (data !== undefined)
      payload
        .be32(setAttributes.dataType, keyTypeNumber(data))
        .be32(setAttributes.dataLength, keyLength(data))
    if (maxElements !== undefined)
      payload.nested(setAttributes.description, (description) =>
        description.be32(setDescriptionAttributes.size, maxElements),
      )
    const userdata = [
      ...byteOrder(userdataTypes.setKeyByteOrder, set.key),
      ...(data === undefined ? [] : byteOrder(userdataTypes.setDataByteOrder, data)),
      ...(set.comment === undefined
        ? []
        : [{ type: userdataTypes.setComment, value: commentItem(set.comment) }]),
    ]
    if (userdata.length > 0) payload.bytes(setAttributes.userdata, encodeUserdata(userdata))
    const flags = messageFlags.create | messageFlags.exclusive
    return this.#add(`create ${noun} ${set.name} in ${label(table)}`, nftTypes.newSet, flags, payload)
  }

  #elements(
    verb: string,
    type: number,
    flags: number,
    table: TableId,
    set: string,
    elements: readonly Element[],
  ): this {
    const attempted = `${verb} elements of set ${set} in ${label(table)}`
    for (let at = 0; at < elements.length; ) {
      const part: Element[] = []
      for (let size = 0; ; at++) {
        const element = elements[at]
        if (element === undefined) break
        size += elementSize(set, element)
        if (size > maximumListLength) break
        part.push(element)
      }
      const payload = this.#payload(table)
        .string(elementListAttributes.table, table.name)
        .string(elementListAttributes.set, set)
        .nested(elementListAttributes.elements, (list) => {
          for (const element of part) writeElement(list, element)
        })
      this.#add(attempted, type, flags, payload)
    }
    return this
  }

  #payload(table: TableId): AttributeWriter {
    return new AttributeWriter().header(netfilterHeader(nftFamilies[table.family]))
  }

  #add(attempted: string, type: number, flags: number, payload: AttributeWriter): this {
    this.#requests.push({
      attempted: `${this.#attempted}: ${attempted}`,
      type: netfilterType('nftables', type),
      flags,
      payload: payload.finish(),
    })
    return this
  }
}

/** An element of a set; of a map, if it has data. */
interface Element {
  readonly key: Uint8Array
  readonly data?: Uint8Array
}

/** Bytes of an element in a list: its own header, and for key and data two headers each. */
function elementSize(set: string, { key, data }: Element): number {
  for (const [what, bytes] of Object.entries({ key, data }))
    if (bytes !== undefined && bytes.byteLength > maximumDataLength)
      throw new RangeError(
        `set ${set}: a ${what === 'key' ? 'key' : 'datum'} has at most ${maximumDataLength} bytes, got ${bytes.byteLength}`,
      )
  return 4 + 8 + align4(key.byteLength) + (data === undefined ? 0 : 8 + align4(data.byteLength))
}

function writeElement(list: AttributeWriter, { key, data }: Element): void {
  list.nested(listItem, (item) => {
    item.nested(elementAttributes.key, (value) => value.bytes(dataAttributes.value, key))
    if (data !== undefined)
      item.nested(elementAttributes.data, (value) => value.bytes(dataAttributes.value, data))
  })
}

/**
 * How `nft` shows elements of one type: 1 in host byte order, 2 in network byte order (nftables, enum byteorder). It
 * needs no telling for concatenations.
 */
function byteOrder(
  type: number,
  types: readonly NftKeyType[],
): { readonly type: number; readonly value: Uint8Array }[] {
  const [only, another] = types
  if (only === undefined || another !== undefined) return []
  return [{ type, value: numberItem(nftKeyTypes[only].hostByteOrder ? 1 : 2) }]
}

function writeComment(payload: AttributeWriter, attribute: number, comment: string | undefined): void {
  if (comment === undefined) return
  payload.bytes(attribute, encodeUserdata([{ type: userdataTypes.comment, value: commentItem(comment) }]))
}

function label({ family, name }: TableId): string {
  return `${family} ${name}`
}
