import { TsbpfError } from '../../diagnostics/error.ts'

/** Text that is not a graph. */
export class IrSyntaxError extends TsbpfError {
  constructor(line: number, problem: string) {
    super('IR_SYNTAX', `line ${line}: ${problem}`, {
      hint: 'Text of the intermediate representation is what `tsbpf-lb inspect --ir` prints.',
    })
  }
}

/** Reads one line token by token: punctuation `[ ] ( ) , = +`, quoted strings, and words of everything else. */
export class Tokens {
  readonly #line: number
  readonly #tokens: readonly string[]
  #at = 0

  constructor(text: string, line: number) {
    this.#line = line
    this.#tokens = text.match(/"(?:[^"\\]|\\.)*"|[[\](),=+]|[^\s[\](),=+"]+|"/g) ?? []
  }

  /** The token that comes next, if any, without taking it. */
  get next(): string | undefined {
    return this.#tokens[this.#at]
  }

  /** Takes the next token. `what` says what it should be. */
  take(what: string): string {
    const token = this.#tokens[this.#at]
    if (token === undefined) this.fail(`expected ${what}, got the end of the line`)
    this.#at++
    return token
  }

  /** Takes the next token if it is this one. */
  skip(token: string): boolean {
    if (this.next !== token) return false
    this.#at++
    return true
  }

  /** Takes this token. */
  expect(token: string): void {
    if (!this.skip(token)) this.fail(`expected ${token}, got ${this.next ?? 'the end of the line'}`)
  }

  /** Takes a token of this form and gives its groups. */
  match(pattern: RegExp, what: string): readonly string[] {
    const token = this.take(what)
    const match = pattern.exec(token)
    if (match === null) this.fail(`expected ${what}, got ${token}`)
    return match.slice(1)
  }

  /** Takes one of these words. */
  oneOf<T extends string>(words: readonly T[], what: string): T {
    const token = this.take(what)
    const word = words.find((w) => w === token)
    if (word === undefined) this.fail(`expected ${what} (${words.join(', ')}), got ${token}`)
    return word
  }

  /** Takes a decimal number. */
  number(what: string): number {
    return Number(this.match(/^(-?\d+)$/, what)[0])
  }

  /** Takes a quoted string. */
  string(what: string): string {
    const token = this.take(what)
    try {
      const value: unknown = JSON.parse(token)
      if (typeof value === 'string') return value
    } catch {
      // Told below.
    }
    return this.fail(`expected ${what} in quotes, got ${token}`)
  }

  /** Nothing may be left. */
  end(): void {
    if (this.next !== undefined) this.fail(`expected the end of the line, got ${this.next}`)
  }

  /** @throws {IrSyntaxError} with this line's number */
  fail(problem: string): never {
    throw new IrSyntaxError(this.#line, problem)
  }
}
