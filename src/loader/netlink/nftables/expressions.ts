import type { AttributeWriter } from '../core/attribute-writer.ts'
import { type Attributes, required } from '../core/attributes.ts'
import { nameOf } from '../core/name-of.ts'
import { dataAttributes, type NftVerdict, nftVerdicts } from './constants.ts'
import { ctKeys, metaKeys } from './keys.ts'
import { dataOf, integerOf, registerNumber, registerOf, verdictRegister } from './registers.ts'
import { type Encoded, encodeStatement, readStatement, type Statement } from './statements.ts'

/**
 * One step of a rule. A rule's steps run in order; the first comparison or lookup that fails ends the rule.
 * Registers are numbered in words of four bytes, 0 to 15: an IPv6 address in register 0 fills 0 to 3.
 */
export type Expression =
  | Statement
  | {
      readonly kind: 'payload'
      readonly base: keyof typeof payloadBases
      /** Bytes from the start of that header. */
      readonly offset: number
      /** Bytes. */
      readonly length: number
      readonly register: number
    }
  | { readonly kind: 'meta'; readonly key: keyof typeof metaKeys | number; readonly register: number }
  | { readonly kind: 'ct'; readonly key: keyof typeof ctKeys | number; readonly register: number }
  | {
      readonly kind: 'cmp'
      readonly operator: keyof typeof cmpOperators
      readonly register: number
      /** Compared byte by byte, so numbers that are ordered must be in network byte order. */
      readonly value: Uint8Array
    }
  | {
      /** destination = (source & mask) ^ xor; the length is the mask's. */
      readonly kind: 'bitwise'
      readonly source: number
      readonly destination: number
      readonly mask: Uint8Array
      readonly xor: Uint8Array
    }
  | {
      readonly kind: 'lookup'
      readonly set: string
      readonly register: number
      /** True: go on when the key is *not* in the set. */
      readonly invert: boolean
    }
  | {
      readonly kind: 'verdict'
      readonly verdict: NftVerdict
      /** The chain, for `jump` and `goto`. */
      readonly chain?: string
    }
  | {
      readonly kind: 'counter'
      /** 64 bits; what it starts from when written, what it has counted when read. */
      readonly packets: bigint
      readonly bytes: bigint
    }
  | {
      /** An expression of the kernel's that is not described here; it can be read but not written. */
      readonly kind: 'other'
      readonly name: string
    }

/** enum nft_payload_bases. */
export const payloadBases = { link: 0, network: 1, transport: 2 } as const
/** enum nft_cmp_ops. */
export const cmpOperators = { eq: 0, neq: 1, lt: 2, lte: 3, gt: 4, gte: 5 } as const

/** NFTA_EXPR_*. */
const expressionAttributes = { name: 1, data: 2 } as const
/** NFTA_PAYLOAD_*, NFTA_META_* (and NFTA_CT_*, the same), NFTA_CMP_*, and so on. */
const payloadAttributes = { register: 1, base: 2, offset: 3, length: 4 } as const
const keyAttributes = { register: 1, key: 2 } as const
const cmpAttributes = { register: 1, operator: 2, data: 3 } as const
const bitwiseAttributes = { source: 1, destination: 2, length: 3, mask: 4, xor: 5 } as const
const lookupAttributes = { set: 1, register: 2, flags: 5 } as const
const immediateAttributes = { register: 1, data: 2 } as const
const counterAttributes = { bytes: 1, packets: 2 } as const
/** NFT_LOOKUP_F_INV. */
const lookupInvert = 1
/** NFTA_VERDICT_*. */
const verdictAttributes = { code: 1, chain: 2 } as const

/**
 * Writes one expression as the payload of an NFTA_LIST_ELEM.
 *
 * @throws {RangeError | TypeError} when a field does not fit or the expression cannot be written
 */
export function writeExpression(writer: AttributeWriter, expression: Expression): void {
  const { name, data } = encode(expression)
  writer.string(expressionAttributes.name, name).nested(expressionAttributes.data, data)
}

function encode(expression: Expression): Encoded {
  switch (expression.kind) {
    case 'payload': {
      const { base, offset, length, register } = expression
      return {
        name: 'payload',
        data: (data) =>
          data
            .be32(payloadAttributes.register, registerNumber(register))
            .be32(payloadAttributes.base, payloadBases[base])
            .be32(payloadAttributes.offset, offset)
            .be32(payloadAttributes.length, length),
      }
    }
    case 'meta': {
      const key = typeof expression.key === 'number' ? expression.key : metaKeys[expression.key]
      return {
        name: 'meta',
        data: (data) =>
          data.be32(keyAttributes.key, key).be32(keyAttributes.register, registerNumber(expression.register)),
      }
    }
    case 'ct': {
      const key = typeof expression.key === 'number' ? expression.key : ctKeys[expression.key]
      return {
        name: 'ct',
        data: (data) =>
          data.be32(keyAttributes.key, key).be32(keyAttributes.register, registerNumber(expression.register)),
      }
    }
    case 'cmp': {
      const { operator, register, value } = expression
      return {
        name: 'cmp',
        data: (data) =>
          data
            .be32(cmpAttributes.register, registerNumber(register))
            .be32(cmpAttributes.operator, cmpOperators[operator])
            .nested(cmpAttributes.data, (inner) => inner.bytes(dataAttributes.value, value)),
      }
    }
    case 'bitwise':
      return encodeBitwise(expression)
    case 'lookup': {
      const { set, register, invert } = expression
      return {
        name: 'lookup',
        data: (data) => {
          data.string(lookupAttributes.set, set).be32(lookupAttributes.register, registerNumber(register))
          if (invert) data.be32(lookupAttributes.flags, lookupInvert)
        },
      }
    }
    case 'verdict':
      return encodeVerdict(expression)
    case 'counter': {
      const { bytes, packets } = expression
      return {
        name: 'counter',
        data: (data) => data.be64(counterAttributes.bytes, bytes).be64(counterAttributes.packets, packets),
      }
    }
    case 'other':
      throw new TypeError(`the nf_tables expression "${expression.name}" can be read but not written`)
    default:
      return encodeStatement(expression)
  }
}

