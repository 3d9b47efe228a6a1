import { createHash } from 'node:crypto'
import {
  type ProgramReport,
  type ReportedInstruction,
  shortPlace,
} from '../../../asm/report/program-report.ts'
import { plural } from '../../../asm/report/text.ts'
import { codePane } from './code-pane.ts'
import { graphPane } from './graph-pane.ts'
import { escapeHtml } from './markup.ts'
import { script } from './script.ts'
import { sourcePane } from './source-pane.ts'
import { style } from './style.ts'

/**
 * @returns a report as one self-contained page: source, bytecode and control-flow graph side by side, details of the
 *   instruction pointed at. It asks nothing of any network, and says so itself in a content security policy: only this
 *   style and this script, by their hashes.
 */
export function htmlPage(report: ProgramReport): string {
  const policy = [
    "default-src 'none'",
    `style-src '${hash(style)}'`,
    `script-src '${hash(script)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(report.name)} – tsbpf-lb inspect</title>
<style>${style}</style>
</head>
<body>
${heading(report)}
<main>
<div><h2>Source</h2><div class="pane" id="source">${sourcePane(report)}</div></div>
<div><h2>Bytecode <small>– slot, instruction, registers still needed and what they hold</small></h2><div class="pane" id="code">${codePane(report)}</div></div>
<div class="side"><h2>Control flow <span class="tools"><button type="button" data-do="out" aria-label="smaller">−</button> <button type="button" data-do="in" aria-label="larger">+</button> <button type="button" data-do="fit">fit</button> <button type="button" data-do="wide">wide</button></span></h2><div class="pane" id="graph">${graphPane(report)}</div><h2>Details</h2><div class="pane" id="details" aria-live="polite"></div></div>
</main>
<script type="application/json" id="data">${embedded(report)}</script>
<script>${script}</script>
</body>
</html>
`
}

function heading(report: ProgramReport): string {
  const { name, type, origin, instructions, functions, blocks, maps, run, verifier, machineCode, remarks } =
    report
  const facts = [
    `<b>${instructions.length}</b> instructions`,
    `<b>${blocks.length}</b> blocks`,
    ...(functions.length > 1 ? [`<b>${functions.length}</b> functions`] : []),
    `<b>${Math.max(0, ...functions.map(({ stack }) => stack.depth))}</b> bytes of stack`,
    ...(maps.length > 0 ? [`<b>${maps.length}</b> ${maps.length === 1 ? 'map' : 'maps'}`] : []),
    ...(verifier?.processed === undefined ? [] : [`verifier went through <b>${verifier.processed}</b>`]),
    ...(machineCode === undefined ? [] : [`<b>${machineCode.size}</b> bytes of machine code`]),
  ]
  const notes = [
    ...(run === undefined ? [] : [`Executions: ${run}.`]),
    ...(verifier === undefined ? [] : [`Verifier’s states: ${verifier.origin}.`]),
    ...remarks,
  ]
  const list = notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('')
  return `<header><h1>${escapeHtml(name)}</h1>${type === undefined ? '' : `<span>${escapeHtml(type)}</span>`}<span>${escapeHtml(origin)}</span>${facts.map((fact) => `<span>${fact}</span>`).join('')}<span><kbd>↑</kbd> <kbd>↓</kbd> move <kbd>←</kbd> <kbd>→</kbd> other pane <kbd>Enter</kbd> pin <kbd>Esc</kbd> let go</span>${list === '' ? '' : `<ul class="notes">${list}</ul>`}</header>`
}

/** What the script shows in the details, as JSON that cannot end its element. */
function embedded(report: ProgramReport): string {
  const machine = machineByInstruction(report)
  const data = {
    instructions: report.instructions.map((it, index) => ({
      slot: it.slot,
      text: it.text,
      bytes: it.bytes,
      block: it.block,
      live: it.live,
      reads: it.reads,
      writes: it.writes,
      hits: it.hits,
      verifier: it.verifier,
      source: place(it),
      machine: machine[index],
    })),
    blocks: report.blocks.map((block) => ({ start: block.start, end: block.end, function: block.function })),
    functions: report.functions.map(({ name }) => name),
    stacks: report.functions.map(({ stack }) =>
      stack.objects.map(({ offset, size, kind, name, uses }) => ({
        range: `r10${offset} … r10${offset + size - 1 < 0 ? offset + size - 1 : ''}`,
        size: plural(size, 'byte'),
        name: kind === 'spill' ? 'spilled register' : name || 'object',
        uses,
      })),
    ),
    verifier: report.verifier !== undefined,
    machine: report.machineCode !== undefined,
  }
  return JSON.stringify(data).replaceAll('<', '\\u003c')
}

function place({ source }: ReportedInstruction): string | undefined {
  if (source === undefined) return undefined
  return source.column > 0 ? `${shortPlace(source)}:${source.column}` : shortPlace(source)
}

interface Machine {
  readonly address: string
  readonly bytes: string
  readonly assembly: readonly string[] | undefined
  /** How many instructions have this piece of machine code in common. */
  readonly shared: number
}

/** The machine code of each instruction: that of the piece which its slot lies in. */
function machineByInstruction({ machineCode, instructions }: ProgramReport): (Machine | undefined)[] {
  if (machineCode === undefined) return []
  const pieces = machineCode.pieces.filter(({ slot }) => slot >= 0).toSorted((a, b) => a.slot - b.slot)
  const shared = pieces.map(
    ({ slot }, at) =>
      instructions.filter(
        (it) => it.slot >= slot && it.slot < (pieces[at + 1]?.slot ?? Number.POSITIVE_INFINITY),
      ).length,
  )
  return instructions.map(({ slot }) => {
    const at = pieces.findLastIndex((piece) => piece.slot <= slot)
    const piece = pieces[at]
    return piece && { ...piece, assembly: piece.assembly, shared: shared[at] ?? 1 }
  })
}

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
