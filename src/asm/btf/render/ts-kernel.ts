import { resolve, sizeOf } from '../layout.ts'
import type { Btf } from '../reader.ts'
import type { BtfComposite, BtfMember } from '../types.ts'
import { inC, scalarBytes, scalarName } from './ts-scalar.ts'

/** A line of a `kernelType(…)` call: a member, or a remark about one that is not listed. */
export type TsKernelLine =
  | { readonly key: string; readonly path: string; readonly type: string; readonly comment: string }
  | { readonly remark: string }

/** Longer arrays are not written out. */
const maxArray = 4
/** A member with more scalars in it is not written out: name its type to see them. */
const maxScalars = 128
/** Members of all kinds that are looked at inside one. */
const maxVisited = 4096
/** Names in a path. */
const maxDepth = 10

/**
 * The scalar members of a kernel struct, those inside its members included. Pointers are `u64`. Bit-fields, long
 * arrays and very large members are left to remarks.
 */
export function kernelMembers(btf: Btf, type: BtfComposite): TsKernelLine[] {
  const keys = new Set<string>()
  return type.members.flatMap((member) => {
    const walk = new Walk(btf).member(member, '', 0)
    const listed = walk.tooMuch ? [tooMany(btf, member)] : walk.lines
    return listed.map((line) => ('remark' in line ? line : { ...line, key: unique(keys, line.key) }))
  })
}

function tooMany(btf: Btf, { name, type, bitOffset }: BtfMember): TsKernelLine {
  return {
    remark: `${bitOffset / 8}: ${inC(btf, type, name)}: ${sizeOf(btf, type)} bytes, too many members to list`,
  }
}

class Walk {
  readonly lines: TsKernelLine[] = []
  #scalars = 0
  #visited = 0
  readonly #btf: Btf

  constructor(btf: Btf) {
    this.#btf = btf
  }

  /** Whether it found more than can be listed, and stopped. */
  get tooMuch(): boolean {
    return this.#scalars > maxScalars || this.#visited > maxVisited
  }

  /** @param base bits from the start of the outermost struct to the one that has the member */
  member({ name, type, bitOffset, bitSize }: BtfMember, path: string, base: number, depth = 0): this {
    const at = base + bitOffset
    const full = name === '' ? path : path === '' ? name : `${path}.${name}`
    if (bitSize > 0) {
      if (name !== '') this.#remark(at, full, `${inC(this.#btf, type, name)}: ${bitSize}, bit-field`)
      return this
    }
    this.#visited++
    if (!this.tooMuch) this.#walk(type, full, at, depth, inC(this.#btf, type, name))
    return this
  }

  #walk(id: number, path: string, at: number, depth: number, comment: string): void {
    const type = this.#btf.type(resolve(this.#btf, id))
    if (type.kind === 'struct' || type.kind === 'union') {
      if (depth < maxDepth) for (const member of type.members) this.member(member, path, at, depth + 1)
      return
    }
    if (type.kind === 'array') {
      if (type.length === 0) return
      if (type.length > maxArray) {
        this.#remark(at, path, comment)
        return
      }
      const size = sizeOf(this.#btf, type.element) * 8
      for (let i = 0; i < type.length; i++)
        this.#walk(type.element, `${path}[${i}]`, at + i * size, depth + 1, inC(this.#btf, type.element))
      return
    }
    const scalar = scalarName(this.#btf, id)
    if (scalar === undefined || scalarBytes(scalar) !== sizeOf(this.#btf, id) || at % 8 !== 0) {
      this.#remark(at, path, comment)
      return
    }
    this.#scalars++
    this.lines.push({ key: keyOf(path), path, type: scalar, comment: `${at / 8}: ${comment}` })
  }

  #remark(at: number, path: string, text: string): void {
    const where = path.includes('.') || path.includes('[') ? ` (${path})` : ''
    this.lines.push({ remark: `${Math.floor(at / 8)}: ${text}${where}` })
  }
}

/** `tuplehash[0].tuple.src.u3.ip` is called `tuplehash0TupleSrcU3Ip`; a name by itself stays as it is. */
function keyOf(path: string): string {
  const parts = path.split(/[.[\]]+/).filter((part) => part !== '')
  if (parts.length === 1) return path
  return parts.reduce((key, part) => {
    const words = part.split('_').filter((word) => word !== '')
    const pascal = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
    if (key === '') return pascal.charAt(0).toLowerCase() + pascal.slice(1)
    return /\d$/.test(key) && /^\d/.test(pascal) ? `${key}_${pascal}` : key + pascal
  }, '')
}

function unique(taken: Set<string>, wanted: string): string {
  let key = wanted
  for (let n = 2; taken.has(key); n++) key = `${wanted}_${n}`
  taken.add(key)
  return key
}
