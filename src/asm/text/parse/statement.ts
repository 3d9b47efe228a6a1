import type { SourcePosition } from '../../diagnostics/source-position.ts'
import { InstructionRangeError } from '../../isa/errors.ts'
import { type RawFields, rawInstruction } from '../../isa/fields.ts'
import { isLabelName } from '../label-name.ts'
import { ParseError, problem } from './errors.ts'
import type { Parsed, Target } from './parsed.ts'
import type { Token } from './tokens.ts'

/** A register operand as it is written. */
export interface RegisterOperand {
  readonly number: number
  /** `r` names all 64 bits, `w` the low 32. */
  readonly letter: 'r' | 'w'
}

/** Bounds of a number, and what the number is. */
export interface NumberField {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly hint?: string
}

/** A signed 16-bit offset in bytes. */
export const offsetField: NumberField = { name: 'offset', min: -0x8000, max: 0x7fff }
/** The 32 bits of an immediate, as a signed or an unsigned number. */
export const bits32Field: NumberField = { name: 'imm', min: -0x8000_0000, max: 0xffff_ffff }
/** A signed 32-bit immediate. */
export const signed32Field: NumberField = { name: 'imm', min: -0x8000_0000, max: 0x7fff_ffff }

/** One statement of a text, read from left to right. Every `expect…` and `read…` throws a {@link ParseError}. */
export class Statement {
  readonly #tokens: readonly Token[]
  readonly #line: string
  readonly #file: string
  readonly #number: number
  readonly #first: Token
  #at: number

  constructor(tokens: readonly Token[], start: number, line: string, file: string, number: number) {
    this.#tokens = tokens
    this.#at = start
    this.#first = tokens[start] ?? endToken
    this.#line = line
    this.#file = file
    this.#number = number
  }

  /** The next token; at the end of the line the `end` token, however often it is asked for. */
  get next(): Token {
    return this.#tokens[this.#at] ?? endToken
  }

  /** Whether the next token reads so. */
  is(text: string): boolean {
    return this.#tokens[this.#at]?.text === text
  }

  /** Whether the next token is of a kind. */
  isA(kind: Token['kind']): boolean {
    return this.#tokens[this.#at]?.kind === kind
  }

  /** Whether the token after the next one reads so. */
  isFollowedBy(text: string): boolean {
    return this.#tokens[this.#at + 1]?.text === text
  }

  /** Whether one of the tokens left reads so. */
  hasAhead(text: string): boolean {
    return this.#tokens.some((token, index) => index >= this.#at && token.text === text)
  }

  /** Reads the next token, whatever it is. */
  take(): Token {
    const token = this.next
    if (token.kind !== 'end') this.#at++
    return token
  }

  /** Reads the next token if it reads so. */
  accept(text: string): boolean {
    if (!this.is(text)) return false
    this.#at++
    return true
  }

  expect(text: string): void {
    if (!this.accept(text)) this.fail(quoted(text))
  }

  expectEnd(): void {
    if (!this.isA('end')) this.fail('the end of the line')
  }

  /** Reads a register; of one letter only, if it is given. */
  readRegister(letter?: 'r' | 'w', why = ''): RegisterOperand {
    const token = this.next
    const text = token.text.startsWith('%') ? token.text.slice(1) : token.text
    const found = text.startsWith('w') ? 'w' : 'r'
    if (token.kind !== 'register' || (letter !== undefined && letter !== found)) {
      const name = letter ?? 'r'
      this.fail(`a register ${name}0 to ${name}10${why}`)
    }
    this.#at++
    return { number: Number(text.slice(1)), letter: found }
  }

  /** Whether a number comes next, with or without a sign. */
  isNumber(): boolean {
    if (this.isA('number')) return true
    return (this.is('-') || this.is('+')) && this.#tokens[this.#at + 1]?.kind === 'number'
  }

  /** Reads a number in the bounds of a field. */
  readNumber(field: NumberField): number {
    const start = this.next
    const text = this.readDigits(field.name)
    const value = text.startsWith('-') ? -Number(text.slice(1)) : Number(text)
    if (value < field.min || value > field.max) {
      const hint = field.hint === undefined ? '' : `: ${field.hint}`
      this.complain(`${field.name} must be ${field.min} to ${field.max}, got ${text}${hint}`, start)
    }
    return value === 0 ? 0 : value
  }

  /** Reads a number of any size. @returns its digits, with a `-` if it is negative */
  readDigits(what: string): string {
    const start = this.next
    let sign = ''
    while (this.is('-') || this.is('+')) {
      if (this.take().text === '-') sign = sign === '' ? '-' : ''
    }
    const token = this.next
    if (token.kind !== 'number') this.fail(`a number (${what})`, start === token ? token : start)
    this.#at++
    return sign + token.text
  }

  /** Reads where a branch goes: a distance with a sign, or a label. */
  readTarget(field: NumberField): Target {
    const { next } = this
    if (next.kind === 'symbol' && this.isNumber()) return { distance: this.readNumber(field) }
    if (next.kind !== 'word' || !(isLabelName(next.text) || next.text === 'exit')) {
      this.fail('a label, or a distance such as +2')
    }
    this.#at++
    return { label: next.text, column: next.column }
  }

  /** Makes an instruction, with this statement as its source. */
  make(fields: RawFields, target?: Target): Parsed {
    try {
      const instruction = rawInstruction(fields, 'instruction', this.position())
      return target?.label === undefined ? { instruction } : { instruction, target }
    } catch (error) {
      if (error instanceof InstructionRangeError) this.complain(error.message)
      throw error
    }
  }

  /** Where a token is, by default the statement's first. */
  position(token: Token = this.#first): SourcePosition {
    return { file: this.#file, line: this.#number, column: token.column }
  }

  /** @throws {ParseError} saying what was expected in the place of a token, by default the next one */
  fail(expected: string, token: Token = this.next): never {
    this.complain(`expected ${expected}, got ${describe(token)}`, token)
  }

  /** @throws {ParseError} about a token, by default the statement's first */
  complain(message: string, token: Token = this.#first): never {
    const length =
      this.next.column > token.column && token !== this.next ? this.#lengthFrom(token) : token.text.length
    throw new ParseError([problem(message, this.position(token), this.#line, length)])
  }

  /** Characters from a token to the end of the last one read. */
  #lengthFrom(token: Token): number {
    const last = this.#tokens[this.#at - 1] ?? token
    return last.column + last.text.length - token.column
  }
}

const endToken: Token = { kind: 'end', text: '', column: 1 }

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}

function describe(token: Token): string {
  return token.kind === 'end' ? 'the end of the line' : quoted(token.text)
}
