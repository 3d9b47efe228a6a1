import { type Analysis, analyse } from '../analysis/analyse.ts'
import type { Edge } from '../analysis/control-flow-graph.ts'
import { effectsOf } from '../analysis/effects.ts'
import type { AnalysisInput, MapShape } from '../analysis/input.ts'
import { describeValue } from '../analysis/register-value.ts'
import type { StackMap } from '../analysis/stack-map.ts'
import type { SourcePosition } from '../diagnostics/source-position.ts'
import { encode } from '../isa/encode.ts'
import type { Instruction } from '../isa/instruction.ts'
import { jsonListing, type ListedInstruction } from '../text/listing.ts'
import { pseudoC } from '../text/pseudo-c.ts'

/** A program to be reported on, of whatever origin. */
export interface InspectedProgram extends AnalysisInput {
  readonly name: string
  /** Where it comes from, in words: `counter.o, section xdp`. */
  readonly origin: string
  /** Text of a source line, from 1, if it can be had. */
  readonly line?: (file: string, line: number) => string | undefined
}

/** What is known besides the instructions: each is there only if somebody asked for it and it could be had. */
export interface Observations {
  /** How often each instruction was executed, in the run that `run` describes. */
  readonly hits?: { readonly run: string; readonly counts: readonly number[] }
  /** What the verifier knew, by slot. */
  readonly verifier?: {
    /** Where the log comes from, in words. */
    readonly origin: string
    /** Instructions gone through; undefined when the log does not say. */
    readonly processed: number | undefined
    readonly visits: ReadonlyMap<number, VerifierVisits>
  }
  /** What the kernel's compiler made of the instructions. */
  readonly machineCode?: MachineCode
  /** Things that could not be had, and why: a sentence each. */
  readonly remarks?: readonly string[]
}

/** What the verifier knew before an instruction. */
export interface VerifierVisits {
  /** How often it came by. */
  readonly count: number
  /** Different states it came by with, at most a few: registers and stack slots as the kernel prints them. */
  readonly states: readonly string[]
}

/** Machine code of a program. */
export interface MachineCode {
  /** Bytes in all. */
  readonly size: number
  /** Pieces in order of their addresses. */
  readonly pieces: readonly MachineCodePiece[]
}

/** Machine code of the instructions from a slot to the next piece's. */
export interface MachineCodePiece {
  /** The first slot; -1 for what belongs to no instruction (a function's prologue). */
  readonly slot: number
  /** Where it lies in the kernel, in hexadecimal; empty when the kernel does not tell. */
  readonly address: string
  /** Hexadecimal digits. */
  readonly bytes: string
  /** The machine instructions as text, where there is a disassembler for this machine. */
  readonly assembly?: readonly string[]
}

/** One instruction of a report. */
export interface ReportedInstruction extends ListedInstruction {
  /** Its bytes as hexadecimal digits. */
  readonly bytes: string
  /** Index of its block. */
  readonly block: number
  /** Registers whose values are needed from here on, and what they hold before the instruction: `{ r1: 'ctx' }`. */
  readonly live: Readonly<Record<string, string>>
  /** Registers it reads and writes; what a call makes unusable not included. */
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  readonly hits?: number
  readonly verifier?: VerifierVisits
}

/** A basic block of a report: the instructions `start` up to, not including, `end`, by index. */
export interface ReportedBlock {
  readonly index: number
  /** What its first instruction is called as a target: `L1`, a function's name, or `B` and the index. */
  readonly label: string
  /** Index of its function. */
  readonly function: number
  readonly start: number
  readonly end: number
  readonly reachable: boolean
  readonly predecessors: readonly Edge[]
  readonly successors: readonly Edge[]
}

/** A function of a report. */
export interface ReportedFunction {
  readonly name: string
  /** Index of the first instruction, and of the first that does not belong to it. */
  readonly start: number
  readonly end: number
  readonly stack: StackMap
}

/** A source file of a report, as far as its text is known and it belongs to the program. */
export interface ReportedSource {
  readonly file: string
  readonly lines: readonly { readonly number: number; readonly text: string }[]
}

/** Everything that `tsbpf-lb inspect` knows of a program; safe for JSON.stringify. */
export interface ProgramReport {
  readonly name: string
  readonly type: string | undefined
  readonly origin: string
  readonly maps: readonly MapShape[]
  readonly functions: readonly ReportedFunction[]
  readonly blocks: readonly ReportedBlock[]
  readonly instructions: readonly ReportedInstruction[]
  readonly sources: readonly ReportedSource[]
  readonly run?: string
  readonly verifier?: { readonly origin: string; readonly processed: number | undefined }
  readonly machineCode?: MachineCode
  readonly remarks: readonly string[]
}

