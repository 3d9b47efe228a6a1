import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { addAsmCommands } from './commands/asm.ts'
import { addBackendCommands } from './commands/backend.ts'
import { addBuildCommand } from './commands/build.ts'
import { addDemoCommand } from './commands/demo.ts'
import { addFeaturesCommand } from './commands/features.ts'
import { addInspectCommand } from './commands/inspect.ts'
import { addRunCommand } from './commands/run.ts'
import { addServiceCommands } from './commands/service.ts'
import { addStatusCommands } from './commands/status.ts'
import { addTypesCommand } from './commands/types.ts'
import { addUpAndDownCommands } from './commands/up.ts'
import { exitCodes } from './exit-codes.ts'
import { reportError } from './report-error.ts'

/** Runs one command line. @param args without the interpreter and the script @returns the exit code */
export async function run(args: readonly string[]): Promise<number> {
  // `tsbpf-lb flows | head` closes the pipe early; that is not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.ok)
    throw error
  })
  try {
    await commandLine().parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? exitCodes.ok)
  } catch (error) {
    return reportError(error, args)
  }
}

function commandLine(): Command {
  const program = new Command('tsbpf-lb')
    .description(
      'A stateful layer 4 load balancer in the kernel: BPF written in TypeScript, connections kept by conntrack.',
    )
    .version(version(), '-V, --version')
    .option('--verbose', 'show the details of an error: the verifier’s log, the stack')
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .configureHelp({ sortSubcommands: false })
    .addHelpText(
      'after',
      `
Examples:
  tsbpf-lb up eth0 --service 80 --backend 10.0.0.11:8080 --backend 10.0.0.12:8080,weight=2
  tsbpf-lb backend drain 80 10.0.0.11:8080
  tsbpf-lb status
  tsbpf-lb down eth0

Exit codes: 0 ok, 1 failure, 2 usage, 3 nothing there, 4 program rejected by the verifier,
            5 the kernel lacks a feature, 77 missing privilege.`,
    )
  addUpAndDownCommands(program)
  addStatusCommands(program)
  addServiceCommands(program)
  addBackendCommands(program)
  addInspectCommand(program)
  addFeaturesCommand(program)
  addAsmCommands(program)
  addRunCommand(program)
  addTypesCommand(program)
  addBuildCommand(program)
  addDemoCommand(program)
  return program
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
