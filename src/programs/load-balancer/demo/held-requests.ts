import type { DemoClient } from './client.ts'
import type { Outcome } from './messages.ts'
import type { HeldConnection } from './observations.ts'

/** Requests over one connection that is kept open, one after the other. */
export class HeldRequests {
  /** Who answered the first request. */
  readonly backend: string
  readonly #client: DemoClient
  readonly #url: string
  readonly #port: number | undefined
  readonly #troubles: string[] = []
  #answersAfter = 0
  #drained = false
  #current: Promise<void> | undefined

  private constructor(client: DemoClient, url: string, first: Outcome) {
    this.#client = client
    this.#url = url
    this.backend = first.backend ?? ''
    this.#port = first.error === undefined ? first.port : undefined
    if (first.error !== undefined) this.#troubles.push(first.error)
  }

  /** Opens the connection with a first request. */
  static async open(client: DemoClient, url: string): Promise<HeldRequests> {
    return new HeldRequests(client, url, await client.get(url, 'held'))
  }

  /** Sends the next request, unless one is under way. */
  ask(): void {
    this.#current ??= this.#askOnce().finally(() => {
      this.#current = undefined
    })
    // A client that has ended is reported by what waits for it; here nobody does.
    this.#current.catch(() => {})
  }

  /** Says that the drain command has ended. */
  drained(): void {
    this.#drained = true
  }

  /** Sends a last request. @returns how the connection fared */
  async finish(): Promise<HeldConnection> {
    await this.#current
    await this.#askOnce()
    return { backend: this.backend, answersAfter: this.#answersAfter, troubles: this.#troubles }
  }

  async #askOnce(): Promise<void> {
    const after = this.#drained
    const outcome = await this.#client.get(this.#url, 'held')
    const trouble = this.#troubleWith(outcome)
    if (trouble !== undefined) this.#troubles.push(trouble)
    else if (after) this.#answersAfter++
  }

  #troubleWith(outcome: Outcome): string | undefined {
    if (outcome.error !== undefined) return outcome.error
    if (outcome.backend !== this.backend) return `${outcome.backend} answered`
    return outcome.port === this.#port ? undefined : 'the connection had to be opened anew'
  }
}
