import { CommanderError } from 'commander'
import { TsbpfError } from '../asm/diagnostics/error.ts'
import { formatPosition } from '../asm/diagnostics/source-position.ts'
import { BuildError } from '../asm/dsl/core/errors.ts'
import { FileSourceText } from '../loader/source-text.ts'
import { excerpt } from '../loader/verifier/excerpt.ts'
import { exitCodeFor, exitCodes } from './exit-codes.ts'
import { style } from './output.ts'

/** Says on standard error what went wrong and what to do about it. @returns the exit code */
export function reportError(error: unknown, args: readonly string[]): number {
  // commander has printed its own message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  if (error instanceof Error && error.name === 'InterruptedError') {
    write('interrupted; everything this command had done was undone')
    return exitCodes.interrupted
  }
  const verbose = args.includes('--verbose')
  const main = error instanceof AggregateError ? error.errors[0] : error
  const shown = main instanceof BuildError ? atSource(main) : undefined
  const message = shown?.message ?? (error instanceof Error ? error.message : String(error))
  write(`${style('red', 'error:', process.stderr)} ${message}`)
  if (shown !== undefined) write(`\n${shown.excerpt}\n`)
  if (!(main instanceof TsbpfError)) {
    if (verbose && error instanceof Error) write(error.stack ?? '')
    return exitCodes.failure
  }
  if (main.details !== '') write(`\n${main.details}\n`)
  if (main.hint !== '') write(`${style('cyan', 'hint:', process.stderr)} ${main.hint}`)
  const code = exitCodeFor(main.code)
  if (code === exitCodes.privilege)
    write(`${style('cyan', 'hint:', process.stderr)} Run it as root:\n  ${sudoLine(args)}`)
  if (verbose) {
    write(`\n${'log' in main && typeof main.log === 'string' ? main.log : framesOf(main)}`)
    for (let { cause } = main; cause instanceof Error; cause = cause.cause)
      write(`caused by: ${cause.stack ?? cause.message}`)
  }
  return code
}

/** The frames of the stack alone: the rest has been said. */
function framesOf({ stack = '' }: Error): string {
  return stack.slice(stack.indexOf('\n    at ') + 1)
}

/** A mistake in a program, where its author wrote it: in TypeScript, whatever it was compiled to. */
function atSource({ message, position }: BuildError): { message: string; excerpt: string } | undefined {
  if (position === undefined) return undefined
  const text = new FileSourceText()
  const located = text.locate(position)
  const line = (file: string, number: number) => text.line(file, number)
  return {
    message: message.replace(`(${formatPosition(position)})`, `(${formatPosition(located)})`),
    excerpt: excerpt(located, line, '', process.cwd()),
  }
}

/** A line that runs the same command as root, whatever sudo's PATH is. */
function sudoLine(args: readonly string[]): string {
  return ['sudo', process.execPath, process.argv[1] ?? 'tsbpf-lb', ...args].map(quote).join(' ')
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

function write(line: string): void {
  process.stderr.write(`${line}\n`)
}
