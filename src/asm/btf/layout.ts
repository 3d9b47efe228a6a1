import { BtfError, malformed } from './error.ts'
import { type MemberPathStep, parseMemberPath } from './member-path.ts'
import type { Btf } from './reader.ts'
import type { BtfComposite, BtfMember, BtfType } from './types.ts'

/** Where a member of a struct lies. */
export interface MemberLocation {
  /** Bytes from the start of the outermost struct; of a bit-field, of the smallest aligned unit that holds it. */
  readonly offset: number
  /** Bytes of the member; of a bit-field, of that unit: 1, 2, 4 or 8. */
  readonly size: number
  /**
   * Of a bit-field: its first bit within the unit, counted the way BTF does, from the least significant bit on
   * little-endian machines and from the most significant on big-endian ones.
   */
  readonly bitOffset?: number
  /** Of a bit-field: how many bits it has. */
  readonly bitSize?: number
  /** The member's type as declared: typedefs and qualifiers are still there. */
  readonly typeId: number
}

/** How a type is looked up by name. */
export interface LookupOptions {
  /**
   * Whether a type that is not there under its whole name is looked up without its flavour, see
   * {@link withoutFlavour}. Not unless asked for: the kernel has types of such names itself (`nf_conn___init`).
   */
  readonly flavours?: boolean
}

/**
 * Longest chain of typedefs, qualifiers, arrays or nested anonymous structs that is followed. The kernel stops at
 * 32 (MAX_RESOLVE_DEPTH in kernel/bpf/btf.c); a longer one is a cycle, or data made to waste our time.
 */
const maxDepth = 128

/**
 * Skips typedef, const, volatile, restrict and type_tag.
 *
 * @returns the id of the first type that is none of these
 * @throws {BtfError} `BTF_MALFORMED` when the chain never ends
 */
export function resolve(btf: Btf, id: number): number {
  let current = id
  for (let depth = 0; depth < maxDepth; depth++) {
    const next = aliased(btf.type(current))
    if (next === undefined) return current
    current = next
  }
  throw malformed('a type is defined by itself', { typeId: id })
}

/**
 * Size of a value of this type in bytes, 0 to 2^32−1. Pointers have the size of `long` in the blob, 8 where it
 * has none.
 *
 * @throws {BtfError} `BTF_NO_SIZE` for void, functions, forward declarations and tags; `BTF_MALFORMED`
 */
export function sizeOf(btf: Btf, id: number): number {
  let elements = 1
  let current = id
  for (let depth = 0; depth < maxDepth; depth++) {
    const type = btf.type(current)
    switch (type.kind) {
      case 'array':
        elements *= type.length
        current = type.element
        break
      case 'var':
        current = type.type
        break
      case 'ptr':
        return checkSize(elements * pointerSize(btf), id)
      case 'int':
      case 'enum':
      case 'enum64':
      case 'float':
      case 'struct':
      case 'union':
      case 'datasec':
        return checkSize(elements * type.size, id)
      default: {
        const next = aliased(type)
        if (next === undefined)
          throw new BtfError('BTF_NO_SIZE', `a type of kind ${type.kind} has no size`, { typeId: current })
        current = next
      }
    }
  }
  throw malformed('a type contains itself', { typeId: id })
}

/**
 * Locates a member, such as `tuplehash[1].tuple.src.u3.ip` of `nf_conn`. Members of anonymous structs and unions
 * are found as in C, and arrays of length 0 take any index.
 *
 * @param start name of a struct or union (or a typedef of one), or a type id
 * @throws {BtfError} `BTF_NO_TYPE`, `BTF_NO_MEMBER` (lists the members there are), `BTF_PATH` for a path that is
 *   not one or leads through a pointer, `BTF_MALFORMED`
 */
