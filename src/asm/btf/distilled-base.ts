import { BtfError } from './error.ts'
import { Btf } from './reader.ts'
import type { BtfDefinition, BtfKind, BtfType } from './types.ts'
import { BtfWriter } from './writer.ts'

/**
 * Moves split BTF that was made on a distilled base (the ELF sections `.BTF` and `.BTF.base` of a kernel module, Linux
 * 6.11) onto the types of a running kernel. The distilled base holds just the types that the module refers to: numbers
 * and enums by name and size, structs and unions without members. Each is looked up in the kernel.
 *
 * @param split the module's blob
 * @param distilled the blob that it continues
 * @param base the kernel's types
 * @returns the module's types, continuing `base`
 * @throws {BtfError} `BTF_RELOCATE` when the kernel does not have one of the types, has it in another size, or more
 *   than once; `BTF_MALFORMED`
 */
export function relocateSplit(split: Uint8Array, distilled: Uint8Array, base: Btf): Btf {
  const from = Btf.parse(distilled)
  const types = Btf.parse(split, from)
  const moved = findInBase(from, base)
  const shift = base.typeCount - from.typeCount
  const id = (old: number): number => (old <= from.typeCount ? (moved[old] ?? 0) : old + shift)
  const writer = new BtfWriter(base)
  for (let old = types.firstId; old <= types.typeCount; old++) writer.add(withIds(types.type(old), old, id))
  return Btf.parse(writer.finish({ littleEndian: base.littleEndian }), base)
}

const interchangeable: ReadonlySet<string> = new Set(['int', 'float', 'fwd'])

/** By id in the distilled base: the id of the same type in the kernel. */
function findInBase(from: Btf, base: Btf): number[] {
  const distilled: BtfType[] = []
  for (let id = 0; id <= from.typeCount; id++) distilled.push(from.type(id))
  const named = new Map<string, number[]>()
  for (const type of distilled) if ('name' in type && type.name !== '') named.set(type.name, [])
  const kinds = new Set(distilled.flatMap(candidateKinds))
  for (let id = 1; id <= base.typeCount; id++) {
    if (!kinds.has(base.kind(id) as BtfKind)) continue
    const type = base.type(id)
    if ('name' in type) named.get(type.name)?.push(id)
  }
  return distilled.map((type, typeId) => {
    if (type.kind === 'void') return 0
    const name = 'name' in type ? type.name : ''
    const candidates = (named.get(name) ?? []).filter((id) => matches(type, base.type(id)))
    // A definition before a declaration.
    const rank = (id: number): number => (base.kind(id) === 'fwd' ? 1 : 0)
    const [found, ...others] = candidates.sort((a, b) => rank(a) - rank(b))
    if (name === '' || candidateKinds(type).length === 0)
      throw new BtfError(
        'BTF_RELOCATE',
        `a distilled base has no types of kind ${type.kind} without a name`,
        { typeId },
      )
    if (found === undefined)
      throw new BtfError(
        'BTF_RELOCATE',
        `the kernel has no ${type.kind} "${name}" like the one the module was built with`,
        { typeId },
      )
    // Numbers that are alike are the same; what is only pointed to may be any of them.
    if (others.length > 0 && !interchangeable.has(type.kind))
      throw new BtfError('BTF_RELOCATE', `the kernel has several types like ${type.kind} "${name}"`, {
        typeId,
      })
    return found
  })
}

/** The kinds that a type of a distilled base can be in the kernel. */
function candidateKinds(type: BtfType): BtfKind[] {
  switch (type.kind) {
    case 'int':
    case 'float':
    case 'struct':
    case 'union':
      return [type.kind]
    case 'fwd':
      return [type.union ? 'union' : 'struct', 'fwd']
    case 'enum':
    case 'enum64':
      return ['enum', 'enum64']
    default:
      return []
  }
}

function matches(type: BtfType, candidate: BtfType): boolean {
  if (!candidateKinds(type).includes(candidate.kind as BtfKind)) return false
  if (type.kind === 'fwd') return candidate.kind !== 'fwd' || candidate.union === type.union
  if (!('size' in type) || !('size' in candidate) || type.size !== candidate.size) return false
  if (type.kind !== 'int' || candidate.kind !== 'int') return true
  return (
    type.bits === candidate.bits &&
    type.signed === candidate.signed &&
    type.bool === candidate.bool &&
    type.char === candidate.char
  )
}

/** The type with every id in it replaced. */
function withIds(type: BtfType, typeId: number, id: (old: number) => number): BtfDefinition {
  switch (type.kind) {
    case 'ptr':
    case 'typedef':
    case 'volatile':
    case 'const':
    case 'restrict':
    case 'func':
    case 'var':
    case 'decl_tag':
    case 'type_tag':
      return { ...type, type: id(type.type) }
    case 'array':
      return { ...type, element: id(type.element), index: id(type.index) }
    case 'struct':
    case 'union':
      return { ...type, members: type.members.map((member) => ({ ...member, type: id(member.type) })) }
    case 'func_proto':
      return {
        ...type,
        returns: id(type.returns),
        parameters: type.parameters.map((parameter) => ({ ...parameter, type: id(parameter.type) })),
      }
    case 'datasec':
      return {
        ...type,
        variables: type.variables.map((variable) => ({ ...variable, type: id(variable.type) })),
      }
    case 'int':
    case 'enum':
    case 'enum64':
    case 'fwd':
    case 'float':
      return type
    case 'void':
    case 'unknown':
      throw new BtfError(
        'BTF_RELOCATE',
        `a type of the unknown kind ${'kindNumber' in type ? type.kindNumber : 0}`,
        { typeId },
      )
  }
}