/** Puts together what is known of a program. */
export function reportOn(program: InspectedProgram, observed: Observations = {}): ProgramReport {
  const { instructions, maps = [] } = program
  const analysis = analyse(program)
  const labels = nameBlocks(analysis)
  const text = (index: number): string => {
    const target = analysis.targets[index] ?? -1
    const block = target < 0 ? undefined : analysis.blocks[analysis.blockOf[target] ?? 0]
    const named = block?.start === target ? labels[block.index] : undefined
    return pseudoC(instructions[index] as Instruction, named)
  }
  const listed = jsonListing(instructions)
  return {
    name: program.name,
    type: program.type,
    origin: program.origin,
    maps: maps.map(({ name, type, keySize, valueSize }) => ({ name, type, keySize, valueSize })),
    functions: analysis.functions.map(({ name, start, end }, index) => ({
      name,
      start,
      end,
      stack: analysis.stacks[index] ?? { depth: 0, objects: [] },
    })),
    blocks: analysis.blocks.map((block) => ({ ...block, label: labels[block.index] ?? '' })),
    instructions: instructions.map((instruction, index) => {
      const entry = listed[index] as ListedInstruction
      const effects = effectsOf(instruction, analysis.liveness.passed[index] ?? 0)
      const verifier = observed.verifier?.visits.get(entry.slot)
      const hits = observed.hits?.counts[index]
      return {
        ...entry,
        text: text(index),
        bytes: hex(encodeAny(instruction)),
        block: analysis.blockOf[index] ?? 0,
        live: liveAt(analysis, index),
        reads: registerNames(effects.reads),
        // A call writes r0; the others it makes unusable.
        writes: registerNames(effects.writes === 0b111111 ? 1 : effects.writes),
        ...(hits !== undefined && { hits }),
        ...(verifier !== undefined && { verifier }),
      }
    }),
    sources: sourcesOf(program),
    ...(observed.hits !== undefined && { run: observed.hits.run }),
    ...(observed.verifier !== undefined && {
      verifier: { origin: observed.verifier.origin, processed: observed.verifier.processed },
    }),
    ...(observed.machineCode !== undefined && { machineCode: observed.machineCode }),
    remarks: observed.remarks ?? [],
  }
}

/** Functions keep their names; targets of jumps are L1, L2 …, as in the plain listing; other blocks B and their index. */
function nameBlocks({ blocks, functions, targets }: Analysis): string[] {
  const names = new Map(functions.map(({ name, start }) => [start, name]))
  const jumpedTo = new Set(targets)
  let count = 0
  return blocks.map(({ index, start }) => {
    const name = names.get(start)
    if (name !== undefined) return name
    return jumpedTo.has(start) ? `L${++count}` : `B${index}`
  })
}

function liveAt(
  { liveness, values, blocks, blockOf, functions }: Analysis,
  index: number,
): Record<string, string> {
  const live: Record<string, string> = {}
  const state = values[index]
  const own = blocks[blockOf[index] ?? 0]?.function
  // A pointer to the stack of a caller.
  const nameFrame = (number: number): string => (number === own ? '' : (functions[number]?.name ?? ''))
  for (let register = 0; register < 12; register++)
    if (((liveness.before[index] ?? 0) & (1 << register)) !== 0)
      live[`r${register}`] = state === undefined ? '?' : describeValue(state.get(register), nameFrame)
  return live
}

function registerNames(set: number): string[] {
  return Array.from({ length: 12 }, (_, register) => register)
    .filter((register) => (set & (1 << register)) !== 0)
    .map((register) => `r${register}`)
}

/** The kernel's own register r11 is more than `encode` takes. */
function encodeAny(instruction: Instruction): Uint8Array {
  const { dst, src } = instruction
  if (dst <= 10 && src <= 10) return encode([instruction])
  const bytes = encode([{ ...instruction, dst: Math.min(10, dst), src: Math.min(10, src) }])
  bytes[1] = dst | (src << 4)
  return bytes
}

/** Files in order of their first appearance; the text of every line if the file can be read, else of those named. */
function sourcesOf({ instructions, line }: InspectedProgram): ReportedSource[] {
  const named = new Map<string, Set<number>>()
  for (const { source } of instructions)
    if (source !== undefined) {
      const lines = named.get(source.file) ?? new Set()
      named.set(source.file, lines.add(source.line))
    }
  return [...named].map(([file, numbers]) => {
    const whole = wholeFile(file, line)
    const known = whole.length > 0 ? whole : [...numbers].sort((a, b) => a - b)
    return {
      file,
      lines: known.map((number) => ({ number, text: line?.(file, number) ?? '' })),
    }
  })
}

/** Longest file that is shown whole, in lines. */
const longestFile = 5000

/** Numbers of all lines, when the reader knows the file from its first line to its last and is not made of records. */
function wholeFile(file: string, line: InspectedProgram['line']): number[] {
  const numbers: number[] = []
  if (line?.(file, 1) === undefined || line(file, 2) === undefined) return numbers
  for (let number = 1; number <= longestFile && line(file, number) !== undefined; number++)
    numbers.push(number)
  return numbers
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The position that holds at each instruction: one without a position of its own belongs to the statement before it. */
export function positions(
  instructions: readonly { readonly source?: SourcePosition | undefined }[],
): (SourcePosition | undefined)[] {
  let last: SourcePosition | undefined
  return instructions.map(({ source }) => {
    last = source ?? last
    return last
  })
}

/** Finds the text of source lines in a report: trimmed, undefined where it is not known. */
export function sourceTexts({ sources }: ProgramReport): (position: SourcePosition) => string | undefined {
  const texts = new Map(
    sources.flatMap(({ file, lines }) =>
      lines.map(({ number, text }) => [`${number} ${file}`, text.trim()] as const),
    ),
  )
  return ({ file, line }) => texts.get(`${line} ${file}`) || undefined
}

/** A position as listings show it: `lb.ts:42`. */
export function shortPlace({ file, line }: SourcePosition): string {
  return `${file.split(/[\\/]/).at(-1) ?? file}:${line}`
}
