import type { SourcePosition } from '../../diagnostics/source-position.ts'

/** The folder of the DSL. */
const here = new URL('..', import.meta.url).href
const herePath = decodeURIComponent(new URL(here).pathname)

/** Frames of the DSL itself that may lie between the author's line and {@link callerPosition}. */
const depth = 12

/**
 * The position of the statement that called into the DSL: the innermost frame of the stack outside this folder.
 * Undefined where the engine has no stack to tell.
 */
export function callerPosition(): SourcePosition | undefined {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = depth
  const { stack } = new Error()
  Error.stackTraceLimit = limit
  if (stack === undefined) return undefined
  for (const line of stack.split('\n')) {
    // `    at name (file:line:column)` or `    at file:line:column`
    const match = /^\s+at (?:.*\()?(.+):(\d+):(\d+)\)?$/.exec(line)
    const file = match?.[1]
    if (file === undefined || file.startsWith(here) || file.startsWith(herePath) || file.startsWith('node:'))
      continue
    return { file, line: Number(match?.[2]), column: Number(match?.[3]) }
  }
  return undefined
}
