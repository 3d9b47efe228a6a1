// The table, as text and as JSON.
import { pseudoC, slotCount } from 'tsbpf-lb/asm'
import { geometricMean } from './measure.js'

/** What the geometric means of instructions and of time may be at most, and a single ratio. */
export const bars = { mean: 1, single: 1.1 }

/**
 * @param options `whole`: these are all programs of the suite, so that the means can be judged
 * @returns `text`, `json` and `listings` of the rows, and whether all pairs behaved alike and kept to the bars
 */
export function report(rows, { clang, root, whole }) {
  const compared = rows.filter(({ theirs, difference }) => theirs !== undefined && difference === undefined)
  const ratios = (of) => compared.map(of).filter((ratio) => Number.isFinite(ratio))
  const means = {
    instructions: meanOf(ratios(instructionRatio)),
    verified: meanOf(ratios(verifiedRatio)),
    nanoseconds: meanOf(ratios(({ timeRatio }) => timeRatio)),
  }
  const over = whatIsOver(compared, whole ? means : {})
  const text = [
    clang ? `clang ${clang.version} -O2 -mcpu=v3` : 'no clang that makes BPF: only our half',
    ...(root ? [] : ['not root: the kernel is not asked']),
    '',
    ...table(rows, means),
    '',
    ...(compared.length === 0
      ? []
      : [over.length === 0 ? 'within the bars' : `over the bars: ${over.join('; ')}`]),
    ...rows.flatMap(({ name, difference }) =>
      difference === undefined ? [] : [`${name} DIFFERS: ${difference}`],
    ),
  ].join('\n')
  return {
    text,
    good: over.length === 0 && rows.every(({ difference }) => difference === undefined),
    json: { clang: clang?.version ?? null, programs: rows.map(jsonRow), geometricMeans: means, bars },
    listings: rows.map(listing).join('\n'),
  }
}

const instructionRatio = ({ ours, theirs }) => ours.instructions / theirs.instructions
const verifiedRatio = ({ ours, theirs }) => ours.verified / theirs.verified

function meanOf(values) {
  return values.length === 0 ? undefined : geometricMean(values)
}

function table(rows, means) {
  const cells = rows.map((row) => {
    const { name, ours, theirs = {}, timeRatio } = row
    return [
      name,
      count(ours.instructions),
      count(theirs.instructions),
      ratio(row.theirs && instructionRatio(row)),
      count(ours.stack),
      count(theirs.stack),
      count(ours.verified),
      count(theirs.verified),
      ratio(row.theirs && verifiedRatio(row)),
      nanoseconds(ours.nanoseconds),
      nanoseconds(theirs.nanoseconds),
      ratio(timeRatio),
    ]
  })
  const mean = [
    'geometric mean',
    '',
    '',
    ratio(means.instructions),
    '',
    '',
    '',
    '',
    ratio(means.verified),
    '',
    '',
    ratio(means.nanoseconds),
  ]
  const head = [
    'program',
    'insns',
    'clang',
    'ratio',
    'stack',
    'clang',
    'verified',
    'clang',
    'ratio',
    'ns',
    'clang',
    'ratio',
  ]
  const all = [head, ...cells, mean]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)))
  const line = (row) =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(head), rule, ...cells.map(line), line(mean)]
}

function whatIsOver(compared, means) {
  const singles = compared.flatMap((row) => [
    [`${row.name}: instructions`, instructionRatio(row)],
    [`${row.name}: time`, row.timeRatio],
  ])
  const over = singles.filter(([, value]) => value > bars.single)
  for (const what of ['instructions', 'nanoseconds'])
    if (means[what] > bars.mean) over.push([`geometric mean of ${what}`, means[what]])
  return over.map(([what, value]) => `${what} ${ratio(value)}`)
}

const count = (value) => (value === undefined ? '' : String(value))
const nanoseconds = (value) => (value === undefined ? '' : value.toFixed(1))
const ratio = (value) => (value === undefined || Number.isNaN(value) ? '' : value.toFixed(2))

function jsonRow({ name, title, ours, theirs, timeRatio, difference }) {
  const half = ({ spec, ...counts }) => counts
  return {
    name,
    title,
    ours: half(ours),
    clang: theirs ? half(theirs) : null,
    timeRatio: timeRatio ?? null,
    difference: difference ?? null,
  }
}

function listing({ name, ours, theirs }) {
  const lines = (half) => {
    let slot = 0
    return half.spec.instructions.map((instruction) => {
      const line = `${String(slot).padStart(4)}  ${pseudoC(instruction)}`
      slot += slotCount(instruction)
      return line
    })
  }
  const [left, right] = [lines(ours), theirs ? lines(theirs) : []]
  const length = Math.max(left.length, right.length)
  const rows = Array.from({ length }, (_, i) => `${(left[i] ?? '').padEnd(52)}${right[i] ?? ''}`.trimEnd())
  return [`${name}`, ...rows, ''].join('\n')
}
