/** Characters of a line that are shown at most, and how many of them before what is pointed at. */
const widest = 120
const lead = 60

/**
 * @returns a line of a text with its number, and below it carets under `length` characters from `column`; of a
 *   very long line only what is around the column:
 *
 *      12 | r1 = r11
 *         |      ^^^
 */
export function excerpt(text: string, line: number, column: number, length = 1): string {
  const number = ` ${line} | `
  const from = text.length <= widest ? 0 : Math.max(0, column - 1 - lead)
  const clipped = from > 0 ? '…' : ''
  const shown = text.slice(from, from + widest)
  const more = from + widest < text.length ? '…' : ''
  const before = clipped.replace('…', ' ') + text.slice(from, column - 1).replace(/[^\t]/g, ' ')
  const carets = '^'.repeat(Math.max(1, Math.min(length, from + shown.length - column + 1)))
  return `${number}${clipped}${(shown + more).trimEnd()}\n${' '.repeat(number.length - 2)}| ${before}${carets}`
}
