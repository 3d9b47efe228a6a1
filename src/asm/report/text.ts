import type { StackObject } from '../analysis/stack-map.ts'
import { largest } from './largest.ts'
import {
  type ProgramReport,
  type ReportedBlock,
  type ReportedInstruction,
  shortPlace,
  sourceTexts,
} from './program-report.ts'

/** Column in which an instruction's registers begin. */
const registersColumn = 46

/**
 * @returns a report for people: functions with their stack, blocks with the ways in and out, TypeScript lines among the
 *   instructions, and beside each instruction the registers that are still needed and what they hold:
 *
 *     function count: 12 instructions, 4 blocks, 8 bytes of stack
 *       r10-8 … r10-5   4 bytes  key of counters
 *
 *     count: → L1 when true, B1
 *     ; count.ts:12  b.if(…)
 *          3: r2 = *(u32 *)(r1 + 76)                ; r1=ctx
 */
export function reportText(report: ProgramReport): string {
  const { name, type, origin, instructions, functions, blocks } = report
  const textOf = sourceTexts(report)
  const machine = new Map(
    report.machineCode?.pieces.map(({ slot, assembly, bytes }) => [slot, assembly ?? [bytes]]),
  )
  const digits = Math.max(4, String(instructions.at(-1)?.slot ?? 0).length)
  const widest = String(largest(instructions.map(({ hits = 0 }) => hits))).length
  const last = instructions.at(-1)
  const slots = last === undefined ? 0 : last.slot + last.bytes.length / 16
  const out = [
    `${name}${type === undefined ? '' : ` (${type})`}: ${origin}`,
    `${plural(instructions.length, 'instruction')} in ${plural(slots, 'slot')}, ${plural(functions.length, 'function')}, ${plural(blocks.length, 'block')}${maps(report)}`,
  ]
  if (report.run !== undefined) out.push(`executions (left of the slots): ${report.run}`)
  if (report.verifier !== undefined) out.push(`verifier’s states: ${report.verifier.origin}`)
  out.push(...report.remarks.map((remark) => `note: ${remark}`))
  for (const [index, it] of functions.entries()) {
    const own = blocks.filter((block) => block.function === index)
    const { depth, objects } = it.stack
    out.push(
      '',
      `function ${it.name}: ${plural(it.end - it.start, 'instruction')}, ${plural(own.length, 'block')}, ${depth} bytes of stack`,
      ...objects.map((object) => `  ${stackLine(object)}`),
    )
    const source = { textOf, digits, widest, machine, shown: '' }
    for (const block of own) out.push('', ...blockText(report, block, source))
  }
  return out.map((line) => `${line.trimEnd()}\n`).join('')
}

/** One line about a stack object: `r10-40 … r10-29  12 bytes  tuple for bpf_skb_ct_lookup`. */
export function stackLine({ offset, size, kind, name }: StackObject): string {
  const range = size > 1 ? `r10${signed(offset)} … r10${signed(offset + size - 1)}` : `r10${signed(offset)}`
  return `${range.padEnd(18)} ${plural(size, 'byte').padStart(9)}  ${kind === 'spill' ? 'spilled register' : name || 'object'}`
}

/** The registers that are needed at an instruction: `r1=ctx r6=value of lb_services`. */
export function registersText({ live }: ReportedInstruction): string {
  return Object.entries(live)
    .map(([register, value]) => `${register}=${value}`)
    .join('  ')
}

/** The ways into a block and out of it: `← L1, B3 ↺   → L2 when true, B4`. */
export function blockEdges(report: ProgramReport, block: ReportedBlock): string {
  const label = (index: number): string => report.blocks[index]?.label ?? `B${index}`
  const incoming = block.predecessors.map((edge) => `${label(edge.block)}${edge.back ? ' ↺' : ''}`)
  const outgoing = block.successors.map(
    (edge) => `${label(edge.block)}${edge.kind === 'taken' ? ' when true' : ''}${edge.back ? ' ↺' : ''}`,
  )
  const parts = [
    ...(incoming.length > 0 ? [`← ${incoming.join(', ')}`] : []),
    ...(outgoing.length > 0 ? [`→ ${outgoing.join(', ')}`] : []),
    ...(block.reachable ? [] : ['(no path leads here)']),
  ]
  return parts.join('   ')
}

/** What the lines of a listing have in common. */
interface Listing {
  readonly textOf: ReturnType<typeof sourceTexts>
  /** Width of slots and of counts. */
  readonly digits: number
  readonly widest: number
  /** Machine code by slot. */
  readonly machine: ReadonlyMap<number, readonly string[]>
  /** The source line shown last. */
  shown: string
}

function blockText(report: ProgramReport, block: ReportedBlock, source: Listing): string[] {
  const { instructions } = report
  const { digits, widest } = source
  const out = [`${block.label}: ${blockEdges(report, block)}`]
  for (const instruction of instructions.slice(block.start, block.end)) {
    const at = instruction.source
    const line = at === undefined ? '' : `; ${shortPlace(at)}  ${source.textOf(at) ?? ''}`.trimEnd()
    if (line !== '' && line !== source.shown) out.push(line)
    if (line !== '') source.shown = line
    const count = report.run === undefined ? '' : `${instruction.hits || ''}`.padStart(widest + 1)
    const text = `${count}${String(instruction.slot).padStart(digits)}: ${instruction.text}${remark(instruction)}`
    const registers = registersText(instruction)
    out.push(registers === '' ? text : `${text.padEnd(registersColumn)} ; ${registers}`)
    for (const line of source.machine.get(instruction.slot) ?? [])
      out.push(`${' '.repeat(digits + count.length)}  machine: ${line}`)
    for (const state of instruction.verifier?.states ?? [])
      out.push(`${' '.repeat(digits + count.length)}  verifier: ${state}`)
  }
  return out
}

function remark({ symbol, comment }: ReportedInstruction): string {
  const parts = symbol?.kind === 'field' ? [`${symbol.struct}::${symbol.path}`] : []
  if (comment !== undefined) parts.push(comment.replaceAll('\n', ' '))
  return parts.length === 0 ? '' : `  # ${parts.join(', ')}`
}

function maps({ maps: list }: ProgramReport): string {
  return list.length === 0
    ? ''
    : `, ${plural(list.length, 'map')}: ${list.map(({ name }) => name).join(', ')}`
}

function signed(offset: number): string {
  return offset < 0 ? `${offset}` : `+${offset}`
}

/** `1 block`, `2 blocks`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
