import { TsbpfError } from '../../../asm/diagnostics/error.ts'
import type { NetworkNamespace } from '../../../loader/netns/namespace.ts'
import { DemoProcessError, type Processes } from './processes.ts'

/** A command of the demo failed; its own words are in `details`. */
export class DemoCommandError extends TsbpfError {
  /** The command's exit code: the demo ends with it, too. */
  readonly exitCode: number

  constructor(command: string, exitCode: number | null, stderr: string) {
    super('DEMO_COMMAND', `in the sandbox, \`${command}\` failed`, { details: stderr.trim() })
    this.exitCode = exitCode ?? 1
  }
}

/** The real command line, as a process in the balancer's namespace: what an operator would type, nothing less. */
export class CommandLine {
  readonly #processes: Processes
  readonly #namespace: NetworkNamespace
  readonly #script: string

  /** @param script the command line's entry point, for node */
  constructor(processes: Processes, namespace: NetworkNamespace, script: string) {
    this.#processes = processes
    this.#namespace = namespace
    this.#script = script
  }

  /** Runs a command to its end. @throws {DemoCommandError} when it fails */
  async run(args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#processes.run(this.#namespace, [this.#script, ...args])
    if (exitCode !== 0) throw new DemoCommandError(commandText(args), exitCode, stderr)
    return stdout
  }

  /** Runs a command with `--json`. @returns what it printed, which the caller knows the type of */
  async read<T>(args: readonly string[]): Promise<T> {
    const text = await this.run([...args, '--json'])
    try {
      return JSON.parse(text) as T
    } catch {
      throw new DemoProcessError(`\`${commandText(args)} --json\` did not print JSON`, text.slice(0, 500))
    }
  }
}

/** A command as one would type it. */
export function commandText(args: readonly string[]): string {
  return ['tsbpf-lb', ...args].join(' ')
}
