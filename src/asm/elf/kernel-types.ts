import type { LayoutTypes } from '../btf/layout-types.ts'
import { type MemberPathStep, parseMemberPath } from '../btf/member-path.ts'
import { parseDeclared, scalarSize } from '../btf/prototype.ts'
import type { BtfWriter } from '../btf/writer.ts'
import type { KfuncSpec } from '../program.ts'
import { ElfError } from './error.ts'
import type { KernelKinds, LeafKind } from './kernel-kinds.ts'

/** A member of a kernel struct as the object knows it: what a CO-RE relocation says. */
export interface LocalMember {
  /** The local struct's id. */
  readonly typeId: number
  /** Indexes into members and arrays, from the struct on: `0:2:0`. */
  readonly access: string
  /** Bytes from the start of the local struct. */
  readonly offset: number
}

/**
 * The kernel's types as far as a program uses them: structs with just the members it reads, at offsets of our own
 * choosing. The loader finds the kernel's members by name and corrects the instructions (CO-RE).
 *
 * Declare all members first, then {@link define} the structs, then ask.
 */
export class KernelTypesInObject {
  readonly #writer: BtfWriter
  readonly #layouts: LayoutTypes
  readonly #kinds: KernelKinds
  readonly #roots = new Map<string, Node>()
  readonly #ids = new Map<string, number>()

  constructor(writer: BtfWriter, layouts: LayoutTypes, kinds: KernelKinds) {
    this.#writer = writer
    this.#layouts = layouts
    this.#kinds = kinds
  }

  /** Says that the program accesses a member of `size` bytes. @throws {ElfError} when it cannot be one */
  declare(struct: string, path: string, size: number): void {
    let node = this.#roots.get(struct) ?? newNode()
    this.#roots.set(struct, node)
    for (const step of parseMemberPath(path)) node = child(node, step)
    if (![1, 2, 4, 8].includes(size))
      throw new ElfError(`${struct}.${path} has ${size} bytes, which no single access reads`)
    if (node.leaf !== undefined && node.leaf.size !== size)
      throw new ElfError(`${struct}.${path} is declared with ${node.leaf.size} and with ${size} bytes`)
    node.leaf = { size, kind: this.#kinds.member(struct, path) }
  }

  /** Adds the structs of all declared members. */
  define(): void {
    for (const [name, node] of this.#roots) {
      check(node, name)
      this.#ids.set(`struct ${name}`, this.#composite(node, name).type)
    }
  }

  /** Where a declared member lies. */
  locate(struct: string, path: string): LocalMember {
    const indexes = [0]
    let node = this.#roots.get(struct)
    let offset = 0
    for (const step of parseMemberPath(path)) {
      if (node === undefined) break
      if (step.kind === 'index') {
        offset += step.index * node.stride
        indexes.push(step.index)
        node = node.element
      } else {
        indexes.push([...node.members.keys()].indexOf(step.name))
        node = node.members.get(step.name)
        offset += node?.offset ?? 0
      }
    }
    const typeId = this.#ids.get(`struct ${struct}`)
    if (typeId === undefined) throw new ElfError(`struct ${struct} was not declared`)
    return { typeId, access: indexes.join(':'), offset }
  }

  /** Adds the prototype of a kernel function. @returns the id of its func_proto */
  prototype(spec: KfuncSpec): number {
    const declared = this.#kinds.prototype(spec)
    const parameters = declared.parameters.map((type, index) => ({
      name: `p${index}`,
      type: this.#declared(spec, type),
    }))
    return this.#writer.funcProto(this.#declared(spec, declared.returns), parameters)
  }

  /** Adds a type in the notation of {@link KfuncSpec}. */
  #declared(spec: KfuncSpec, text: string): number {
    const { base, stars } = parseDeclared(text)
    let id = this.#base(spec, base, stars > 0, /\bunion\b/.test(text) ? 'union' : 'struct')
    for (let i = 0; i < stars; i++) id = this.#writer.ptr(id)
    return id
  }

  #base(spec: KfuncSpec, base: string, pointee: boolean, kind: 'struct' | 'union'): number {
    if (base === 'void') return 0
    if (base.startsWith('enum ')) return this.#once(base, () => this.#writer.enum(base.slice(5), 4, []))
    if (base === 'bool') return this.#once('bool', () => this.#writer.int('_Bool', 1, { bool: true }))
    const size = scalarSize(base)
    if (size !== undefined) return this.#layouts.integer(size, /^(s|i|long|int|short)/.test(base))
    if (!pointee) throw new ElfError(`kernel function ${spec.name}: "${base}" cannot be written as a type`)
    return this.#once(`${kind} ${base}`, () => this.#writer[kind](base, 0, []))
  }

  #once(key: string, add: () => number): number {
    const id = this.#ids.get(key) ?? add()
    this.#ids.set(key, id)
    return id
  }

  /** Adds a type for a node and settles the offsets beneath it. */
  #add(node: Node): { readonly type: number; readonly size: number; readonly align: number } {
    if (node.element !== undefined) {
      const element = this.#add(node.element)
      node.stride = element.size
      const type = this.#writer.array(element.type, this.#layouts.u32, node.length)
      return { type, size: element.size * node.length, align: element.align }
    }
    if (node.leaf === undefined) return this.#composite(node, '')
    const { size, kind } = node.leaf
    return { type: this.#leaf(size, kind), size, align: size }
  }

  #leaf(size: number, kind: LeafKind): number {
    if (kind === 'ptr') return this.#once('ptr', () => this.#writer.ptr(0))
    if (kind === 'enum') return this.#once(`enum:${size}`, () => this.#writer.enum('', size, []))
    return this.#layouts.integer(size)
  }

  #composite(node: Node, name: string): { type: number; size: number; align: number } {
    let end = 0
    let align = 1
    const members = [...node.members].map(([memberName, inner]) => {
      const added = this.#add(inner)
      inner.offset = Math.ceil(end / added.align) * added.align
      end = inner.offset + added.size
      align = Math.max(align, added.align)
      return { name: memberName, type: added.type, bitOffset: inner.offset * 8 }
    })
    const size = Math.ceil(end / align) * align
    return { type: this.#writer.struct(name, size, members), size, align }
  }
}

/** A struct, an array or a number inside a kernel struct; exactly one of the three once all is declared. */
interface Node {
  readonly members: Map<string, Node>
  element?: Node
  /** Of an array: its length, and bytes from one element to the next. */
  length: number
  stride: number
  leaf?: { readonly size: number; readonly kind: LeafKind }
  /** Bytes from the start of the struct around it. */
  offset: number
}

function newNode(): Node {
  return { members: new Map(), length: 0, stride: 0, offset: 0 }
}

function child(node: Node, step: MemberPathStep): Node {
  if (step.kind === 'index') {
    node.length = Math.max(node.length, step.index + 1)
    node.element ??= newNode()
    return node.element
  }
  const found = node.members.get(step.name) ?? newNode()
  node.members.set(step.name, found)
  return found
}

function check(node: Node, path: string): void {
  const uses = [node.members.size > 0, node.element !== undefined, node.leaf !== undefined]
  if (uses.filter(Boolean).length !== 1)
    throw new ElfError(
      `${path} is used both as a whole and in parts`,
      'Read either the member or the members inside it.',
    )
  for (const [name, inner] of node.members) check(inner, `${path}.${name}`)
  if (node.element !== undefined) check(node.element, `${path}[]`)
}
