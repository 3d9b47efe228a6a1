import type { Syntax } from '../syntax.ts'
import { isMnemonic } from './mnemonic.ts'
import type { Token } from './tokens.ts'

/**
 * @returns which syntax a statement is in; undefined if it could be of both (`exit`, `may_goto +1`) or is of
 *   none.
 */
export function syntaxOf(tokens: readonly Token[], start: number): Syntax | undefined {
  const [first, second] = tokens.slice(start)
  if (first === undefined || first.text === 'exit' || first.text === 'may_goto' || first.text === '<')
    return undefined
  if (first.text === 'call') {
    const mnemonic = second?.kind === 'register' || second?.text === 'helper' || second?.text === 'local'
    if (mnemonic) return 'mnemonic'
    // `call 5` and `call kfunc f` are of both.
    return second?.kind === 'number' || second?.text === 'kfunc' ? undefined : 'pseudo-c'
  }
  if (first.text === 'lock') return second?.text === '*' ? 'pseudo-c' : 'mnemonic'
  if (first.kind === 'word' && isMnemonic(first.text)) return 'mnemonic'
  if (first.kind === 'register' || pseudoCWords.has(first.text)) return 'pseudo-c'
  return undefined
}

const pseudoCWords: ReadonlySet<string> = new Set(['if', 'goto', 'gotol', 'callx', 'store_release', '*'])
