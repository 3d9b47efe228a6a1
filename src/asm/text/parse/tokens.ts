/** A piece of a line. */
export interface Token {
  readonly kind: 'register' | 'number' | 'word' | 'symbol' | 'unknown' | 'end'
  readonly text: string
  /** Counted from 1. */
  readonly column: number
}

/**
 * The pieces but white space. A `#` and digits at the end of a word are part of it (`bpf_redirect#23`); any
 * other `#` begins a comment, as `;` and `//` do.
 */
const patterns = {
  register: /%?[rw](?:10|[0-9])(?![\w.$])/y,
  number: /(?:0[xX][0-9a-fA-F]+|[0-9]+)(?![\w.$])/y,
  symbol: /s(?:>>=|>=|<=|>|<|\/=|%=)|<<=|>>=|[=!<>]=|[-+*%|&^]=|\/=(?!\/)|[-+*=<>&()[\],:]/y,
  word: /(?:kernel-function(?=#)|[A-Za-z_.$][\w.$]*)(?:#-?[0-9]+)?/y,
} as const
const unknown = /[%\w.$]+|./suy

/** What a piece that begins with a character can be, by its code. */
const candidates: readonly (readonly (keyof typeof patterns)[])[] = Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code)
  if (/[0-9]/.test(character)) return ['number']
  if (character === 'r' || character === 'w') return ['register', 'word']
  if (character === '%') return ['register', 'symbol']
  if (character === 's') return ['symbol', 'word']
  return /[A-Za-z_.$]/.test(character) ? ['word'] : ['symbol']
})

/** @returns the pieces of a line, with an `end` piece after them; comments are left out. */
export function tokenize(line: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  for (; at < line.length; ) {
    const code = line.charCodeAt(at)
    if (code === space || code === tab || code === carriageReturn) {
      at++
      continue
    }
    if (code === semicolon || code === hash || (code === slash && line.charCodeAt(at + 1) === slash)) break
    const token = readToken(line, at, code)
    tokens.push(token)
    at += token.text.length
  }
  tokens.push({ kind: 'end', text: '', column: at + 1 })
  return tokens
}

const [space, tab, carriageReturn, semicolon, hash, slash] = [0x20, 0x09, 0x0d, 0x3b, 0x23, 0x2f] as const

function readToken(line: string, at: number, code: number): Token {
  const column = at + 1
  for (const kind of candidates[code] ?? []) {
    const pattern = patterns[kind]
    pattern.lastIndex = at
    if (pattern.test(line)) return { kind, text: line.slice(at, pattern.lastIndex), column }
  }
  unknown.lastIndex = at
  unknown.test(line)
  return { kind: 'unknown', text: line.slice(at, unknown.lastIndex), column }
}
