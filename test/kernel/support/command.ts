import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { inNamespace, type NetworkNamespace } from '../../../src/loader/netns/namespace.ts'
import type { Flow } from '../../../src/programs/load-balancer/control/flows.ts'
import type {
  BackendStatus,
  ServiceStatus,
  Status,
} from '../../../src/programs/load-balancer/control/status.ts'
import { until } from './until.ts'

/** The built command; see `setup.ts`. */
export const commandPath = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))

/** How a command ended. */
export interface Outcome {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** A command that may still be running. */
export interface Running {
  readonly process: ChildProcess
  readonly outcome: Promise<Outcome>
}

/** Starts a program inside a network namespace. */
export function start(
  namespace: NetworkNamespace,
  command: string,
  args: readonly string[],
  options: { readonly uid?: number; readonly gid?: number; readonly cwd?: string } = {},
): Running {
  const child = inNamespace(namespace, () =>
    spawn(command, args, {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    }),
  )
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? undefined, stdout, stderr }))
  })
  return { process: child, outcome }
}

/**
 * Waits until a command has begun its work: it has opened a netlink socket, which the kernel numbers by the process.
 * By then it handles Ctrl-C itself.
 */
export async function atWork({ process: { pid } }: Running): Promise<void> {
  const own = new RegExp(`^\\S+ +\\d+ +${pid} `, 'm')
  await until(
    'the command to open a netlink socket',
    () => readFileSync(`/proc/${pid}/net/netlink`, 'utf8'),
    (sockets) => own.test(sockets),
  )
}

/** The load balancer's command line, run in the balancer's network namespace as a user runs it. */
export class Command {
  readonly #namespace: NetworkNamespace

  constructor(namespace: NetworkNamespace) {
    this.#namespace = namespace
  }

  /** Starts a command. */
  start(...args: string[]): Running {
    return start(this.#namespace, process.execPath, [commandPath, ...args, ...translation(args)])
  }

  /** Runs a command, however it ends. */
  async try(...args: string[]): Promise<Outcome> {
    return await this.start(...args).outcome
  }

  /** Runs a command that must succeed. @returns what it prints */
  async run(...args: string[]): Promise<string> {
    const outcome = await this.try(...args)
    expect(outcome, `tsbpf-lb ${args.join(' ')}`).toMatchObject({ code: 0, stderr: '' })
    return outcome.stdout
  }

  /** Runs a command that must succeed and print JSON. */
  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.run(...args, '--json')) as T
  }

  /** `status --json`. */
  async status(): Promise<Status> {
    return await this.json('status')
  }

  /** `flows --json`. */
  async flows(): Promise<Flow[]> {
    return await this.json('flows')
  }

  /** A service as `status --json` shows it. */
  async service(name: string): Promise<ServiceStatus> {
    const found = (await this.status()).services.find(({ service }) => service === name)
    if (found === undefined) throw new Error(`status shows no service ${name}`)
    return found
  }

  /** A backend as `status --json` shows it. */
  async backend(service: string, name: string): Promise<BackendStatus> {
    const found = (await this.service(service)).backends.find(({ backend }) => backend === name)
    if (found === undefined) throw new Error(`status shows no backend ${name} of ${service}`)
    return found
  }
}

/** `TSBPF_TRANSLATE=mark` runs the tests of the load balancer with that way of translating. */
function translation(args: readonly string[]): string[] {
  const way = process.env.TSBPF_TRANSLATE
  return args[0] !== 'up' || way === undefined || args.includes('--translate') ? [] : ['--translate', way]
}

/** The options for one service: `--service 80 --backend …`. */
export function service(name: string, ...backends: readonly string[]): string[] {
  return ['--service', name, ...backends.flatMap((backend) => ['--backend', backend])]
}
