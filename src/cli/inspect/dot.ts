import type { ProgramReport, ReportedBlock } from '../../asm/report/program-report.ts'

/** Colours of edges, by kind. */
const colours = { taken: '#2f8f4e', fall: '#808080', jump: '#3b6fd4' } as const

/** @returns a report's control-flow graph for graphviz: `dot -Tsvg`. A cluster for each function, a node for each block. */
export function dotGraph(report: ProgramReport): string {
  const { name, functions, blocks } = report
  const out = [
    `digraph ${quote(name)} {`,
    '  graph [fontname="monospace"]',
    '  node [shape=box, fontname="monospace", fontsize=10]',
    '  edge [fontname="monospace", fontsize=9]',
  ]
  for (const [index, it] of functions.entries()) {
    out.push(`  subgraph cluster_${index} {`, `    label=${quote(it.name)}`)
    for (const block of blocks.filter((candidate) => candidate.function === index))
      out.push(
        `    b${block.index} [label="${label(report, block)}"${block.reachable ? '' : ', style=dashed'}]`,
      )
    out.push('  }')
  }
  for (const block of blocks)
    for (const { block: to, kind, back } of block.successors) {
      const text = kind === 'taken' ? ', label="true"' : ''
      out.push(
        `  b${block.index} -> b${to} [color="${colours[kind]}"${text}${back ? ', style=dashed, constraint=false' : ''}]`,
      )
    }
  out.push('}')
  return `${out.join('\n')}\n`
}

/** Lines of a node, each aligned to the left (`\l`). */
function label({ instructions }: ProgramReport, block: ReportedBlock): string {
  const own = instructions.slice(block.start, block.end)
  const hits = own[0]?.hits
  const lines = [
    `${block.label}${hits === undefined ? '' : `  ×${hits}`}`,
    ...own.map(({ slot, text }) => `${String(slot).padStart(4)}: ${text}`),
  ]
  return lines.map((line) => `${escapeDot(line)}\\l`).join('')
}

function quote(text: string): string {
  return `"${escapeDot(text)}"`
}

function escapeDot(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}
