import { styleText } from 'node:util'

/** How a command's result is shown. */
export interface OutputOptions {
  readonly json?: boolean
}

/** Prints a command's result: as text for people, or the same as one JSON document. */
export function print<T>(result: T, options: OutputOptions, text: (result: T) => string): void {
  const shown = options.json === true ? JSON.stringify(result, undefined, 2) : text(result)
  process.stdout.write(`${shown.replace(/\n+$/, '')}\n`)
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Colours text where the stream is a terminal and nobody asked for none (NO_COLOR, see no-color.org). */
export function style(name: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  const wanted = stream.isTTY === true && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb'
  return wanted ? styleText(name, text, { validateStream: false }) : text
}
