/**
 * The root of every error this package throws on purpose. A caller can tell what happened from `code`
 * (stable across releases), a person from `message` (what was attempted, on what) and `hint` (what to do).
 */
export class TsbpfError extends Error {
  /** Stable, upper-case identifier of the failure, such as `INSTRUCTION_RANGE`. */
  readonly code: string
  /** What to do about it, as one sentence; empty when there is nothing to suggest. */
  readonly hint: string
  /** Further lines for whoever wants to know more (an excerpt, a log); shown below the message. */
  readonly details: string

  constructor(code: string, message: string, options: ErrorContext = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.hint = options.hint ?? ''
    this.details = options.details ?? ''
    this.#tellAll()
  }

  /** Puts hint and details into the stack: where nobody catches an error, that is what the engine shows of it. */
  #tellAll(): void {
    const frames = this.stack?.slice(this.stack.indexOf('\n    at ')) ?? ''
    const parts = [`${this.name}: ${this.message}`, this.details, this.hint && `Hint: ${this.hint}`]
    this.stack = `${parts.filter((part) => part !== '').join('\n\n')}\n${frames}`
    for (const said of ['hint', 'details']) Object.defineProperty(this, said, { enumerable: false })
  }
}

/** What a {@link TsbpfError} can carry besides its message. */
export interface ErrorContext {
  readonly hint?: string
  readonly details?: string
  readonly cause?: unknown
}
