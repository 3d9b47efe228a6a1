import { malformed } from '../error.ts'
import type { Btf } from '../reader.ts'
import type { BtfComposite, BtfEnum, BtfEnum64, BtfFuncProto } from '../types.ts'
import { CLayouts } from './c-layout.ts'
import { CNames, identifier, integerName } from './c-names.ts'

/** Longest chain of pointers, arrays and qualifiers, and deepest nesting, that is written. */
const maxDepth = 64
/** Members and parameters in one declaration, anonymous structs included; no kernel has a tenth of it. */
const maxDeclarators = 100_000

/** Writes single declarations: `int (*name)(void)`. */
export class CDeclarators {
  readonly #btf: Btf
  readonly #layouts: CLayouts
  readonly #names = new CNames()
  readonly #inlineEnums = new Set<number>()
  readonly #outline: boolean
  #count = 0

  /** @param options `outline`: leave out what is between braces */
  constructor(btf: Btf, options: { readonly outline?: boolean } = {}) {
    this.#outline = options.outline ?? false
    this.#btf = btf
    this.#layouts = new CLayouts(btf)
  }

  /**
   * Declares `declarator` (empty in a cast or a parameter without a name) as type `id`.
   *
   * @param indent of the line it is written on
   */
  declare(id: number, declarator: string, indent = '', qualifiers = '', depth = 0): string {
    if (depth === 0) this.#count = 0
    if (depth > maxDepth || ++this.#count > maxDeclarators)
      throw malformed('a type is defined by itself', { typeId: id })
    const type = this.#btf.type(id)
    const next = (to: number, inner: string, quals = ''): string =>
      this.declare(to, inner, indent, quals, depth + 1)
    switch (type.kind) {
      case 'const':
      case 'volatile':
      case 'restrict':
        return next(
          type.type,
          declarator,
          qualifiers.includes(type.kind) ? qualifiers : `${qualifiers}${type.kind} `,
        )
      case 'type_tag':
        return next(type.type, declarator, qualifiers)
      case 'ptr': {
        const star = `*${qualifiers}${declarator}`.trimEnd()
        return next(type.type, this.#bindsTighter(type.type) ? `(${star})` : star)
      }
      case 'array':
        return next(type.element, `${declarator}[${type.length}]`, qualifiers)
      case 'func_proto':
        return next(type.returns, `${declarator}(${this.#parameters(type, indent, depth)})`)
      default: {
        // `restrict` is for pointers; on anything else it is a mistake of the writer of the BTF.
        const base = `${qualifiers.replace('restrict ', '')}${this.#specifier(id, indent, depth)}`
        return declarator === '' ? base : `${base} ${declarator}`
      }
    }
  }

  /** `struct name`. */
  tag(id: number, type: { readonly kind: string; readonly name: string }): string {
    return `${type.kind} ${this.#names.of('tag', id, type.name)}`
  }

  /** A typedef's, function's or variable's name. */
  ordinary(id: number, name: string): string {
    return this.#names.of('ordinary', id, name)
  }

  /** `{ … }` of a struct or union, with its attributes. */
  body(id: number, type: BtfComposite, indent: string, depth = 0): string {
    if (this.#outline) return '{…}'
    if (depth === 0) this.#count = 0
    const inner = `${indent}\t`
    const layout = this.#layouts.of(id, type)
    const lines: string[] = []
    for (const [index, member] of type.members.entries()) {
      for (const field of layout.padding[index] ?? []) lines.push(`${inner}${field};`)
      const name = member.name === '' ? '' : identifier(member.name)
      const bits = this.#bits(member.type, member.bitSize)
      lines.push(`${inner}${this.declare(member.type, name, inner, '', depth + 1)}${bits};`)
    }
    for (const field of layout.padding.at(-1) ?? []) lines.push(`${inner}${field};`)
    const attributes = [
      ...(layout.packed ? [' __attribute__((packed))'] : []),
      ...(layout.aligned > 0 ? [` __attribute__((aligned(${layout.aligned})))`] : []),
    ]
    return `{\n${lines.map((line) => `${line}\n`).join('')}${indent}}${attributes.join('')}`
  }

  /** `{ … }` of an enum. */
  enumBody(id: number, type: BtfEnum | BtfEnum64, indent: string): string {
    if (this.#outline) return '{…}'
    const suffix = type.kind === 'enum64' ? (type.signed ? 'LL' : 'ULL') : ''
    const lines = type.values.map(({ name, value }, index) => {
      const text = value === -(2n ** 63n) ? '(-9223372036854775807LL - 1)' : `${value}${suffix}`
      return `${indent}\t${this.#names.of('ordinary', `${id} ${index}`, name)} = ${text},\n`
    })
    // An enum without values is none in C.
    if (lines.length === 0)
      lines.push(`${indent}\t${this.#names.of('ordinary', `${id} 0`, `__empty_${id}`)} = 0,\n`)
    const mode = { 1: 'QI', 2: 'HI', 8: 'DI' }[type.size]
    return `{\n${lines.join('')}${indent}}${mode === undefined ? '' : ` __attribute__((mode(${mode})))`}`
  }

  /** What stands before the declarator. */
  #specifier(id: number, indent: string, depth: number): string {
    const type = this.#btf.type(id)
    switch (type.kind) {
      case 'void':
        return 'void'
      case 'int':
        return integerName(type)
      case 'float':
        return type.name
      case 'typedef':
        return this.ordinary(id, type.name)
      case 'struct':
      case 'union':
        return type.name === '' ? `${type.kind} ${this.body(id, type, indent, depth)}` : this.tag(id, type)
      case 'fwd':
        return `${type.union ? 'union' : 'struct'} ${identifier(type.name)}`
      case 'enum':
      case 'enum64':
        if (type.name !== '') return this.tag(id, { kind: 'enum', name: type.name })
        // Its values cannot be declared twice.
        if (this.#inlineEnums.has(id))
          return integerName({
            kind: 'int',
            name: '',
            size: type.size,
            bits: 0,
            bitOffset: 0,
            signed: type.signed,
            char: false,
            bool: false,
          })
        this.#inlineEnums.add(id)
        return `enum ${this.enumBody(id, type, indent)}`
      default:
        throw malformed(`a ${type.kind} is used as the type of a value`, { typeId: id })
    }
  }

  #parameters({ parameters }: BtfFuncProto, indent: string, depth: number): string {
    if (parameters.length === 0) return 'void'
    return parameters
      .map(({ name, type }, index) =>
        type === 0 && index === parameters.length - 1
          ? '...'
          : this.declare(type, name === '' ? '' : identifier(name), indent, '', depth + 1),
      )
      .join(', ')
  }

  /** Whether a pointer to this type needs parentheses. */
  #bindsTighter(id: number): boolean {
    let type = this.#btf.type(id)
    for (let depth = 0; depth < maxDepth; depth++) {
      if (type.kind === 'array' || type.kind === 'func_proto') return true
      if (
        type.kind !== 'const' &&
        type.kind !== 'volatile' &&
        type.kind !== 'restrict' &&
        type.kind !== 'type_tag'
      )
        return false
      type = this.#btf.type(type.type)
    }
    return false
  }

  #bits(id: number, bitSize: number): string {
    if (bitSize !== 0) return `: ${bitSize}`
    const type = this.#btf.type(id)
    return type.kind === 'int' && type.bits !== type.size * 8 ? `: ${type.bits}` : ''
  }
}
