/**
 * @returns a line of a text with its number, and below it carets under `length` characters from `column`:
 *
 *      12 | r1 = r11
 *         |      ^^^
 */
export function excerpt(text: string, line: number, column: number, length = 1): string {
  const number = ` ${line} | `
  const before = text.slice(0, column - 1).replace(/[^\t]/g, ' ')
  const carets = '^'.repeat(Math.max(1, Math.min(length, text.length - column + 1)))
  return `${number}${text.trimEnd()}\n${' '.repeat(number.length - 2)}| ${before}${carets}`
}
