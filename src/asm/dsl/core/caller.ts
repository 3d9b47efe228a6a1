import type { SourcePosition } from '../../diagnostics/source-position.ts'

/** The folders of the DSL and of the compiler, which calls back into it. */
const own = ['..', '../../ir']
  .map((folder) => new URL(`${folder}/`, import.meta.url).href)
  .flatMap((url) => [url, decodeURIComponent(new URL(url).pathname)])

/** Frames of the DSL itself that may lie between the author's line and {@link callerPosition}. */
const depth = 20

/** What V8 hands to `Error.prepareStackTrace`, as far as it is used here. */
interface CallSite {
  getFileName(): string | null | undefined
  getLineNumber(): number | null
  getColumnNumber(): number | null
}
interface WithPrepare {
  stackTraceLimit: number
  prepareStackTrace?: ((error: Error, sites: readonly CallSite[]) => unknown) | undefined
}

/**
 * The position of the statement that called into the DSL: the innermost frame of the stack outside these folders.
 * Undefined where the engine has no stack to tell.
 */
export function callerPosition(): SourcePosition | undefined {
  const errors = Error as unknown as WithPrepare
  const limit = errors.stackTraceLimit
  errors.stackTraceLimit = depth
  try {
    // Who prepares stacks himself maps positions to sources: his text is read. V8's own text would be most of the time
    // that writing a program takes, so that it is asked for the frames instead.
    return errors.prepareStackTrace === undefined ? fromFrames(errors) : fromText(new Error().stack)
  } finally {
    errors.stackTraceLimit = limit
  }
}

function fromFrames(errors: WithPrepare): SourcePosition | undefined {
  let sites: readonly CallSite[] | undefined
  errors.prepareStackTrace = (_, given) => {
    sites = given
    return ''
  }
  const { stack } = new Error()
  errors.prepareStackTrace = undefined
  // Other engines know nothing of frames, and give the text as ever.
  if (sites === undefined) return fromText(stack)
  for (const site of sites) {
    const file = site.getFileName()
    if (file === null || file === undefined || isOurs(file)) continue
    return { file, line: site.getLineNumber() ?? 1, column: site.getColumnNumber() ?? 1 }
  }
  return undefined
}

function fromText(stack: string | undefined): SourcePosition | undefined {
  if (stack === undefined) return undefined
  for (const line of stack.split('\n')) {
    // `    at name (file:line:column)` or `    at file:line:column`
    const match = /^\s+at (?:.*\()?(.+):(\d+):(\d+)\)?$/.exec(line)
    const file = match?.[1]
    if (file === undefined || isOurs(file)) continue
    return { file, line: Number(match?.[2]), column: Number(match?.[3]) }
  }
  return undefined
}

/** Whether a frame is the DSL's own or the engine's. */
function isOurs(file: string): boolean {
  return file.startsWith('node:') || own.some((folder) => file.startsWith(folder))
}
