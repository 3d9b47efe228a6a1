import { type ErrorContext, TsbpfError } from '../../diagnostics/error.ts'
import type { SourcePosition } from '../../diagnostics/source-position.ts'

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

/** `lb.ts:42`: the file's own name and the line. */
export function formatPosition(position: SourcePosition): string {
  return `${position.file.slice(position.file.lastIndexOf('/') + 1)}:${position.line}`
}
