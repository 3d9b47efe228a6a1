import type { AttributeWriter } from '../core/attribute-writer.ts'
import { type Attributes, required } from '../core/attributes.ts'
import { nameOf } from '../core/name-of.ts'
import { dataAttributes, nftFamilies } from './constants.ts'
import { ctKeys, metaKeys } from './keys.ts'
import { dataOf, integerOf, registerNumber, registerOf } from './registers.ts'

/** Steps of a rule that compute or change something; see `Expression`. */
export type Statement =
  | {
      /** Puts a constant into registers. */
      readonly kind: 'immediate'
      readonly register: number
      readonly value: Uint8Array
    }
  | {
      /** Looks a key up in a map and puts its data into registers; ends the rule when it is not there. */
      readonly kind: 'map'
      readonly map: string
      /** Where the key begins. */
      readonly register: number
      /** Where the data goes. */
      readonly destination: number
    }
  | {
      /** Changes something of the packet in the kernel: its mark, its priority. */
      readonly kind: 'meta set'
      readonly key: keyof typeof metaKeys | number
      readonly register: number
    }
  | {
      /** Changes something of the packet's connection: its mark. Ends the rule where there is none. */
      readonly kind: 'ct set'
      readonly key: keyof typeof ctKeys | number
      readonly register: number
    }
  | {
      /** Says how the packet's connection is translated; only in chains of type `nat`. Ends the chain. */
      readonly kind: 'nat'
      readonly translate: keyof typeof natTypes
      readonly family: 'ip' | 'ip6'
      /** Where the address is. */
      readonly address: number
      /** Where the port is, in network byte order; without, the port stays if it can. */
      readonly port?: number
    }

/** enum nft_nat_types. */
export const natTypes = { source: 0, destination: 1 } as const

/** NFTA_IMMEDIATE_*, NFTA_LOOKUP_*, NFTA_META_*, NFTA_CT_*, NFTA_NAT_*. */
const immediateAttributes = { register: 1, data: 2 } as const
const mapAttributes = { set: 1, register: 2, destination: 3 } as const
const metaAttributes = { key: 2, source: 3 } as const
const ctAttributes = { key: 2, source: 4 } as const
const natAttributes = {
  type: 1,
  family: 2,
  addressMin: 3,
  addressMax: 4,
  portMin: 5,
  portMax: 6,
  flags: 7,
} as const
/** NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED (include/uapi/linux/netfilter/nf_nat.h): the kernel sets them. */
const impliedNatFlags = 1 | 2

/** An expression's name and the attributes of its NFTA_EXPR_DATA. */
export interface Encoded {
  readonly name: string
  readonly data: (writer: AttributeWriter) => void
}

/** @throws {RangeError} for a register that does not exist */
export function encodeStatement(statement: Statement): Encoded {
  switch (statement.kind) {
    case 'immediate': {
      const { register, value } = statement
      return {
        name: 'immediate',
        data: (data) =>
          data
            .be32(immediateAttributes.register, registerNumber(register))
            .nested(immediateAttributes.data, (inner) => inner.bytes(dataAttributes.value, value)),
      }
    }
    case 'map': {
      const { map, register, destination } = statement
      return {
        name: 'lookup',
        data: (data) =>
          data
            .string(mapAttributes.set, map)
            .be32(mapAttributes.register, registerNumber(register))
            .be32(mapAttributes.destination, registerNumber(destination)),
      }
    }
    case 'meta set': {
      const key = typeof statement.key === 'number' ? statement.key : metaKeys[statement.key]
      return {
        name: 'meta',
        data: (data) =>
          data.be32(metaAttributes.key, key).be32(metaAttributes.source, registerNumber(statement.register)),
      }
    }
    case 'ct set': {
      const key = typeof statement.key === 'number' ? statement.key : ctKeys[statement.key]
      return {
        name: 'ct',
        data: (data) =>
          data.be32(ctAttributes.key, key).be32(ctAttributes.source, registerNumber(statement.register)),
      }
    }
    case 'nat': {
      const { translate, family, address, port } = statement
      return {
        name: 'nat',
        data: (data) => {
          data
            .be32(natAttributes.type, natTypes[translate])
            .be32(natAttributes.family, nftFamilies[family])
            .be32(natAttributes.addressMin, registerNumber(address))
          if (port !== undefined) data.be32(natAttributes.portMin, registerNumber(port))
        },
      }
    }
  }
}

/** @returns `undefined` when it is another expression, or a form of one that {@link Statement} does not describe */
export function readStatement(name: string, data: Attributes): Statement | undefined {
  switch (name) {
    case 'immediate': {
      if (data.nested(immediateAttributes.data)?.has(dataAttributes.value) !== true) return undefined
      const register = registerOf(data, immediateAttributes.register)
      return { kind: 'immediate', register, value: dataOf(data, immediateAttributes.data) }
    }
    case 'lookup':
      if (!data.has(mapAttributes.destination)) return undefined
      return {
        kind: 'map',
        map: required(data.string(mapAttributes.set), 'map name of a lookup'),
        register: registerOf(data, mapAttributes.register),
        destination: registerOf(data, mapAttributes.destination),
      }
    case 'meta': {
      if (!data.has(metaAttributes.source)) return undefined
      const key = integerOf(data, metaAttributes.key)
      const register = registerOf(data, metaAttributes.source)
      return { kind: 'meta set', key: nameOf(metaKeys, key) ?? key, register }
    }
    case 'ct': {
      if (!data.has(ctAttributes.source)) return undefined
      const key = integerOf(data, ctAttributes.key)
      return {
        kind: 'ct set',
        key: nameOf(ctKeys, key) ?? key,
        register: registerOf(data, ctAttributes.source),
      }
    }
    case 'nat':
      return readNat(data)
    default:
      return undefined
  }
}

/** Ranges and flags such as `random` are not described. */
function readNat(data: Attributes): Statement | undefined {
  const translate = nameOf(natTypes, data.be32(natAttributes.type) ?? -1)
  const family = nameOf(nftFamilies, data.be32(natAttributes.family) ?? -1)
  if (translate === undefined || (family !== 'ip' && family !== 'ip6')) return undefined
  if (!data.has(natAttributes.addressMin)) return undefined
  if (((data.be32(natAttributes.flags) ?? 0) & ~impliedNatFlags) !== 0) return undefined
  const one = (min: number, max: number): boolean => !data.has(max) || data.be32(max) === data.be32(min)
  if (!one(natAttributes.addressMin, natAttributes.addressMax)) return undefined
  if (!one(natAttributes.portMin, natAttributes.portMax)) return undefined
  return {
    kind: 'nat',
    translate,
    family,
    address: registerOf(data, natAttributes.addressMin),
    ...(data.has(natAttributes.portMin) ? { port: registerOf(data, natAttributes.portMin) } : {}),
  }
}
