import type { DiffLine, ProgramCounts, ProgramDiff } from '../../asm/report/diff.ts'
import { type ProgramReport, positions, shortPlace, sourceTexts } from '../../asm/report/program-report.ts'
import { style } from '../output.ts'

/** Equal instructions shown around a difference. */
const around = 3

const countNames: Readonly<Record<keyof ProgramCounts, string>> = {
  instructions: 'instructions',
  slots: 'slots',
  blocks: 'blocks',
  branches: 'branches',
  calls: 'calls',
  loads: 'loads',
  stores: 'stores',
  spillSlots: 'spill slots',
  stackBytes: 'stack bytes',
}

/**
 * @returns a comparison for people: what the counts were and are, then the differing instructions with their source
 *   lines, `-` for those only in the first program, `+` for those only in the second
 */
export function diffText(diff: ProgramDiff, before: ProgramReport, after: ProgramReport): string {
  const out = [
    style('red', `--- ${diff.before.name}: ${diff.before.origin}`),
    style('green', `+++ ${diff.after.name}: ${diff.after.origin}`),
    ...summary(diff),
    `${diff.same} instructions are the same, ${diff.removed} only in the first, ${diff.added} only in the second`,
  ]
  const sources = [positions(before.instructions), positions(after.instructions)] as const
  const texts = [sourceTexts(before), sourceTexts(after)] as const
  let shown = ''
  let skipped = false
  for (const [index, line] of diff.lines.entries()) {
    if (!isNear(diff.lines, index)) {
      skipped = true
      continue
    }
    if (skipped || index === 0) out.push('')
    skipped = false
    const source = line.after === undefined ? sources[0][line.before ?? 0] : sources[1][line.after]
    const textOf = texts[line.after === undefined ? 0 : 1]
    const place = source === undefined ? '' : `${shortPlace(source)}  ${textOf(source) ?? ''}`.trimEnd()
    if (place !== '' && place !== shown) out.push(style('dim', `; ${place}`))
    shown = place
    out.push(instructionLine(line, before, after))
  }
  return out.map((text) => `${text}\n`).join('')
}

function summary({ before, after }: ProgramDiff): string[] {
  const keys = Object.keys(countNames) as (keyof ProgramCounts)[]
  return keys.map((key) => {
    const [a, b] = [before.counts[key], after.counts[key]]
    const change = b - a
    const percent =
      a === 0 || change === 0 ? '' : `  ${change > 0 ? '+' : '−'}${Math.abs((100 * change) / a).toFixed(1)} %`
    const difference = change === 0 ? '' : `  ${change > 0 ? '+' : '−'}${Math.abs(change)}`
    return `  ${countNames[key].padEnd(13)} ${String(a).padStart(6)} → ${String(b).padStart(6)}${difference.padEnd(8)}${percent}`.trimEnd()
  })
}

function isNear(lines: readonly DiffLine[], index: number): boolean {
  for (let other = index - around; other <= index + around; other++)
    if (lines[other] !== undefined && lines[other]?.kind !== 'same') return true
  return false
}

function instructionLine(
  { kind, before: i, after: j }: DiffLine,
  a: ProgramReport,
  b: ProgramReport,
): string {
  const left = i === undefined ? undefined : a.instructions[i]
  const right = j === undefined ? undefined : b.instructions[j]
  const slots = `${String(left?.slot ?? '').padStart(5)} ${String(right?.slot ?? '').padStart(5)}`
  const text = `${slots}  ${(right ?? left)?.text ?? ''}`
  if (kind === 'removed') return style('red', `- ${text}`)
  return kind === 'added' ? style('green', `+ ${text}`) : `  ${text}`
}
