import { type ChildProcess, spawn } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TsbpfError } from '../../../asm/diagnostics/error.ts'
import { inNamespace, type NetworkNamespace } from '../../../loader/netns/namespace.ts'

/** A process of the demo that ended when it should not have, did not start, or took too long. */
export class DemoProcessError extends TsbpfError {
  constructor(message: string, details = '') {
    super('DEMO_PROCESS', message, { details })
  }
}

/** What a program that has ended left. */
export interface Ended {
  /** Null when a signal ended it. */
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Milliseconds a process may take to start, and a command to end; plenty even on a busy or emulated machine. */
const startPatience = 20_000
const commandPatience = 60_000

/**
 * The demo's child processes. They have a session of their own, so that Ctrl-C reaches the demo alone, which then
 * ends them in its own order.
 */
export class Processes {
  readonly #running = new Map<ChildProcess, Promise<void>>()
  #over = false

  /**
   * Starts one of the scripts beside this file in a namespace, with a message channel.
   *
   * @returns once it has sent its first message
   */
  async start(namespace: NetworkNamespace, script: string, args: readonly string[]): Promise<ChildProcess> {
    const file = new URL(`./${script}${extname(import.meta.url)}`, import.meta.url)
    const child = this.#spawn(namespace, [fileURLToPath(file), ...args], true)
    const stderr = collect(child.stderr)
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new DemoProcessError(`the demo's ${script} did not start within ${startPatience / 1000} s`))
      }, startPatience)
      child.once('message', () => resolve())
      child.once('close', () =>
        reject(new DemoProcessError(`the demo's ${script} ended while it started`, stderr())),
      )
      child.once('error', reject)
      void this.#running.get(child)?.then(() => clearTimeout(timer))
      child.once('message', () => clearTimeout(timer))
    })
    return child
  }

  /** Runs a node program in a namespace to its end. */
  async run(namespace: NetworkNamespace, args: readonly string[]): Promise<Ended> {
    const child = this.#spawn(namespace, args, false)
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        reject(new DemoProcessError(`a command did not end within ${commandPatience / 1000} s`, stderr()))
      }, commandPatience)
      child.once('error', (error) => {
        clearTimeout(timer)
        reject(error)
      })
      child.once('close', (exitCode) => {
        clearTimeout(timer)
        resolve({ exitCode, stdout: stdout(), stderr: stderr() })
      })
    })
  }

  /** Ends all of them, and lets none be started any more. Does not wait. */
  kill(): void {
    this.#over = true
    for (const child of this.#running.keys()) child.kill('SIGKILL')
  }

  /** Ends all of them. @returns when they are gone */
  async end(): Promise<void> {
    this.kill()
    await Promise.all(this.#running.values())
  }

  #spawn(namespace: NetworkNamespace, args: readonly string[], channel: boolean): ChildProcess {
    if (this.#over) throw new DemoProcessError('the demo is ending')
    const child = inNamespace(namespace, () =>
      spawn(process.execPath, [...process.execArgv, ...args], {
        stdio: channel ? ['ignore', 'ignore', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
        detached: true,
      }),
    )
    const ended = new Promise<void>((resolve) => {
      child.once('close', () => resolve())
      child.once('error', () => resolve())
    }).then(() => void this.#running.delete(child))
    this.#running.set(child, ended)
    return child
  }
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = ''
  stream?.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  return () => text
}
