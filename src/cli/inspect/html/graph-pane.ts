import { largest } from '../../../asm/report/largest.ts'
import {
  type ProgramReport,
  type ReportedBlock,
  shortPlace,
  sourceTexts,
} from '../../../asm/report/program-report.ts'
import { type GraphLayout, layOutGraph, type RoutedEdge } from '../graph/layout.ts'
import { escapeHtml, heat } from './markup.ts'

/** Pixels of a character and a line in the graph's font. */
const font = { width: 6.05, line: 13, padding: 8 } as const
/** Characters of source text in a node. */
const sourceWidth = 34
/**
 * A block that so many others lead to (a shared exit) would draw lines all over the graph: those that lead to it
 * from afar name it instead.
 */
const manyPredecessors = 5

/** The control-flow graphs of a report, one SVG for each function. */
export function graphPane(report: ProgramReport): string {
  return report.functions
    .map(({ name }, index) => {
      const own = report.blocks.filter((block) => block.function === index)
      const heading = report.functions.length > 1 ? `<h3>${escapeHtml(name)}</h3>` : ''
      return heading + functionGraph(report, own)
    })
    .join('')
}

interface Node {
  readonly block: ReportedBlock
  readonly lines: readonly string[]
  /** Blocks that are named, not drawn to. */
  readonly named: readonly number[]
}

function functionGraph(report: ProgramReport, blocks: readonly ReportedBlock[]): string {
  const place = new Map(blocks.map(({ index }, at) => [index, at]))
  const textOf = sourceTexts(report)
  const nodes = blocks.map((block): Node => {
    const named = block.successors
      .filter((edge) => !edge.back && isCrowded(report, block, edge.block))
      .map((edge) => edge.block)
    return { block, named, lines: nodeLines(report, block, textOf) }
  })
  const edges = nodes.flatMap(({ block, named }, from) =>
    block.successors
      .filter((edge) => !named.includes(edge.block))
      .map((edge) => ({ from, to: place.get(edge.block) ?? from, back: edge.back, kind: edge.kind })),
  )
  const sizes = nodes.map(({ lines, named }) => ({
    width: Math.max(...lines.map((line) => line.length), named.length * 8, 6) * font.width + font.padding * 2,
    height: (lines.length + (named.length > 0 ? 1 : 0)) * font.line + font.padding,
  }))
  const layout = layOutGraph(sizes, edges)
  const most = largest(report.instructions.map(({ hits = 0 }) => hits))
  const paths = layout.edges.map((edge, index) => pathHtml(edge, edges[index]?.kind ?? 'fall'))
  const boxes = nodes.map((node, index) => nodeHtml(report, node, layout, index, most))
  const { width, height } = layout
  return `<svg width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}" role="img" aria-label="control-flow graph">${markers}${paths.join('')}${boxes.join('')}</svg>`
}

/** Whether an edge leads to a block that many lead to, and not from just before it. */
function isCrowded(report: ProgramReport, from: ReportedBlock, to: number): boolean {
  const target = report.blocks[to]
  return (
    target !== undefined && target.predecessors.length >= manyPredecessors && target.index !== from.index + 1
  )
}

function nodeLines(
  report: ProgramReport,
  block: ReportedBlock,
  textOf: ReturnType<typeof sourceTexts>,
): string[] {
  const own = report.instructions.slice(block.start, block.end)
  const [first] = own
  const last = own.at(-1)
  const range = first?.slot === last?.slot ? `${first?.slot}` : `${first?.slot}–${last?.slot}`
  const hits = first?.hits === undefined ? '' : `  ×${first.hits}`
  const heading = `${block.label}  ${range}${hits}`
  const source = own.find((instruction) => instruction.source !== undefined)?.source
  if (source === undefined) return [heading]
  const text = textOf(source)
  return text === undefined ? [heading, shortPlace(source)] : [heading, shortPlace(source), shorten(text)]
}

function nodeHtml(
  report: ProgramReport,
  { block, lines, named }: Node,
  { nodes }: GraphLayout,
  index: number,
  most: number,
): string {
  const { x = 0, y = 0, width = 0, height = 0 } = nodes[index] ?? {}
  const warm = heat(report.instructions[block.start]?.hits, most)
  const text = lines.map(
    (line, at) =>
      `<text x="${round(x + font.padding)}" y="${round(y + font.line * (at + 1))}"${at === 0 ? ' class="head"' : ' class="text"'}>${escapeHtml(line)}</text>`,
  )
  const links = named.map((to, at) => {
    const left = x + font.padding + at * font.width * 8
    return `<a href="#b${to}"><text class="to" x="${round(left)}" y="${round(y + font.line * (lines.length + 1))}">→ ${escapeHtml(report.blocks[to]?.label ?? '')}</text></a>`
  })
  return `<g class="node${warm > 0 ? ` h${warm}` : ''}${block.reachable ? '' : ' dead'}" data-b="${block.index}" tabindex="-1"><rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="4"/>${text.join('')}${links.join('')}</g>`
}

/** A smooth line through the points, vertical at each of them. */
function pathHtml({ points, back }: RoutedEdge, kind: string): string {
  const [start, ...rest] = points
  let d = `M${round(start?.x ?? 0)} ${round(start?.y ?? 0)}`
  let from = start ?? { x: 0, y: 0 }
  for (const to of rest) {
    const bend = (to.y - from.y) / 2
    d += back
      ? ` L${round(to.x)} ${round(to.y)}`
      : ` C${round(from.x)} ${round(from.y + bend)} ${round(to.x)} ${round(to.y - bend)} ${round(to.x)} ${round(to.y)}`
    from = to
  }
  const name = back ? 'back' : kind
  return `<path class="edge ${name}" d="${d}" marker-end="url(#${name})"/>`
}

/** Arrow heads, one for each kind of edge: they take their colour from a class. */
const markers = `<defs>${['taken', 'fall', 'jump', 'back']
  .map(
    (kind) =>
      `<marker id="${kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip ${kind}" d="M0 1 7 4 0 7z"/></marker>`,
  )
  .join('')}</defs>`

function shorten(text: string): string {
  return text.length > sourceWidth ? `${text.slice(0, sourceWidth - 1)}…` : text
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
