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
  }
}

/** What a {@link TsbpfError} can carry besides its message. */
export interface ErrorContext {
  readonly hint?: string
  readonly details?: string
  readonly cause?: unknown
}
