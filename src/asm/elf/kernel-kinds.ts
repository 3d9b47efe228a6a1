import { memberPath, resolve } from '../btf/layout.ts'
import { describePrototype } from '../btf/prototype.ts'
import type { Btf } from '../btf/reader.ts'
import type { KfuncSpec } from '../program.ts'
import { ElfError } from './error.ts'

/** What kind of type a member has: libbpf wants to see the same in the object and in the kernel. */
export type LeafKind = 'int' | 'ptr' | 'enum'

/** Kinds of the kernel's types that a program does not say: from a kernel's BTF, or else the most likely. */
export class KernelKinds {
  readonly #kernel: Btf | undefined

  constructor(kernel: Btf | undefined) {
    this.#kernel = kernel
  }

  /**
   * The kind of a struct's member; `int` when the kernel is not known or does not have the struct.
   *
   * @throws {ElfError} when the member is no scalar
   * @throws {BtfError} `BTF_NO_MEMBER` when the kernel's struct does not have it
   */
  member(struct: string, path: string): LeafKind {
    const btf = this.#kernel
    if (btf?.findByName(struct, 'struct') === undefined) return 'int'
    const type = btf.type(resolve(btf, memberPath(btf, struct, path).typeId))
    if (type.kind === 'struct' || type.kind === 'union' || type.kind === 'array')
      throw new ElfError(
        `${struct}.${path} is ${type.kind === 'array' ? 'an array' : `a ${type.kind}`} in the kernel`,
        'Read the member inside it: libbpf does not take a number for a struct.',
      )
    if (type.kind === 'ptr') return 'ptr'
    return type.kind === 'enum' || type.kind === 'enum64' ? 'enum' : 'int'
  }

  /** A kernel function's prototype with `enum` and `union` where the kernel has them. */
  prototype(spec: KfuncSpec): { readonly parameters: readonly string[]; readonly returns: string } {
    const btf = this.#kernel
    const id = btf?.findByName(spec.name, 'func')
    if (btf === undefined || id === undefined) return spec
    const func = btf.type(id)
    const proto = func.kind === 'func' ? btf.type(func.type) : undefined
    if (proto?.kind !== 'func_proto') return spec
    const actual = describePrototype(btf, id)
    const notation = (text: string, type: number): string => `${this.#keyword(btf, type)}${text}`
    return {
      parameters: actual.parameters.map((text, index) => {
        const type = proto.parameters[index]?.type ?? 0
        return this.#isEnum(btf, type) ? 'enum anonymous' : notation(text, type)
      }),
      returns: this.#isEnum(btf, proto.returns) ? 'enum anonymous' : notation(actual.returns, proto.returns),
    }
  }

  #isEnum(btf: Btf, id: number): boolean {
    return btf.kind(resolve(btf, id)) === 'enum'
  }

  /** `union ` for a pointer to a union. */
  #keyword(btf: Btf, id: number): string {
    let type = btf.type(resolve(btf, id))
    for (let depth = 0; type.kind === 'ptr' && depth < 8; depth++) type = btf.type(resolve(btf, type.type))
    return type.kind === 'union' && type.name !== '' ? 'union ' : ''
  }
}
