/**
 * What kernels from 7.3 on say of many rejections besides the usual line: a report in sections, for people. An example
 * is test/unit/loader/verifier/logs/linux-7.3/unchecked-map-value.golden.
 */
export interface VerifierReport {
  /** Kind and name of the fault: `Memory Safety: Access outside bounds`. */
  readonly title: string
  /** Why the verifier cannot accept it, in sentences. */
  readonly explanation: string
  /** The slot of the instruction at fault; undefined when the report shows none. */
  readonly slot: number | undefined
  /** What to do about it. */
  readonly suggestion: string
}

/** `Verification failed: Memory Safety: Access outside bounds`. */
const headingLine = /^Verification failed(?:: *(.*))?$/
/** `Reason:`, its text on the indented lines below; or on the same line. */
const sectionLine = /^(Reason|At|Causal path|Suggestion):(?: +(\S.*))?$/
/** `  >>> 12 | (95) exit`, in the instruction context; the source context has the same with line numbers. */
const instructionAtFault = /^\s*>>> *(\d+) \| \([0-9a-f]{2}\) /

/**
 * Takes the report out of a log.
 *
 * @returns the lines around it, which are as older kernels write them, and the report if there is one
 */
export function splitReport(lines: readonly string[]): {
  readonly plain: readonly string[]
  readonly report: VerifierReport | undefined
} {
  const start = lines.findIndex((line) => headingLine.test(line))
  if (start < 0) return { plain: lines, report: undefined }
  const sections = new Map<string, string[]>()
  let current: string[] = []
  let end = start + 1
  for (; end < lines.length; end++) {
    const line = lines[end] ?? ''
    const section = sectionLine.exec(line)
    if (section !== null) {
      current = section[2] === undefined ? [] : [section[2]]
      sections.set(section[1] ?? '', current)
    } else if (line === '' || /^\s/.test(line)) current.push(line)
    else break
  }
  const paragraph = (name: string): string =>
    (sections.get(name) ?? [])
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join(' ')
  const fault = sections.get('At')?.flatMap((line) => instructionAtFault.exec(line)?.[1] ?? [])[0]
  return {
    plain: [...lines.slice(0, start), ...lines.slice(end)],
    report: {
      title: headingLine.exec(lines[start] ?? '')?.[1]?.trim() ?? '',
      explanation: paragraph('Reason'),
      slot: fault === undefined ? undefined : Number(fault),
      suggestion: paragraph('Suggestion'),
    },
  }
}
