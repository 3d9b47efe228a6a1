import { resolve } from '../../btf/layout.ts'
import type { Btf } from '../../btf/reader.ts'

/** What a CO-RE relocation names: `tuplehash[1].tuple` of `nf_conn`. */
export interface AccessedMember {
  readonly struct: string
  readonly path: string
}

/**
 * Reads the access string of a CO-RE relocation, such as `0:2:0`: indexes into members and arrays from a struct on
 * (include/uapi/linux/bpf.h).
 *
 * @returns undefined for accesses that a member path does not express: of the struct as a whole, or beyond its types
 */
export function accessedMember(btf: Btf, typeId: number, access: string): AccessedMember | undefined {
  const [first, ...indexes] = access.split(':').map(Number)
  const root = btf.type(resolve(btf, typeId))
  if (first !== 0 || indexes.length === 0 || (root.kind !== 'struct' && root.kind !== 'union'))
    return undefined
  let path = ''
  let id = typeId
  for (const index of indexes) {
    const type = btf.type(resolve(btf, id))
    if (type.kind === 'array') {
      path += `[${index}]`
      id = type.element
      continue
    }
    const member = type.kind === 'struct' || type.kind === 'union' ? type.members[index] : undefined
    if (member === undefined) return undefined
    // Members of an anonymous struct belong to the one around it.
    if (member.name !== '') path += path === '' ? member.name : `.${member.name}`
    id = member.type
  }
  return path === '' || root.name === '' ? undefined : { struct: root.name, path }
}
