import { InvalidRequestError } from '../../programs/load-balancer/control/errors.ts'

/** What `inspect` can be pointed at. */
export type Target =
  | { readonly kind: 'shipped'; readonly name: string }
  /** A program in the kernel. */
  | { readonly kind: 'id'; readonly id: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'pin'; readonly path: string }
  /** A file, and which of its programs. */
  | {
      readonly kind: 'module' | 'object' | 'instructions'
      readonly file: string
      readonly program: string | undefined
    }

/** How targets are written, for help and hints. */
export const targetHelp =
  'a shipped program (lb_ingress), a module (.ts, .js), an object (.o), instructions (.asm, .bin), or a loaded program: id:N, name:NAME, tag:TAG, pin:PATH; of several programs in a file one is FILE#NAME'

/**
 * Reads a target as a command line gives it.
 *
 * @throws {InvalidRequestError} for one that cannot be meant
 */
export function parseTarget(text: string): Target {
  const [, scheme, rest = ''] = /^(id|name|tag|pin):(.*)$/s.exec(text) ?? []
  switch (scheme) {
    case 'id':
      if (!/^[1-9]\d{0,9}$/.test(rest) || Number(rest) > 0xffffffff)
        throw new InvalidRequestError(
          `"${rest}" is not a program’s id`,
          'An id is a number from 1 on, as bpftool prog shows it: id:42.',
        )
      return { kind: 'id', id: Number(rest) }
    case 'name':
      if (rest === '') throw new InvalidRequestError('name: without a name', 'Write name:lb_ingress.')
      return { kind: 'name', name: rest }
    case 'tag':
      if (!/^[0-9a-f]{16}$/i.test(rest))
        throw new InvalidRequestError(
          `"${rest}" is not a program’s tag`,
          'A tag has 16 hexadecimal digits, as bpftool prog shows it.',
        )
      return { kind: 'tag', tag: rest.toLowerCase() }
    case 'pin':
      if (rest === '')
        throw new InvalidRequestError('pin: without a path', 'Write pin:/sys/fs/bpf/my-program.')
      return { kind: 'pin', path: rest }
  }
  if (text.startsWith('/sys/fs/bpf/')) return { kind: 'pin', path: text }
  const [, file = text, program] = /^(.+)#([^#/]*)$/s.exec(text) ?? []
  if (/\.[cm]?[jt]s$/.test(file)) return { kind: 'module', file, program }
  if (/\.(?:o|elf)$/.test(file)) return { kind: 'object', file, program }
  if (/\.(?:asm|s|bpf|bin|hex)$/.test(file) || file === '-') return { kind: 'instructions', file, program }
  if (file.includes('/')) return { kind: 'object', file, program }
  return { kind: 'shipped', name: text }
}
