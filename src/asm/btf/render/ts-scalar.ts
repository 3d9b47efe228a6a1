import { resolve } from '../layout.ts'
import type { Btf } from '../reader.ts'
import { CDeclarators } from './c-declarator.ts'

/** Typedefs whose values are in network order. */
const networkOrder: Readonly<Record<string, string>> = {
  __be16: 'be16',
  __be32: 'be32',
  __be64: 'be64',
  __sum16: 'be16',
}

/**
 * The scalar of `tsbpf-lb/asm` for a type: integers, enums and bool by size and sign, typedefs such as `__be32` in
 * network order, pointers as `u64`.
 *
 * @returns undefined when it is none, or one of 16 bytes
 */
export function scalarName(btf: Btf, id: number): string | undefined {
  let current = id
  for (;;) {
    const type = btf.type(current)
    if (type.kind === 'typedef' && Object.hasOwn(networkOrder, type.name)) return networkOrder[type.name]
    if (type.kind === 'typedef' || type.kind === 'const' || type.kind === 'volatile') {
      // `resolve` has found the chain to end.
      if (current === id) resolve(btf, id)
      current = type.type
      continue
    }
    const resolved = btf.type(resolve(btf, current))
    switch (resolved.kind) {
      case 'ptr':
        return 'u64'
      case 'int':
      case 'enum':
      case 'enum64':
        if (![1, 2, 4, 8].includes(resolved.size)) return undefined
        // Plain `char` is text, whatever its sign.
        return `${resolved.signed && !(resolved.kind === 'int' && (resolved.char || resolved.name === 'char')) ? 's' : 'u'}${resolved.size * 8}`
      default:
        return undefined
    }
  }
}

/** Bytes of a scalar by the name that {@link scalarName} gives. */
export function scalarBytes(name: string): number {
  return Number(name.replace(/\D+/, '')) / 8
}

/** A declaration in C on one line, for a comment; the members of anonymous structs are left out. */
export function inC(btf: Btf, id: number, name = ''): string {
  return new CDeclarators(btf, { outline: true }).declare(id, name).replaceAll('*/', '* /')
}
