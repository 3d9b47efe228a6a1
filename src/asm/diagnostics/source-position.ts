/** A place in a program's TypeScript source: where the statement that emitted an instruction is written. */
export interface SourcePosition {
  /** File path or `file:` URL, as the JavaScript engine reports it. */
  readonly file: string
  /** Line, counted from 1. */
  readonly line: number
  /** Column, counted from 1. */
  readonly column: number
}

/** `lb.ts:42`: the file's own name and the line. */
export function formatPosition(position: SourcePosition): string {
  return `${position.file.slice(position.file.lastIndexOf('/') + 1)}:${position.line}`
}
