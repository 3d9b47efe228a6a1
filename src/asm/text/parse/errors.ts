import { TsbpfError } from '../../diagnostics/error.ts'
import type { SourcePosition } from '../../diagnostics/source-position.ts'
import { excerpt } from './excerpt.ts'

/** One thing wrong with a text. */
export interface Problem {
  /** What was expected there, or what the matter is. */
  readonly message: string
  readonly source: SourcePosition
  /** The line at fault, with its number, and a caret below it. */
  readonly excerpt: string
}

/** A text is no BPF program. */
export class ParseError extends TsbpfError {
  /** Every statement at fault, the first one first. */
  readonly problems: readonly Problem[]
  /** Where the first is. */
  readonly source: SourcePosition

  constructor(problems: readonly [Problem, ...Problem[]]) {
    const [first] = problems
    const { file, line, column } = first.source
    const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`
    const shown = problems.slice(0, 10)
    const [, ...others] = shown
    super('PARSE', `${file}:${line}:${column}: ${first.message}${more}`, {
      details: [
        first.excerpt,
        ...others.map(
          (each) => `${file}:${each.source.line}:${each.source.column}: ${each.message}\n${each.excerpt}`,
        ),
      ].join('\n\n'),
    })
    this.problems = problems
    this.source = first.source
  }
}

/** @returns a {@link Problem} with `length` characters of a line. */
export function problem(message: string, source: SourcePosition, line: string, length: number): Problem {
  return { message, source, excerpt: excerpt(line, source.line, source.column, length) }
}
