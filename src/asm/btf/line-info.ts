import type { SourcePosition } from '../diagnostics/source-position.ts'
import type { Instruction } from '../isa/instruction.ts'
import type { BtfWriter } from './writer.ts'

/** Where the text of source lines comes from, and how files are called. */
export interface LineInfoOptions {
  /** The text of line `line` (from 1) of `file` (as in {@link SourcePosition}), if it can be had. */
  readonly lineText?: (file: string, line: number) => string | undefined
  /** What a file is called in logs; by default the part of its name after the last `/`. */
  readonly fileName?: (file: string) => string
}

/**
 * Writes line_info records: one wherever the position changes, and one at the start of every function. An
 * instruction without a source belongs to the line before it; at the start of a function, to the function's first
 * known line.
 */
export class LineWriter {
  /** The records so far, `struct bpf_line_info {u32 insn_off, file_name_off, line_off, line_col}` with slots as offsets. */
  readonly words: number[] = []
  readonly #writer: BtfWriter
  readonly #options: LineInfoOptions

  constructor(writer: BtfWriter, options: LineInfoOptions) {
    this.#writer = writer
    this.#options = options
  }

  /** Describes one function; `slots` are where its instructions lie in the program. */
  addFunction(instructions: readonly Instruction[], slots: readonly number[]): void {
    const known = instructions.find((instruction) => instruction.source !== undefined)?.source
    let last: SourcePosition | undefined
    for (const [index, instruction] of instructions.entries()) {
      const source = instruction.source ?? last ?? known ?? nowhere
      if (last !== undefined && samePlace(source, last)) continue
      this.#add(slots[index] ?? 0, source)
      last = source
    }
  }

  #add(slot: number, { file, line, column }: SourcePosition): void {
    const name = file === '' ? '' : (this.#options.fileName ?? lastSegment)(file)
    const text = line < 1 ? undefined : this.#options.lineText?.(file, line)
    this.words.push(
      slot,
      this.#writer.string(oneLine(name)),
      this.#writer.string(oneLine(text ?? '')),
      clamp(line, maxLine) * 0x400 + clamp(column, maxColumn),
    )
  }
}

/** `BPF_LINE_INFO_LINE_NUM`: 22 bits, and `BPF_LINE_INFO_LINE_COL`: 10 bits (include/uapi/linux/bpf.h). */
const maxLine = 0x3fffff
const maxColumn = 0x3ff
/** Longer lines are cut: generated code can have lines of megabytes, and each is copied into kernel memory. */
const maxLineText = 240

/** For a function none of whose instructions has a source. */
const nowhere: SourcePosition = { file: '', line: 0, column: 0 }

function samePlace(a: SourcePosition, b: SourcePosition): boolean {
  return a.file === b.file && a.line === b.line && a.column === b.column
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(Math.trunc(value) || 0, 0), max)
}

/** The text as one short line: the kernel prints it as it is. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not reach a log
  const clean = text.replaceAll(/[\u0000-\u001f\u007f]+/g, ' ').trim()
  return clean.length > maxLineText ? `${clean.slice(0, maxLineText)}…` : clean
}

function lastSegment(file: string): string {
  return file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1)
}