export function memberPath(
  btf: Btf,
  start: string | number,
  path: string,
  options: LookupOptions = {},
): MemberLocation {
  const outermost = typeof start === 'number' ? start : findComposite(btf, start, options)
  let bits = 0
  let typeId = outermost
  let bitSize = 0
  for (const step of parseMemberPath(path)) {
    if (bitSize !== 0) throw notAStruct(btf, typeId, step, path, 'a bit-field')
    if (step.kind === 'index') {
      const array = btf.type(resolve(btf, typeId))
      if (array.kind !== 'array') throw notAStruct(btf, typeId, step, path)
      if (array.length !== 0 && step.index >= array.length)
        throw new BtfError(
          'BTF_PATH',
          `"${path}": index ${step.index} of "${step.before}", which has ${array.length} elements`,
          { typeId },
        )
      bits += step.index * sizeOf(btf, array.element) * 8
      typeId = array.element
    } else {
      const found = findMember(btf, typeId, step, path)
      bits += found.bitOffset
      typeId = found.type
      bitSize = found.bitSize
    }
  }
  const size = sizeOf(btf, typeId)
  // The old way of writing bit-fields: a full-size member whose integer type has fewer bits.
  const type = btf.type(resolve(btf, typeId))
  if (bitSize === 0 && type.kind === 'int' && (type.bits !== type.size * 8 || type.bitOffset !== 0)) {
    bits += type.bitOffset
    bitSize = type.bits
  }
  if (bitSize !== 0) return { ...bitFieldUnit(bits, bitSize, typeId), typeId }
  if (bits % 8 !== 0) throw malformed(`"${path}" does not begin at a byte`, { typeId })
  return { offset: checkSize(bits / 8, typeId), size, typeId }
}

/**
 * The part of a local type's name that the kernel knows: `nf_conn` of `nf_conn___old`. Three underscores and what
 * follows tell several versions of a kernel's type apart in one program (CO-RE flavours).
 */
export function withoutFlavour(name: string): string {
  // As libbpf has it, the underscores stand between other characters, and the last such place counts.
  return /^(.*[^_])___[^_].*$/.exec(name)?.[1] ?? name
}

/** What a typedef, qualifier or tag stands for; `undefined` for any other type. */
function aliased(type: BtfType): number | undefined {
  switch (type.kind) {
    case 'typedef':
    case 'const':
    case 'volatile':
    case 'restrict':
    case 'type_tag':
      return type.type
    default:
      return undefined
  }
}

const pointerSizes = new WeakMap<Btf, number>()

/** Size of a pointer: that of `long`, which every compiler's BTF has under one of these names. */
function pointerSize(btf: Btf): number {
  let size = pointerSizes.get(btf)
  if (size === undefined) {
    const names = ['unsigned long', 'long unsigned int', 'long', 'long int']
    const [id] = btf.findAll(names, 'int').values()
    const type = id === undefined ? undefined : btf.type(id)
    size = type?.kind === 'int' && type.size === 4 ? 4 : 8
    pointerSizes.set(btf, size)
  }
  return size
}

function checkSize(size: number, typeId: number): number {
  if (size > 0xffffffff) throw malformed('a size beyond 4 GiB', { typeId })
  return size
}

/** The smallest naturally aligned load that has all the bits. */
function bitFieldUnit(bits: number, bitSize: number, typeId: number) {
  for (const size of [1, 2, 4, 8]) {
    const offset = Math.floor(bits / (size * 8)) * size
    const bitOffset = bits - offset * 8
    if (bitOffset + bitSize <= size * 8)
      return { offset: checkSize(offset, typeId), size, bitOffset, bitSize }
  }
  throw new BtfError(
    'BTF_PATH',
    `a bit-field of ${bitSize} bits at bit ${bits} fits in no aligned 64-bit word`,
    {
      typeId,
    },
  )
}

function findComposite(btf: Btf, name: string, { flavours = false }: LookupOptions): number {
  for (const wanted of flavours ? [name, withoutFlavour(name)] : [name])
    for (const kind of ['struct', 'union', 'typedef'] as const) {
      const id = btf.findByName(wanted, kind)
      if (id !== undefined) return id
    }
  throw new BtfError(
    'BTF_NO_TYPE',
    `there is no struct, union or typedef "${name}"`,
    {},
    { hint: 'Types of kernel modules are in the BTF of the module, which must be loaded.' },
  )
}

