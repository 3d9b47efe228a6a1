import { malformed } from '../error.ts'
import type { Btf } from '../reader.ts'
import { CDeclarators } from './c-declarator.ts'

/**
 * Types as C: each with everything it needs in front of it, and nothing else. Types behind pointers are only declared.
 * Compiled for a 64-bit machine, sizes and offsets are those of the BTF.
 *
 * @param ids any types; functions and variables are declared
 * @throws {BtfError} `BTF_NO_TYPE`, `BTF_MALFORMED` for types that contain themselves
 */
export function renderC(btf: Btf, ids: readonly number[]): string {
  const writer = new CFile(btf)
  for (const id of ids) writer.require(id)
  return `${header}${writer.text()}${footer}`
}

/** As in vmlinux.h: with clang, accesses to these types become CO-RE relocations. */
const header = `#ifndef __TSBPF_TYPES_H__
#define __TSBPF_TYPES_H__

#if defined(__clang__) && defined(__bpf__) && !defined(BPF_NO_PRESERVE_ACCESS_INDEX)
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#define __TSBPF_TYPES_POP
#endif

`
const footer = `#ifdef __TSBPF_TYPES_POP
#pragma clang attribute pop
#undef __TSBPF_TYPES_POP
#endif

#endif
`

/** Typedefs that compilers know without being told. */
const builtin = new Set(['__builtin_va_list', '__gnuc_va_list'])

class CFile {
  readonly #btf: Btf
  readonly #declarators: CDeclarators
  readonly #parts: string[] = []
  /** Types that can be used by value from here on, and those that are about to be. */
  readonly #complete = new Map<number, 'open' | 'done'>()
  /** Types that can stand behind a pointer. */
  readonly #mentioned = new Set<number>()
  readonly #forward = new Set<string>()
  readonly #typedefs = new Set<number>()

  constructor(btf: Btf) {
    this.#btf = btf
    this.#declarators = new CDeclarators(btf)
  }

  text(): string {
    return this.#parts.map((part) => `${part}\n\n`).join('')
  }

  /** Writes what is needed to use type `id` by value. */
  require(id: number, depth = 0): void {
    const state = this.#complete.get(id)
    if (state === 'done') return
    if (state === 'open' || depth > maxDepth) throw malformed('a type contains itself', { typeId: id })
    this.#complete.set(id, 'open')
    this.#requireNew(id, depth + 1)
    this.#complete.set(id, 'done')
  }

  #requireNew(id: number, depth: number): void {
    const type = this.#btf.type(id)
    switch (type.kind) {
      case 'ptr':
      case 'func_proto':
        this.#mention(id, depth)
        return
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
        this.require(type.type, depth)
        return
      case 'decl_tag':
        this.require(type.type, depth)
        return
      case 'array':
        this.require(type.element, depth)
        return
      case 'typedef':
        this.#mention(id, depth)
        if (!builtin.has(type.name)) this.require(type.type, depth)
        return
      case 'fwd':
        this.#mention(id, depth)
        return
      case 'struct':
      case 'union':
        for (const member of type.members) this.require(member.type, depth)
        if (type.name !== '')
          this.#parts.push(`${this.#declarators.tag(id, type)} ${this.#declarators.body(id, type, '')};`)
        return
      case 'enum':
      case 'enum64':
        if (type.name !== '') {
          const tag = this.#declarators.tag(id, { kind: 'enum', name: type.name })
          this.#parts.push(`${tag} ${this.#declarators.enumBody(id, type, '')};`)
        }
        return
      case 'func':
        this.#mention(type.type, depth)
        this.#parts.push(
          `extern ${this.#declarators.declare(type.type, this.#declarators.ordinary(id, type.name))};`,
        )
        return
      case 'var':
        this.require(type.type, depth)
        this.#parts.push(
          `extern ${this.#declarators.declare(type.type, this.#declarators.ordinary(id, type.name))};`,
        )
        return
      case 'datasec':
        for (const variable of type.variables) this.require(variable.type, depth)
        return
      case 'unknown':
        throw malformed(`a type of the unknown kind ${type.kindNumber} cannot be written as C`, {
          typeId: id,
        })
      case 'void':
      case 'int':
      case 'float':
    }
  }

  /** Writes what is needed to have a pointer to type `id`. */
  #mention(id: number, depth: number): void {
    if (depth > maxDepth) throw malformed('a type is defined by itself', { typeId: id })
    if (this.#complete.get(id) === 'done') return
    const type = this.#btf.type(id)
    if (type.kind === 'struct' || type.kind === 'union' || type.kind === 'fwd') {
      if (type.name === '') {
        if (this.#complete.get(id) !== 'open') this.require(id, depth + 1)
        return
      }
      const tag = type.kind === 'fwd' ? this.#declarators.declare(id, '') : this.#declarators.tag(id, type)
      if (!this.#forward.has(tag)) this.#parts.push(`${tag};`)
      this.#forward.add(tag)
      return
    }
    if (this.#mentioned.has(id)) return
    this.#mentioned.add(id)
    switch (type.kind) {
      case 'ptr':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
        this.#mention(type.type, depth + 1)
        return
      case 'func_proto':
        this.#mention(type.returns, depth + 1)
        for (const parameter of type.parameters) this.#mention(parameter.type, depth + 1)
        return
      case 'array':
        if (this.#complete.get(type.element) !== 'open') this.require(type.element, depth + 1)
        return
      case 'typedef':
        this.#typedef(id, type, depth + 1)
        return
      case 'enum':
      case 'enum64':
        if (this.#complete.get(id) === undefined) this.require(id, depth + 1)
        return
    }
  }

  #typedef(
    id: number,
    { name, type }: { readonly name: string; readonly type: number },
    depth: number,
  ): void {
    if (builtin.has(name) || this.#typedefs.has(id)) return
    this.#typedefs.add(id)
    this.#mention(type, depth)
    this.#parts.push(`typedef ${this.#declarators.declare(type, this.#declarators.ordinary(id, name))};`)
  }
}

/** Deepest nesting that is followed; kernels have some forty. */
const maxDepth = 512
