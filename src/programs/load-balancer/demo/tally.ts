import type { Outcome } from './messages.ts'

/** What became of a number of requests. */
export interface Tally {
  readonly answered: number
  readonly failed: number
  /** Answers by backend; a name for every backend, also for those that gave none. */
  readonly backends: Readonly<Record<string, number>>
  /** How often requests failed, by reason. */
  readonly failures: Readonly<Record<string, number>>
}

/** How many requests a tally is about. */
export function sentIn({ answered, failed }: Tally): number {
  return answered + failed
}

/** Counts outcomes. */
export class Counter {
  readonly #backends: Map<string, number>
  readonly #failures = new Map<string, number>()

  /** @param names of the backends; an answer in another name counts as a failure */
  constructor(names: readonly string[]) {
    this.#backends = new Map(names.map((name) => [name, 0]))
  }

  add(outcome: Outcome): void {
    const { backend, error } = outcome
    const known = backend === undefined ? undefined : this.#backends.get(backend)
    if (backend !== undefined && known !== undefined) this.#backends.set(backend, known + 1)
    else {
      const reason = error ?? `an answer that is no backend's name: ${JSON.stringify(backend)}`
      this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1)
    }
  }

  get tally(): Tally {
    return {
      answered: sum(this.#backends),
      failed: sum(this.#failures),
      backends: Object.fromEntries(this.#backends),
      failures: Object.fromEntries(this.#failures),
    }
  }
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0)
}
