/** A piece of a line. */
export interface Token {
  readonly kind: 'register' | 'number' | 'word' | 'symbol' | 'unknown' | 'end'
  readonly text: string
  /** Counted from 1. */
  readonly column: number
}

/**
 * The pieces, tried in this order. A `#` and digits at the end of a word are part of it (`bpf_redirect#23`);
 * any other `#` begins a comment, as `;` and `//` do.
 */
const pattern = new RegExp(
  [
    '[ \\t\\r]+',
    '(%?[rw](?:10|[0-9])(?![\\w.$]))',
    '(0[xX][0-9a-fA-F]+(?![\\w.$])|[0-9]+(?![\\w.$]))',
    '(s(?:>>=|>=|<=|>|<|/=|%=)|<<=|>>=|[=!<>]=|[-+*%|&^]=|/=(?!/)|[-+*=<>&()[\\],:])',
    '((?:kernel-function(?=#)|[A-Za-z_.$][\\w.$]*)(?:#-?[0-9]+)?)',
    '(;.*|#.*|//.*)',
    '([%\\w.$]+|.)',
  ].join('|'),
  'y',
)

/** @returns the pieces of a line, with an `end` piece after them; comments are left out. */
export function tokenize(line: string): Token[] {
  const tokens: Token[] = []
  pattern.lastIndex = 0
  let column = 1
  for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
    const [text, register, number, symbol, word, comment, unknown] = match
    if (comment !== undefined) break
    if (register !== undefined) tokens.push({ kind: 'register', text, column })
    else if (word !== undefined) tokens.push({ kind: 'word', text, column })
    else if (number !== undefined) tokens.push({ kind: 'number', text, column })
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text, column })
    else if (unknown !== undefined) tokens.push({ kind: 'unknown', text, column })
    column = pattern.lastIndex + 1
  }
  tokens.push({ kind: 'end', text: '', column })
  return tokens
}
