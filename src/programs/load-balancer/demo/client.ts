import type { ChildProcess } from 'node:child_process'
import type { ClientCommand, ClientReport, Outcome, StreamRequest } from './messages.ts'
import { DemoProcessError } from './processes.ts'

/** Called for each request of a stream; see {@link ClientReport} for `epoch`. */
export type OnAnswer = (outcome: Outcome, epoch: number) => void

interface Waiting<T> {
  readonly resolve: (result: T) => void
  readonly reject: (error: Error) => void
}

/** The demo's hold on its client process. */
export class DemoClient {
  readonly #child: ChildProcess
  readonly #requests = new Map<number, Waiting<Outcome>>()
  readonly #streams = new Map<number, Waiting<void> & { readonly onAnswer: OnAnswer }>()
  #lastId = 0
  #gone = false

  /** @param child a started `http-client` */
  constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (report: ClientReport) => this.#receive(report))
    child.on('close', () => {
      this.#gone = true
      const waiting = [...this.#requests.values(), ...this.#streams.values()]
      for (const { reject } of waiting) reject(clientIsGone())
    })
  }

  /** One request over a new connection, or over the one that is held open. */
  async get(url: string, connection: 'new' | 'held' = 'new'): Promise<Outcome> {
    const id = ++this.#lastId
    return await new Promise((resolve, reject) => {
      this.#requests.set(id, { resolve, reject })
      this.#send({ kind: 'get', id, url, held: connection === 'held' }, reject)
    })
  }

  /** Sends many requests. @returns when the last of them has its outcome */
  async stream(request: StreamRequest, onAnswer: OnAnswer): Promise<void> {
    const id = ++this.#lastId
    await new Promise<void>((resolve, reject) => {
      this.#streams.set(id, { resolve, reject, onAnswer })
      this.#send({ kind: 'stream', id, ...request }, reject)
    })
  }

  /** Requests that begin from now on report the next epoch. */
  nextEpoch(): void {
    this.#send({ kind: 'next-epoch' })
  }

  /** Lets the running stream begin no more requests. */
  stop(): void {
    this.#send({ kind: 'stop' })
  }

  #send(command: ClientCommand, reject?: (error: Error) => void): void {
    if (this.#gone || !this.#child.connected) reject?.(clientIsGone())
    // A channel that breaks now is reported by the process's end.
    else this.#child.send(command, () => {})
  }

  #receive(report: ClientReport): void {
    switch (report.kind) {
      case 'got':
        this.#requests.get(report.id)?.resolve(report.outcome)
        this.#requests.delete(report.id)
        break
      case 'answer':
        this.#streams.get(report.id)?.onAnswer(report.outcome, report.epoch)
        break
      case 'finished':
        this.#streams.get(report.id)?.resolve()
        this.#streams.delete(report.id)
    }
  }
}

function clientIsGone(): DemoProcessError {
  return new DemoProcessError("the demo's client has ended")
}
