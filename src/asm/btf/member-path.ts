import { BtfError } from './error.ts'

/** One step of a member path; `before` is the part of the path already walked. */
export type MemberPathStep =
  | { readonly kind: 'name'; readonly name: string; readonly before: string }
  | { readonly kind: 'index'; readonly index: number; readonly before: string }

/**
 * Splits a path such as `tuplehash[1].tuple.src` into steps.
 *
 * @throws {BtfError} `BTF_PATH` when it does not have this form
 */
export function parseMemberPath(path: string): MemberPathStep[] {
  const steps: MemberPathStep[] = []
  const token = /\.?([A-Za-z_][A-Za-z0-9_]*)|\[(0|[1-9][0-9]{0,9})\]/y
  while (token.lastIndex < path.length) {
    const at = token.lastIndex
    const match = token.exec(path)
    const before = path.slice(0, at)
    const [text = '', name, index] = match ?? []
    // A dot separates names: there is none before the first and always one before the others.
    if (
      match === null ||
      (name !== undefined && text.startsWith('.') === (at === 0)) ||
      (at === 0 && index)
    ) {
      throw notAPath(path, at)
    }
    if (name !== undefined) steps.push({ kind: 'name', name, before })
    else steps.push({ kind: 'index', index: Number(index), before })
  }
  if (steps.length === 0) throw notAPath(path, 0)
  return steps
}

function notAPath(path: string, at: number): BtfError {
  return new BtfError(
    'BTF_PATH',
    `"${path}" is not a member path (at character ${at + 1})`,
    {},
    { hint: 'Write names separated by dots, with array indexes in brackets: tuplehash[1].tuple.src.' },
  )
}
