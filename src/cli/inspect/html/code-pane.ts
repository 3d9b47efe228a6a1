import { largest } from '../../../asm/report/largest.ts'
import type { ProgramReport, ReportedBlock, ReportedInstruction } from '../../../asm/report/program-report.ts'
import { plural } from '../../../asm/report/text.ts'
import { escapeHtml, heat, highlightCode } from './markup.ts'
import { lineKeys } from './source-pane.ts'

/** The bytecode of a report: functions, blocks, a row for each instruction. */
export function codePane(report: ProgramReport): string {
  const keys = lineKeys(report)
  const most = largest(report.instructions.map(({ hits = 0 }) => hits))
  return report.functions
    .map(({ name, start, end, stack }, index) => {
      const own = report.blocks.filter((block) => block.function === index)
      const heading = `<h3>${escapeHtml(name)} <small>${plural(end - start, 'instruction')}, ${plural(own.length, 'block')}, ${stack.depth} bytes of stack</small></h3>`
      return heading + own.map((block) => blockHtml(report, block, keys, most)).join('')
    })
    .join('')
}

function blockHtml(
  report: ProgramReport,
  block: ReportedBlock,
  keys: readonly string[],
  most: number,
): string {
  const rows = report.instructions
    .slice(block.start, block.end)
    .map((instruction, at) =>
      rowHtml(report, instruction, block.start + at, keys[block.start + at] ?? '', most),
    )
  return `<section class="block${block.reachable ? '' : ' dead'}" id="b${block.index}"><header><b>${escapeHtml(block.label)}</b>${edges(report, block)}</header>${rows.join('')}</section>`
}

/** Links to the blocks before and behind. */
function edges(report: ProgramReport, block: ReportedBlock): string {
  const link = (index: number, className: string, text: string): string =>
    `<a class="${className}" href="#b${index}">${text}${escapeHtml(report.blocks[index]?.label ?? '')}</a>`
  const shown = block.predecessors.slice(0, 6)
  const more = block.predecessors.length - shown.length
  const incoming = shown.map(({ block: from, back }) => link(from, back ? 'back' : 'in', '')).join(' ')
  const outgoing = block.successors
    .map(({ block: to, kind, back }) => link(to, back ? 'back' : kind, '→ '))
    .join(' ')
  const before = incoming === '' ? '' : `<span>from ${incoming}${more > 0 ? ` and ${more} more` : ''}</span>`
  return `${before}<span class="out">${outgoing}</span>`
}

function rowHtml(
  report: ProgramReport,
  instruction: ReportedInstruction,
  index: number,
  key: string,
  most: number,
): string {
  const { slot, text, hits, symbol, comment, live } = instruction
  const warm = heat(hits, most)
  const count = report.run === undefined ? '' : `<span class="hits">${hits || ''}</span>`
  const field = symbol?.kind === 'field' ? `${symbol.struct}::${symbol.path}` : ''
  const note = [field, comment ?? ''].filter((part) => part !== '').join(', ')
  const remark = note === '' ? '' : ` <span class="note">${escapeHtml(note)}</span>`
  // What the instruction reads comes first: the rest may not fit in.
  const registers = Object.entries(live)
    .map(([register, value]) => ({ register, value, read: instruction.reads.includes(register) }))
    .sort((a, b) => Number(b.read) - Number(a.read))
    .map(({ register, value, read }) => {
      const text = `<span class="r">${register}</span>&nbsp;${escapeHtml(value)}`
      return read ? `<span class="read">${text}</span>` : text
    })
    .join('  ')
  const seen = report.verifier !== undefined && instruction.verifier === undefined ? ' unseen' : ''
  return `<div class="ins${warm > 0 ? ` h${warm}` : ''}${seen}" data-i="${index}" data-k="${key}" tabindex="-1">${count}<span class="no">${slot}</span><code>${highlightCode(text)}${remark}</code><span class="live">${registers}</span></div>`
}
