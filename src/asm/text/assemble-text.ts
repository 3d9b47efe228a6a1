import { type Assembled, type AssembleOptions, assemble } from '../assemble/assembler.ts'
import { AssembleError } from '../assemble/errors.ts'
import { excerpt } from './parse/excerpt.ts'
import { type ParseOptions, parse } from './parse/parse.ts'

/**
 * Parses and assembles a program in pseudo-C or in mnemonics.
 *
 * @throws {ParseError} with every statement that cannot be read
 * @throws {AssembleError} as `assemble` does, with an excerpt of the line at fault in `details`
 */
export function assembleText(text: string, options: ParseOptions & AssembleOptions = {}): Assembled {
  const { items } = parse(text, options)
  try {
    return assemble(items, options)
  } catch (error) {
    if (!(error instanceof AssembleError) || error.source === undefined) throw error
    const { code, reason, hint, source } = error
    const line = text.split('\n')[source.line - 1] ?? ''
    const length = line.slice(source.column - 1).replace(/\s*(?:;|#|\/\/).*$/, '').length
    const details = excerpt(line, source.line, source.column, length)
    throw new AssembleError(code, reason, source, { hint, details, cause: error })
  }
}