/** Finds a named member, in anonymous members too; its offset counts from the struct `id`. */
function findMember(btf: Btf, id: number, step: MemberPathStep & { kind: 'name' }, path: string): BtfMember {
  const resolved = resolve(btf, id)
  const struct = btf.type(resolved)
  if (struct.kind !== 'struct' && struct.kind !== 'union') throw notAStruct(btf, id, step, path)
  const member = searchMember(btf, step.name, struct, resolved, new Set())
  if (member !== undefined) return member
  const names = memberNames(btf, struct, resolved)
  const listed = names.length > listedMembers ? [...names.slice(0, listedMembers), '…'] : names
  throw new BtfError(
    'BTF_NO_MEMBER',
    `"${path}": ${struct.kind} ${struct.name || '(anonymous)'} has no member "${step.name}"`,
    { typeId: resolved },
    {
      hint: names.length === 0 ? 'It has no members.' : `It has ${listed.join(', ')}.`,
      details: names.join('\n'),
    },
  )
}

/** How many members an error's hint names; all of them are in its details. */
const listedMembers = 40

/** Depth first, as C would see it. `seen` holds the structs searched before, in vain. */
function searchMember(
  btf: Btf,
  name: string,
  struct: BtfComposite,
  id: number,
  seen: Set<number>,
  depth = 0,
): BtfMember | undefined {
  if (depth === maxDepth) throw malformed('anonymous members nest without end', { typeId: id })
  seen.add(id)
  for (const member of struct.members) {
    if (member.name === name) return checkMember(btf, member, struct, id)
    const inner = anonymous(btf, member)
    if (inner === undefined || seen.has(inner.id)) continue
    const found = searchMember(btf, name, inner.type, inner.id, seen, depth + 1)
    if (found !== undefined) return { ...found, bitOffset: found.bitOffset + member.bitOffset }
  }
  return undefined
}

/** Only after a search in vain, which has found the nesting to end. */
function memberNames(btf: Btf, struct: BtfComposite, id: number, seen = new Set<number>()): string[] {
  seen.add(id)
  return struct.members.flatMap((member) => {
    if (member.name !== '') return [member.name]
    const inner = anonymous(btf, member)
    return inner === undefined || seen.has(inner.id) ? [] : memberNames(btf, inner.type, inner.id, seen)
  })
}

function anonymous(btf: Btf, member: BtfMember): { type: BtfComposite; id: number } | undefined {
  if (member.name !== '') return undefined
  const id = resolve(btf, member.type)
  const type = btf.type(id)
  return type.kind === 'struct' || type.kind === 'union' ? { type, id } : undefined
}

function checkMember(btf: Btf, member: BtfMember, struct: BtfComposite, typeId: number): BtfMember {
  const bits = member.bitSize === 0 ? sizeOf(btf, member.type) * 8 : member.bitSize
  if (member.bitOffset + bits > struct.size * 8)
    throw malformed(`member "${member.name}" lies outside its ${struct.kind}`, { typeId })
  return member
}

function notAStruct(btf: Btf, typeId: number, step: MemberPathStep, path: string, what?: string): BtfError {
  const type = btf.type(resolve(btf, typeId))
  const kinds: Readonly<Record<string, string>> = {
    ptr: 'a pointer',
    fwd: 'only declared here, not defined',
    array: 'an array',
  }
  const found = what ?? kinds[type.kind] ?? `of kind ${type.kind}`
  const wanted = step.kind === 'index' ? `has no element ${step.index}` : `has no member "${step.name}"`
  const hints: Readonly<Record<string, string>> = {
    ptr: 'Load the pointer first, then use a path from the struct it points to.',
    array: `Say which element: "${step.before}[0]".`,
  }
  return new BtfError(
    'BTF_PATH',
    `"${path}": "${step.before || typeId}" is ${found} and ${wanted}`,
    { typeId },
    { hint: hints[type.kind] ?? '' },
  )
}
