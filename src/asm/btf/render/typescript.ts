import { BtfError } from '../error.ts'
import { resolve } from '../layout.ts'
import type { Btf } from '../reader.ts'
import type { BtfComposite, BtfEnum, BtfEnum64 } from '../types.ts'
import { kernelMembers } from './ts-kernel.ts'
import { structFields } from './ts-struct.ts'

/**
 * Types as declarations for programs: a module that imports `tsbpf-lb/asm`.
 *
 * - Packet headers, messages and contexts, which programs have in memory or make themselves, become `struct(…)`.
 * - The kernel's own objects become `kernelType(…)` with the paths of their scalar members; their offsets, in the
 *   comments, are looked up again when a program is loaded.
 * - Enums become objects of their values.
 *
 * @param ids structs, unions, enums, or typedefs of one
 * @throws {BtfError} `BTF_RENDER` for a type of another kind, `BTF_MALFORMED`
 */
export function renderTypeScript(btf: Btf, ids: readonly number[]): string {
  const file = new TsFile(btf)
  for (const id of ids) file.add(id)
  return file.text()
}

/** What a file may import. */
const importable = /\b(array|be16|be32|be64|kernelType|member|s8|s16|s32|s64|struct|u8|u16|u32|u64)\b/g

interface Declared {
  readonly name: string
  readonly align: number
}

class TsFile {
  readonly #btf: Btf
  readonly #done = new Set<number>()
  #state = {
    parts: [] as string[],
    /** By id: the constant of a `struct(…)`; undefined for what cannot be one, and while it is tried. */
    structs: new Map<number, Declared | undefined>(),
    names: new Set<string>(),
  }

  constructor(btf: Btf) {
    this.#btf = btf
  }

  add(id: number): void {
    const resolved = resolve(this.#btf, id)
    if (this.#done.has(resolved)) return
    this.#done.add(resolved)
    const type = this.#btf.type(resolved)
    const named = this.#btf.type(id)
    const name = ('name' in type && type.name) || ('name' in named && named.name) || 'anonymous'
    if (type.kind === 'enum' || type.kind === 'enum64') this.#enum(type, name)
    else if (type.kind === 'struct' || type.kind === 'union') {
      if (this.#struct(resolved, type, name) === undefined) this.#kernelType(type, name)
    } else
      throw new BtfError(
        'BTF_RENDER',
        `"${name}" is of kind ${type.kind}, which has no declaration in TypeScript`,
        { typeId: id },
        { hint: 'Structs, unions and enums have one; --format c takes every type.' },
      )
  }

  text(): string {
    const { parts } = this.#state
    const code = parts.map((part) => part.replaceAll(/\/\*\*.*\*\/|\/\/.*$|'[^']*'/gm, '')).join('')
    const imports = [...new Set(code.match(importable))].sort()
    const head = imports.length === 0 ? '' : `import { ${imports.join(', ')} } from 'tsbpf-lb/asm'\n\n`
    return `${head}${parts.join('\n')}`
  }

  /** The constant that holds a struct's schema; undefined when it cannot be expressed. */
  #struct(id: number, type: BtfComposite, name: string): Declared | undefined {
    if (this.#state.structs.has(id)) return this.#state.structs.get(id)
    this.#state.structs.set(id, undefined)
    // The structs inside it come first in the file, but go again if it cannot be expressed itself.
    const { parts, structs, names } = this.#state
    this.#state = { parts: [...parts], structs: new Map(structs), names: new Set(names) }
    const fields = structFields(this.#btf, id, (nested, nestedType, member) =>
      this.#struct(nested, nestedType, nestedType.name || `${name}_${member}`),
    )
    if (fields === undefined) {
      this.#state = { parts, structs, names }
      return undefined
    }
    const constant = this.#name(name)
    const lines = fields.fields.map(
      ({ key, offset, type: text, comment }) => `  ${key}: ${text}, // ${offset}: ${comment}\n`,
    )
    const options = fields.packed ? '{ packed: true }' : ''
    this.#state.parts.push(
      `/** \`${type.kind} ${type.name || '{…}'}\`, ${type.size} bytes. */\n` +
        `export const ${constant} = struct('${name}', {\n${lines.join('')}}${options && `, ${options}`})\n`,
    )
    const declared = { name: constant, align: fields.align }
    this.#state.structs.set(id, declared)
    return declared
  }

  #kernelType(type: BtfComposite, name: string): void {
    const lines = kernelMembers(this.#btf, type).map((line) => {
      if ('remark' in line) return `  // ${line.remark}\n`
      const value = line.key === line.path ? line.type : `member('${line.path}', ${line.type})`
      return `  ${line.key}: ${value}, // ${line.comment}\n`
    })
    this.#state.parts.push(
      `/** \`${type.kind} ${type.name || '{…}'}\`, ${type.size} bytes here; found anew on the kernel that a program is loaded into. */\n` +
        `export const ${this.#name(name)} = kernelType('${name}', {\n${lines.join('')}})\n`,
    )
  }

  #enum(type: BtfEnum | BtfEnum64, name: string): void {
    const lines = type.values.map(
      ({ name: value, value: number }) => `  ${value}: ${number}${typeof number === 'bigint' ? 'n' : ''},\n`,
    )
    this.#state.parts.push(
      `/** \`enum ${type.name || name}\`, ${type.size} bytes. */\n` +
        `export const ${this.#name(name)} = {\n${lines.join('')}} as const\n`,
    )
  }

  /** `nf_conn` is called `NfConn`, `__sk_buff` `__SkBuff`; a second one of a name gets a number. */
  #name(wanted: string): string {
    const [, underscores = '', rest = ''] = /^(_*)(.*)$/.exec(wanted) ?? []
    const words = rest.split(/[^A-Za-z0-9]+/).filter((word) => word !== '')
    const pascal = underscores + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
    let name = /^[A-Za-z_]/.test(pascal) ? pascal : `_${pascal}`
    for (let n = 2; this.#state.names.has(name); n++) name = `${pascal}${n}`
    this.#state.names.add(name)
    return name
  }
}
