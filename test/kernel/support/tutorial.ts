/** What a tutorial tells its reader to do next. */
export type TutorialStep =
  /** A file to be written: a fenced block whose info string names it, such as ```` ```ts counter.ts ````. */
  | { readonly kind: 'file'; readonly line: number; readonly name: string; readonly text: string }
  /** Commands to be typed, and what they must print if the text shows it (a `text` block right below). */
  | {
      readonly kind: 'commands'
      readonly line: number
      readonly commands: readonly string[]
      readonly output: string | undefined
      /** Said by `<!-- fails -->` above the block: the last command is to fail. */
      readonly fails: boolean
      /** Said by `<!-- terminal N -->` above: runs on, in a terminal of its own, until `<!-- end N -->`. */
      readonly terminal: number | undefined
    }
  /** A `text` block below `<!-- shows N -->`: what that terminal comes to show. */
  | { readonly kind: 'shown'; readonly line: number; readonly terminal: number; readonly output: string }
  /** `<!-- end N -->`: Ctrl-C in that terminal. */
  | { readonly kind: 'interrupt'; readonly line: number; readonly terminal: number }

const fence = /^```(\w+)(?: (\S+))?$/

/** Reads the steps of a tutorial in Markdown. @throws for a block it does not know what to do with */
export function tutorialSteps(markdown: string): TutorialStep[] {
  const steps: TutorialStep[] = []
  const lines = markdown.split('\n')
  let remarks: string[] = []
  for (let at = 0; at < lines.length; at++) {
    const text = lines[at] ?? ''
    const line = at + 1
    const remark = /^<!-- (.*) -->$/.exec(text)?.[1]
    const ended = /^end (\d+)$/.exec(remark ?? '')?.[1]
    if (ended !== undefined) steps.push({ kind: 'interrupt', line, terminal: Number(ended) })
    else if (remark !== undefined) remarks.push(remark)
    const open = fence.exec(text)
    if (open === null) continue
    const end = lines.indexOf('```', at + 1)
    if (end < 0) throw new Error(`line ${line}: the block has no end`)
    const body = lines.slice(at + 1, end)
    const [, language, name] = open
    if (name !== undefined) steps.push({ kind: 'file', line, name, text: `${body.join('\n')}\n` })
    else if (language === 'sh') {
      const terminal = remarks.flatMap((remark) => /^terminal (\d+)$/.exec(remark)?.[1] ?? [])[0]
      steps.push({
        kind: 'commands',
        line,
        commands: body.map((command) => command.replace(/\s+#.*$/, '')).filter((command) => command !== ''),
        output: undefined,
        fails: remarks.includes('fails'),
        terminal: terminal === undefined ? undefined : Number(terminal),
      })
    } else if (language === 'text') {
      const shows = remarks.flatMap((remark) => /^shows (\d+)$/.exec(remark)?.[1] ?? [])[0]
      if (shows !== undefined) {
        steps.push({ kind: 'shown', line, terminal: Number(shows), output: body.join('\n') })
        remarks = []
        at = end
        continue
      }
      const last = steps.pop()
      if (last?.kind !== 'commands') throw new Error(`line ${line}: output without commands above it`)
      steps.push({ ...last, output: body.join('\n') })
    } else if (!remarks.includes('not run'))
      throw new Error(`line ${line}: what is to be done with this ${language} block?`)
    remarks = []
    at = end
  }
  return steps
}

/** As the tutorial shows it, with any amount of white space for white space; a line of `…` stands for any lines. */
export function outputPattern(shown: string): RegExp {
  const parts = shown.trim().split(/\n\s*…\s*(?:\n|$)/)
  const patterns = parts.map((part) =>
    part
      .trim()
      .replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')
      .replaceAll(/\s+/g, '\\s+'),
  )
  return new RegExp(patterns.join('[\\s\\S]*'))
}
