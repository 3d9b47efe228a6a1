/** Where progress is shown. */
export interface ProgressOutput {
  write(text: string): void
  /** Columns of the terminal; undefined when the output is none, or one that cannot go back to a line's begin. */
  readonly columns: number | undefined
}

/** Columns of a bar. */
export const barWidth = 30
/** Without a terminal: lines between the begin and the end. */
const plainSteps = 4
/** Go to the begin of the line; erase to its end (ECMA-48: CR, EL). */
const home = '\r'
const eraseToEnd = '\u001b[K'

/**
 * One line that shows how far something is. On a terminal it is drawn again and again in its place; anywhere else a
 * few lines are printed.
 */
export class ProgressLine {
  readonly #output: ProgressOutput
  #shown = ''
  #step = 0

  constructor(output: ProgressOutput) {
    this.#output = output
  }

  /** @param text what to say beside the bar */
  show(done: number, total: number, text: string): void {
    const part = total === 0 ? 1 : done / total
    const { columns } = this.#output
    if (columns === undefined) {
      const step = Math.floor(part * plainSteps)
      if (step > this.#step) this.#output.write(`   ${text}\n`)
      this.#step = step
      return
    }
    // A line that wraps cannot be drawn again in its place.
    const line = `   ${bar(part, barWidth)}  ${text}`.slice(0, columns - 1)
    if (line === this.#shown) return
    this.#shown = line
    this.#output.write(`${home}${line}${eraseToEnd}`)
  }

  /** Takes the line off a terminal, to print something else in its place. */
  clear(): void {
    if (this.#shown !== '') this.#output.write(`${home}${eraseToEnd}`)
    this.#shown = ''
  }

  /** Lets the line stand as it is; the next one begins anew. */
  finish(): void {
    if (this.#shown !== '') this.#output.write('\n')
    this.#shown = ''
    this.#step = 0
  }
}

/** A part, 0 to 1, of `width` columns. */
export function bar(part: number, width: number, empty = '░'): string {
  const filled = Math.round(Math.min(Math.max(part, 0), 1) * width)
  return '█'.repeat(filled) + empty.repeat(width - filled)
}
