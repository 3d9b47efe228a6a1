import { CommanderError } from 'commander'
import { TsbpfError } from '../asm/diagnostics/error.ts'
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
  const message = error instanceof Error ? error.message : String(error)
  write(`${style('red', 'error:', process.stderr)} ${message}`)
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
    write(`\n${'log' in main && typeof main.log === 'string' ? main.log : (main.stack ?? '')}`)
    for (let { cause } = main; cause instanceof Error; cause = cause.cause)
      write(`caused by: ${cause.stack ?? cause.message}`)
  }
  return code
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
