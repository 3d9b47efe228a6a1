import { type BtfComposite, type BtfDefinition, btfKinds, btfLinkages } from './types.ts'
import { intEncoding } from './wire-format.ts'

/** What encoding a type needs from the blob around it. */
export interface EncodeContext {
  /** The offset of a string. */
  string(text: string): number
  /** The highest id there is. */
  readonly lastId: number
  /** @throws {BtfError} always: the type cannot be written for `reason` */
  fail(reason: string): never
}

/** `BTF_MAX_VLEN` up to Linux 7.0 (include/uapi/linux/btf.h). */
const maxVlen = 0xffff

/** Appends the record of one type. @throws {BtfError} by way of {@link EncodeContext.fail} */
export function encodeType(type: BtfDefinition, words: number[], context: EncodeContext): void {
  const u32 = (value: number, what: string): number => integer(value, 0, 0xffffffff, what, context)
  const reference = (id: number): number => integer(id, 0, context.lastId, 'a type id', context)
  const size = (value: number): number => u32(value, 'the size')
  const record = (name: string, vlen: number, sizeOrType: number, flag = false): void => {
    integer(vlen, 0, maxVlen, 'the number of elements', context)
    const info = (flag ? 0x80000000 : 0) + btfKinds[type.kind] * 0x1000000 + vlen
    words.push(context.string(name), info, sizeOrType)
  }
  switch (type.kind) {
    case 'int': {
      const encoding =
        (type.signed ? intEncoding.signed : 0) |
        (type.char ? intEncoding.char : 0) |
        (type.bool ? intEncoding.bool : 0)
      record(type.name, 0, size(type.size))
      words.push(
        encoding * 0x1000000 +
          integer(type.bitOffset, 0, 0xff, 'the bit offset', context) * 0x10000 +
          integer(type.bits, 0, 0xff, 'the number of bits', context),
      )
      return
    }
    case 'ptr':
    case 'volatile':
    case 'const':
    case 'restrict':
      record('', 0, reference(type.type))
      return
    case 'array':
      record('', 0, 0)
      words.push(reference(type.element), reference(type.index), u32(type.length, 'the length'))
      return
    case 'struct':
    case 'union':
      encodeComposite(type, words, record, context)
      return
    case 'enum': {
      record(type.name, type.values.length, size(type.size), type.signed)
      const [low, high] = type.signed ? [-0x80000000, 0x7fffffff] : [0, 0xffffffff]
      for (const { name, value } of type.values)
        words.push(context.string(name), integer(value, low, high, `the value of ${name}`, context) >>> 0)
      return
    }
    case 'fwd':
      record(type.name, 0, 0, type.union)
      return
    case 'typedef':
      record(type.name, 0, reference(type.type))
      return
    case 'func':
      record(type.name, btfLinkages.indexOf(type.linkage), reference(type.type))
      return
    case 'func_proto':
      record('', type.parameters.length, reference(type.returns))
      for (const parameter of type.parameters)
        words.push(context.string(parameter.name), reference(parameter.type))
      return
    case 'var':
      record(type.name, 0, reference(type.type))
      words.push(btfLinkages.indexOf(type.linkage))
      return
    case 'datasec':
      record(type.name, type.variables.length, size(type.size))
      for (const variable of type.variables)
        words.push(reference(variable.type), u32(variable.offset, 'an offset'), u32(variable.size, 'a size'))
      return
    case 'float':
      record(type.name, 0, size(type.size))
      return
    case 'decl_tag':
      record(type.name, 0, reference(type.type), type.attribute)
      words.push(integer(type.component, -1, 0x7fffffff, 'the component', context) >>> 0)
      return
    case 'type_tag':
      record(type.name, 0, reference(type.type), type.attribute)
      return
    case 'enum64': {
      record(type.name, type.values.length, size(type.size), type.signed)
      for (const { name, value } of type.values) {
        const wrapped = type.signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)
        if (wrapped !== value) context.fail(`the value of ${name}, ${value}, does not fit in 64 bits`)
        words.push(
          context.string(name),
          Number(BigInt.asUintN(32, value)),
          Number(BigInt.asUintN(32, value >> 32n)),
        )
      }
      return
    }
  }
}

function encodeComposite(
  type: BtfComposite,
  words: number[],
  record: (name: string, vlen: number, sizeOrType: number, flag: boolean) => void,
  context: EncodeContext,
): void {
  // With kind_flag, which bit-fields need, a member's offset has 24 bits and its size the other eight.
  const flag = type.members.some((member) => member.bitSize !== 0)
  record(type.name, type.members.length, integer(type.size, 0, 0xffffffff, 'the size', context), flag)
  for (const member of type.members) {
    const what = `member "${member.name}"`
    const offset = integer(
      member.bitOffset,
      0,
      flag ? 0xffffff : 0xffffffff,
      `the bit offset of ${what}`,
      context,
    )
    words.push(
      context.string(member.name),
      integer(member.type, 0, context.lastId, `the type id of ${what}`, context),
      integer(member.bitSize, 0, 0xff, `the bit size of ${what}`, context) * 0x1000000 + offset,
    )
  }
}

function integer(value: number, low: number, high: number, what: string, context: EncodeContext): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value
  return context.fail(`${what} is ${value}, expected ${low} to ${high}`)
}
