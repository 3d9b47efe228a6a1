import { fileURLToPath } from 'node:url'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { DemoResult } from '../../programs/load-balancer/demo/demo.ts'
import { exitCodes } from '../exit-codes.ts'
import { style } from '../output.ts'
import { reportError } from '../report-error.ts'
import { jsonOption } from './options.ts'

interface DemoCommandOptions {
  readonly requests: number
  readonly json?: boolean
}

/** Fewer, and chance alone could leave a backend without any: with 50, once in 200 million times. */
const fewest = 50
const most = 10_000

/** `demo`. */
export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('show the load balancer at work, in a sandbox of its own that is removed afterwards')
    .addOption(
      new Option('-n, --requests <number>', `how many HTTP requests to balance, ${fewest} to ${most}`)
        .default(300)
        .argParser(parseRequests),
    )
    .addOption(jsonOption())
    .action(async (options: DemoCommandOptions) => {
      const result = await tellDemo(options)
      if (result === undefined) return
      if (options.json === true) process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`)
      if (!result.ok) process.exitCode = exitCodes.failure
    })
}

/** @returns undefined when a command inside of the sandbox has failed, and that was said */
async function tellDemo({ requests, json }: DemoCommandOptions): Promise<DemoResult | undefined> {
  const { runDemo } = await import('../../programs/load-balancer/demo/demo.ts')
  const { DemoCommandError } = await import('../../programs/load-balancer/demo/command-line.ts')
  const { checkPrivileges } = await import('../../programs/load-balancer/control/privileges.ts')
  const { DemoStory } = await import('../render/demo-story.ts')
  const story = new DemoStory(
    {
      write: (text) => {
        if (json !== true) process.stdout.write(text)
      },
      columns: process.stdout.isTTY && process.env.TERM !== 'dumb' ? process.stdout.columns : undefined,
    },
    (name, text) => style(name, text),
  )
  const script = fileURLToPath(new URL('../main.js', import.meta.url))
  try {
    checkPrivileges()
    story.begin(requests)
    return await untilTold((signal) =>
      runDemo({ requests, script, signal, report: (event) => story.tell(event) }),
    )
  } catch (error) {
    story.interrupt()
    if (!(error instanceof DemoCommandError)) throw error
    reportError(error, [])
    process.exitCode = error.exitCode
    return undefined
  }
}

function parseRequests(text: string): number {
  const requests = Number(text)
  if (!/^\d+$/.test(text) || requests < fewest || requests > most)
    throw new InvalidArgumentError(`It must be a whole number, ${fewest} to ${most}.`)
  return requests
}

/** Runs the demo until Ctrl-C, a termination request or the terminal's end; then it removes what it has made. */
async function untilTold<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const stop = (): void => controller.abort()
  // Whoever closes a pipe early ends the process with the code for "ok"; the demo has not held then.
  const unfinished = (): void => {
    process.exitCode = exitCodes.failure
  }
  for (const name of signals) process.on(name, stop)
  process.on('exit', unfinished)
  try {
    return await run(controller.signal)
  } finally {
    for (const name of signals) process.off(name, stop)
    process.off('exit', unfinished)
  }
}
