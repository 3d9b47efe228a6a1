/** Steps to undo what a command has done so far, last step first, when a later one fails. */
export class Rollback {
  readonly #steps: { readonly what: string; readonly undo: () => void }[] = []
  readonly #owned: { close(): void }[] = []

  /** Notes how to undo a step that has just been done. */
  add(what: string, undo: () => void): void {
    this.#steps.push({ what, undo })
  }

  /** Takes over something that must be closed once the change is done or undone. */
  own(resource: { close(): void }): void {
    this.#owned.push(resource)
  }

  /** Closes what it owns. */
  close(): void {
    for (const resource of this.#owned.splice(0)) resource.close()
  }

  /** Undoes every step, going on when one of them fails. @returns what could not be undone */
  run(): { readonly what: string; readonly error: unknown }[] {
    const failed: { what: string; error: unknown }[] = []
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        step.undo()
      } catch (error) {
        failed.push({ what: step.what, error })
      }
    }
    return failed
  }
}

/** The command was told to stop (Ctrl-C); everything it had done was undone. */
export class InterruptedError extends Error {
  constructor() {
    super('interrupted')
    this.name = 'InterruptedError'
  }
}

/**
 * Runs the steps of a change. Between steps the event loop gets its turn, so that a signal can stop the change;
 * when it does, or a step throws, everything noted in the rollback is undone.
 */
export async function transaction<T>(
  signal: AbortSignal | undefined,
  steps: (rollback: Rollback, checkpoint: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const rollback = new Rollback()
  const checkpoint = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve))
    if (signal?.aborted === true) throw new InterruptedError()
  }
  try {
    return await steps(rollback, checkpoint)
  } catch (error) {
    const failed = rollback.run()
    if (failed.length === 0) throw error
    const what = failed.map((step) => step.what).join(', ')
    throw new AggregateError(
      [error, ...failed.map((step) => step.error)],
      `${error instanceof Error ? error.message : String(error)}; besides, this could not be undone: ${what}`,
    )
  } finally {
    rollback.close()
  }
}
