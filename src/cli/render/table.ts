/** A table's cell; numbers stand at the right of their column. */
export type Cell = string | number

/** Columns of equal width, two spaces apart, under a heading. Without rows there is nothing, not even the heading. */
export function table(heading: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return ''
  const numeric = heading.map((_, column) => rows.every((row) => typeof row[column] === 'number'))
  const text = [heading, ...rows.map((row) => row.map(String))]
  const widths = heading.map((_, column) => Math.max(...text.map((row) => row[column]?.length ?? 0)))
  return text
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0
          return numeric[column] === true ? cell.padStart(width) : cell.padEnd(width)
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** `1 backend`, `2 backends`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** Each line of `text` moved to the right. */
export function indent(text: string, by = '  '): string {
  return text.replace(/^(?=.)/gm, by)
}
