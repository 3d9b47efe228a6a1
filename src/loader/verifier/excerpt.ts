import type { SourcePosition } from '../../asm/diagnostics/source-position.ts'

/** Gives the text of a line of a file, counted from 1; undefined when it cannot be had. */
export type LineReader = (file: string, line: number) => string | undefined

/** Lines shown before and after the one at fault. */
const AROUND = 2

/**
 * Shows a place in a source file: its name, the lines around it, and a caret below the column.
 *
 *     lb.ts:42:15
 *       41 |   const entry = b.lookup(services, key)
 *     > 42 |   const weight = entry.weight
 *          |                  ^ R0 invalid mem access 'map_value_or_null'
 *       43 |   b.return(weight)
 *
 * @param remark shown after the caret
 * @param directory what file names are shown relative to, when they lie below it
 */
export function excerpt(position: SourcePosition, line: LineReader, remark = '', directory = ''): string {
  const { file, line: at, column } = position
  const heading = `${shorten(file, directory)}:${at}:${column}`
  const fault = line(file, at)
  if (fault === undefined) return remark === '' ? heading : `${heading}\n  ${remark}`
  const width = String(at + AROUND).length
  const out = [heading]
  for (let number = Math.max(1, at - AROUND); number <= at + AROUND; number++) {
    const text = line(file, number)
    if (text === undefined) continue
    out.push(`${number === at ? '>' : ' '} ${String(number).padStart(width)} | ${text}`.trimEnd())
    if (number === at) out.push(`  ${' '.repeat(width)} | ${indent(text, column)}^ ${remark}`.trimEnd())
  }
  return out.join('\n')
}

/** White space as wide as what comes before the column, tabs as tabs so that the caret stays below its place. */
function indent(text: string, column: number): string {
  const before = text.slice(0, Math.max(0, column - 1))
  return before.replaceAll(/[^\t]/g, ' ')
}

/** A file's name relative to the directory if it lies below it. */
function shorten(file: string, directory: string): string {
  const prefix = directory === '' || directory.endsWith('/') ? directory : `${directory}/`
  return prefix !== '' && file.startsWith(prefix) ? file.slice(prefix.length) : file
}
