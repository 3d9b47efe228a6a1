import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { inNamespace, type NetworkNamespace } from '../../../src/loader/netns/namespace.ts'

interface Answer {
  readonly call: number
  readonly result?: unknown
  readonly error?: string
}

/** A node process inside a network namespace that does what it is told, over an IPC channel. */
export class Remote {
  readonly #name: string
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  #calls = 0

  /** @param script next to this file; it ends when the channel does */
  constructor(namespace: NetworkNamespace, script: string, name: string) {
    this.#name = name
    const path = fileURLToPath(new URL(script, import.meta.url))
    this.#process = inNamespace(namespace, () =>
      fork(path, [name], { execArgv: [], stdio: 'inherit', serialization: 'advanced' }),
    )
    this.#process.on('message', ({ call, result, error }: Answer) => {
      const waiting = this.#waiting.get(call)
      this.#waiting.delete(call)
      if (error === undefined) waiting?.resolve(result)
      else waiting?.reject(new Error(`${name}: ${error}`))
    })
    this.#process.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${name} has ended`))
      this.#waiting.clear()
    })
  }

  /** Calls one of the script's methods. @throws what it throws */
  async call<T>(method: string, args: object): Promise<T> {
    const call = this.#calls++
    return await new Promise<T>((resolve, reject) => {
      this.#waiting.set(call, { resolve: resolve as (value: unknown) => void, reject })
      this.#process.send({ call, method, args }, (error) => {
        if (error !== null && this.#waiting.delete(call)) reject(new Error(`${this.#name} has ended`))
      })
    })
  }

  /** Ends the process, and with it everything it has open. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await ended
  }
}