function encodeBitwise({
  source,
  destination,
  mask,
  xor,
}: Extract<Expression, { kind: 'bitwise' }>): Encoded {
  if (mask.byteLength !== xor.byteLength)
    throw new RangeError(`mask has ${mask.byteLength} bytes, xor has ${xor.byteLength}`)
  return {
    name: 'bitwise',
    data: (data) =>
      data
        .be32(bitwiseAttributes.source, registerNumber(source))
        .be32(bitwiseAttributes.destination, registerNumber(destination))
        .be32(bitwiseAttributes.length, mask.byteLength)
        .nested(bitwiseAttributes.mask, (inner) => inner.bytes(dataAttributes.value, mask))
        .nested(bitwiseAttributes.xor, (inner) => inner.bytes(dataAttributes.value, xor)),
  }
}

function encodeVerdict({ verdict, chain }: Extract<Expression, { kind: 'verdict' }>): Encoded {
  const writeVerdict = (writer: AttributeWriter) => {
    writer.be32(verdictAttributes.code, nftVerdicts[verdict] >>> 0)
    if (chain !== undefined) writer.string(verdictAttributes.chain, chain)
  }
  return {
    name: 'immediate',
    data: (data) =>
      data
        .be32(immediateAttributes.register, verdictRegister)
        .nested(immediateAttributes.data, (value) => value.nested(dataAttributes.verdict, writeVerdict)),
  }
}

/** Reads what {@link writeExpression} writes. @throws {NetlinkDecodeError} when it is malformed. */
export function readExpression(attributes: Attributes): Expression {
  const name = required(attributes.string(expressionAttributes.name), 'expression name')
  const data = attributes.nested(expressionAttributes.data)
  if (data === undefined) return { kind: 'other', name }
  return readStatement(name, data) ?? readKnown(name, data) ?? { kind: 'other', name }
}

/** @returns `undefined` for expressions, or forms of them, that {@link Expression} does not describe. */
function readKnown(name: string, data: Attributes): Expression | undefined {
  switch (name) {
    case 'payload': {
      const base = nameOf(payloadBases, data.be32(payloadAttributes.base) ?? -1)
      if (base === undefined || !data.has(payloadAttributes.register)) return undefined
      const register = registerOf(data, payloadAttributes.register)
      return {
        kind: 'payload',
        base,
        offset: integerOf(data, payloadAttributes.offset),
        length: integerOf(data, payloadAttributes.length),
        register,
      }
    }
    case 'meta': {
      if (!data.has(keyAttributes.register)) return undefined
      const key = integerOf(data, keyAttributes.key)
      return {
        kind: 'meta',
        key: nameOf(metaKeys, key) ?? key,
        register: registerOf(data, keyAttributes.register),
      }
    }
    case 'ct': {
      if (!data.has(keyAttributes.register)) return undefined
      const key = integerOf(data, keyAttributes.key)
      return {
        kind: 'ct',
        key: nameOf(ctKeys, key) ?? key,
        register: registerOf(data, keyAttributes.register),
      }
    }
    case 'cmp': {
      const operator = nameOf(cmpOperators, data.be32(cmpAttributes.operator) ?? -1)
      if (operator === undefined) return undefined
      return {
        kind: 'cmp',
        operator,
        register: registerOf(data, cmpAttributes.register),
        value: dataOf(data, cmpAttributes.data),
      }
    }
    case 'bitwise':
      // Without a mask it is a shift.
      if (!data.has(bitwiseAttributes.mask) || !data.has(bitwiseAttributes.xor)) return undefined
      return {
        kind: 'bitwise',
        source: registerOf(data, bitwiseAttributes.source),
        destination: registerOf(data, bitwiseAttributes.destination),
        mask: dataOf(data, bitwiseAttributes.mask),
        xor: dataOf(data, bitwiseAttributes.xor),
      }
    case 'lookup': {
      const set = required(data.string(lookupAttributes.set), 'set name of a lookup')
      const invert = ((data.be32(lookupAttributes.flags) ?? 0) & lookupInvert) !== 0
      return { kind: 'lookup', set, register: registerOf(data, lookupAttributes.register), invert }
    }
    case 'immediate':
      return readVerdict(data)
    case 'counter':
      return {
        kind: 'counter',
        packets: data.be64(counterAttributes.packets) ?? 0n,
        bytes: data.be64(counterAttributes.bytes) ?? 0n,
      }
    default:
      return undefined
  }
}

function readVerdict(data: Attributes): Expression | undefined {
  const attributes = data.nested(immediateAttributes.data)?.nested(dataAttributes.verdict)
  const verdict = nameOf(nftVerdicts, attributes?.beS32(verdictAttributes.code) ?? Number.NaN)
  if (verdict === undefined) return undefined
  const chain = attributes?.string(verdictAttributes.chain)
  return { kind: 'verdict', verdict, ...(chain === undefined ? {} : { chain }) }
}
