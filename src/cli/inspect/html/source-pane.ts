import { largest } from '../../../asm/report/largest.ts'
import { type ProgramReport, positions, type ReportedSource } from '../../../asm/report/program-report.ts'
import { plural } from '../../../asm/report/text.ts'
import { escapeHtml, heat, highlightSource } from './markup.ts'

/** Lines shown around those that have instructions, of a file that is shown in part. */
const around = 3
/** Files longer than this are shown in part. */
const wholeUpTo = 400

/** Names a line of a source file: rows of both panes that belong together carry the same name. */
export function lineKey(file: number, line: number): string {
  return `${file}:${line}`
}

/** By instruction, the {@link lineKey} of the statement that it belongs to; empty for none. */
export function lineKeys(report: ProgramReport): string[] {
  const files = new Map(report.sources.map(({ file }, index) => [file, index]))
  return positions(report.instructions).map((source) =>
    source === undefined ? '' : lineKey(files.get(source.file) ?? 0, source.line),
  )
}

/** The source files of a report, a row for each line. */
export function sourcePane(report: ProgramReport): string {
  const keys = lineKeys(report)
  const counts = new Map<string, number>()
  const hits = new Map<string, number>()
  for (const [index, key] of keys.entries()) {
    counts.set(key, (counts.get(key) ?? 0) + 1)
    hits.set(key, Math.max(hits.get(key) ?? 0, report.instructions[index]?.hits ?? 0))
  }
  if (report.sources.length === 0)
    return '<p class="none">Nothing is known of the source: the program was built or loaded without line records.</p>'
  const most = largest(hits.values())
  return report.sources.map((source, file) => fileHtml(source, file, counts, hits, most)).join('')
}

function fileHtml(
  { file, lines }: ReportedSource,
  index: number,
  counts: ReadonlyMap<string, number>,
  hits: ReadonlyMap<string, number>,
  most: number,
): string {
  const shown = lines.length <= wholeUpTo ? lines : near(lines, index, counts)
  let previous = 0
  const rows = shown.map(({ number, text }) => {
    const key = lineKey(index, number)
    const count = counts.get(key)
    const cut = previous !== 0 && number !== previous + 1 ? '<div class="cut">⋯</div>' : ''
    previous = number
    const code = `<span class="no">${number}</span><code>${highlightSource(text) || ' '}</code>`
    if (count === undefined) return `${cut}<div class="src">${code}</div>`
    const warm = heat(hits.get(key), most)
    return `${cut}<div class="src has${warm > 0 ? ` h${warm}` : ''}" data-k="${key}" tabindex="-1" title="${plural(count, 'instruction')}">${code}<span class="count">${count}</span></div>`
  })
  return `<h3 title="${escapeHtml(file)}">${escapeHtml(shortName(file))}</h3>${rows.join('')}`
}

function near(
  lines: ReportedSource['lines'],
  file: number,
  counts: ReadonlyMap<string, number>,
): ReportedSource['lines'] {
  return lines.filter(({ number }) => {
    for (let other = number - around; other <= number + around; other++)
      if (counts.has(lineKey(file, other))) return true
    return false
  })
}

/** The last two parts of a path. */
function shortName(file: string): string {
  return file.split(/[\\/]/).slice(-2).join('/') || '(no file)'
}
