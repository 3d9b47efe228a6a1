import { type ErrorContext, TsbpfError } from '../../diagnostics/error.ts'
import { formatPosition, type SourcePosition } from '../../diagnostics/source-position.ts'

/** A mistake in a program, found while it was being written; `position` is the author's line. */
export class BuildError extends TsbpfError {
  readonly position: SourcePosition | undefined

  constructor(
    code: string,
    message: string,
    position: SourcePosition | undefined,
    context: ErrorContext = {},
  ) {
    super(code, position === undefined ? message : `${message} (${formatPosition(position)})`, context)
    this.position = position
  }
}
