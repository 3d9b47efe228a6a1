import { branch, type Item, label, plain } from '../../assemble/items.ts'
import { instructionClass, jumpCode } from '../../isa/opcodes.ts'
import { isLabelName } from '../label-name.ts'
import type { Syntax } from '../syntax.ts'
import { syntaxOf } from './detect-syntax.ts'
import { ParseError, type Problem, problem } from './errors.ts'
import { readMnemonic } from './mnemonic.ts'
import type { Parsed } from './parsed.ts'
import { readPseudoC } from './pseudo-c.ts'
import { Statement } from './statement.ts'
import { type Token, tokenize } from './tokens.ts'

/** How to read a text. */
export interface ParseOptions {
  /** What the text is called in source positions and errors; `<text>` unless told. */
  readonly file?: string
  /** Its syntax; found out from the text unless told. */
  readonly syntax?: Syntax
}

/** A text that was read. */
export interface ParsedText {
  /** For `assemble`; every instruction and label knows its line and column. */
  readonly items: readonly Item[]
  readonly syntax: Syntax
}

/**
 * Reads a program, a statement a line, in pseudo-C or in mnemonics (never both in one text):
 *
 *     entry:                    entry:
 *       r0 = 0                    mov %r0, 0
 *       if r1 == 0 goto .Lout     jeq %r1, 0, .Lout     ; a comment, as after # and //
 *       call bpf_ktime_get_ns     call helper bpf_ktime_get_ns
 *     .Lout:                    .Lout:
 *       exit                      exit
 *
 * A label can stand before a statement on its line. A number and a colon (`12:`), as listings and
 * disassemblers print them, are skipped. In mnemonics, a jump to `exit` goes to the program's first `exit`.
 *
 * Every field is checked to fit its bits, not that the kernel takes it: a shift by 64 or a write to r10 is
 * for the verifier to refuse. Immediates of 64-bit operations are signed 32-bit numbers; in mnemonics they
 * can be written as their 32 bits too (`0xffffffff` for −1).
 *
 * @throws {ParseError} with all statements at fault, each with line, column, excerpt and what was expected
 */
export function parse(text: string, options: ParseOptions = {}): ParsedText {
  const file = options.file ?? '<text>'
  const lines = text.split('\n')
  const syntax = options.syntax ?? detect(lines)
  const reader = new TextReader(file, lines, syntax === 'mnemonic' ? readMnemonic : readPseudoC)
  lines.forEach((line, index) => {
    reader.readLine(tokenize(line), index)
  })
  return { items: reader.finish(syntax === 'mnemonic'), syntax }
}

/** Index of the first token of a line's statement, behind a slot number and labels. */
function skipLabels(tokens: readonly Token[], found?: (label: Token) => void): number {
  let at = 0
  for (; tokens[at + 1]?.text === ':'; at += 2) {
    const token = tokens[at]
    if (token !== undefined && !(at === 0 && token.kind === 'number')) found?.(token)
  }
  return at
}

function detect(lines: readonly string[]): Syntax {
  for (const line of lines) {
    const tokens = tokenize(line)
    const syntax = syntaxOf(tokens, skipLabels(tokens))
    if (syntax !== undefined) return syntax
  }
  return 'pseudo-c'
}

/** A statement and where it stands. */
interface Line {
  readonly kind: 'statement'
  readonly parsed: Parsed
  readonly index: number
}

interface Label {
  readonly kind: 'label'
  readonly name: string
  readonly index: number
  readonly column: number
}

/** Reads line by line, and ties names to labels when all lines are read. */
class TextReader {
  readonly #file: string
  readonly #lines: readonly string[]
  readonly #read: (statement: Statement) => Parsed
  readonly #parts: (Line | Label)[] = []
  readonly #labels = new Map<string, Label>()
  readonly #problems: Problem[] = []

  constructor(file: string, lines: readonly string[], read: (statement: Statement) => Parsed) {
    this.#file = file
    this.#lines = lines
    this.#read = read
  }

  readLine(tokens: readonly Token[], index: number): void {
    const start = skipLabels(tokens, (token) => {
      this.#placeLabel(token, index)
    })
    const first = tokens[start]
    if (first === undefined || first.kind === 'end') return
    const statement = new Statement(tokens, start, this.#lines[index] ?? '', this.#file, index + 1)
    try {
      const parsed = this.#read(statement)
      statement.expectEnd()
      this.#parts.push({ kind: 'statement', index, parsed })
    } catch (error) {
      if (!(error instanceof ParseError)) throw error
      this.#problems.push(...error.problems)
    }
  }

  finish(exitIsLabel: boolean): Item[] {
    if (exitIsLabel) this.#placeExit()
    const items = this.#parts.map((part): Item => {
      if (part.kind === 'label') return label(part.name, this.#position(part.index, part.column))
      const { index } = part
      const { instruction, target, otherwise } = part.parsed
      if (target?.label === undefined) return plain(instruction)
      if (this.#labels.has(target.label)) return branch(instruction, target.label)
      if (otherwise !== undefined) return plain(otherwise)
      this.#report(index, target.column, target.label.length, this.#unknownLabel(target.label))
      return plain(instruction)
    })
    const [first, ...others] = this.#problems.sort(
      (a, b) => a.source.line - b.source.line || a.source.column - b.source.column,
    )
    if (first !== undefined) throw new ParseError([first, ...others])
    return items
  }

  #placeLabel({ text, column }: Token, index: number): void {
    const first = this.#labels.get(text)
    if (!isLabelName(text)) {
      this.#report(index, column, text.length, `a label cannot be called ${JSON.stringify(text)}`)
    } else if (first !== undefined) {
      this.#report(
        index,
        column,
        text.length,
        `label ${JSON.stringify(text)} is already on line ${first.index + 1}`,
      )
    } else {
      const made: Label = { kind: 'label', name: text, index, column }
      this.#labels.set(text, made)
      this.#parts.push(made)
    }
  }

  /** Lets jumps to `exit` find the first `exit`. */
  #placeExit(): void {
    if (!this.#parts.some((part) => part.kind === 'statement' && part.parsed.target?.label === 'exit')) return
    const at = this.#parts.findIndex(
      (part) => part.kind === 'statement' && part.parsed.instruction.opcode === exitOpcode,
    )
    const first = this.#parts[at]
    if (first === undefined) return
    const made: Label = { kind: 'label', name: 'exit', index: first.index, column: 1 }
    this.#labels.set('exit', made)
    this.#parts.splice(at, 0, made)
  }

  #unknownLabel(name: string): string {
    const known = [...this.#labels.keys()]
    const labels = known.length === 0 ? 'there are none' : `there are ${known.slice(0, 12).join(', ')}`
    return `there is no label ${JSON.stringify(name)}: ${labels}${known.length > 12 ? ' …' : ''}`
  }

  #position(index: number, column: number): Problem['source'] {
    return { file: this.#file, line: index + 1, column }
  }

  #report(index: number, column: number, length: number, message: string): void {
    this.#problems.push(problem(message, this.#position(index, column), this.#lines[index] ?? '', length))
  }
}

const exitOpcode = instructionClass.jmp | jumpCode.exit
