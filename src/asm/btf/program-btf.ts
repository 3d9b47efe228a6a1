import { TsbpfError } from '../diagnostics/error.ts'
import type { SourcePosition } from '../diagnostics/source-position.ts'
import type { Instruction } from '../isa/instruction.ts'
import type { FunctionSpec, ProgramSpec } from '../program.ts'
import { addContextPointer } from './program-context.ts'
import { BtfWriter } from './writer.ts'

/** What `BPF_PROG_LOAD` wants besides the instructions so that the kernel can name source lines. */
export interface ProgramBtf {
  /** The blob for `BPF_BTF_LOAD`, little-endian unless asked otherwise. */
  readonly btf: Uint8Array
  /** `struct bpf_func_info {u32 insn_off, type_id}`, one per function. */
  readonly funcInfo: Uint8Array
  readonly funcInfoRecordSize: 8
  /** `struct bpf_line_info {u32 insn_off, file_name_off, line_off, line_col}`; empty if no source is known. */
  readonly lineInfo: Uint8Array
  readonly lineInfoRecordSize: 16
}

/** Where the text of source lines comes from, and how files are called. */
export interface ProgramBtfOptions {
  /** The text of line `line` (from 1) of `file` (as in {@link SourcePosition}), if it can be had. */
  readonly lineText?: (file: string, line: number) => string | undefined
  /** What a file is called in logs; by default the part of its name after the last `/`. */
  readonly fileName?: (file: string) => string
  /** Byte order of the machine that loads the program; little-endian by default. */
  readonly littleEndian?: boolean
}

/** Opcode of `ld_imm64`, the only instruction of two slots (RFC 9669 section 5.4). */
const ldImm64 = 0x18
/** `BPF_LINE_INFO_LINE_NUM`: 22 bits, and `BPF_LINE_INFO_LINE_COL`: 10 bits (include/uapi/linux/bpf.h). */
const maxLine = 0x3fffff
const maxColumn = 0x3ff
/** Longer lines are cut: generated code can have lines of megabytes, and each is copied into kernel memory. */
const maxLineText = 240
/** The kernel's own limit is 511 (KSYM_NAME_LEN), 127 before Linux 6.1. */
const maxFunctionName = 127

/**
 * Describes a program's functions and source lines for the kernel. The verifier then prints
 * `; <line's text> @ lb.ts:42` above instructions, and bpftool shows both.
 *
 * The entry function is `int name(struct __sk_buff *ctx)`, with the context of its program type. Subprograms are
 * static and without parameters: the kernel then takes their arguments from the caller's registers.
 *
 * An instruction without a source belongs to the line before it; at the start of a function, to the function's
 * first known line.
 *
 * @throws {TsbpfError} `PROGRAM_FUNCTIONS` when the functions do not start at instructions of the program, the
 *   first at 0
 */
export function programBtf(spec: ProgramSpec, options: ProgramBtfOptions = {}): ProgramBtf {
  const littleEndian = options.littleEndian ?? true
  const functions = inOrder(spec)
  const slots = slotOffsets(spec.instructions)
  const writer = new BtfWriter()

  const int = writer.int('int', 4, { signed: true })
  const funcInfo: number[] = []
  for (const [index, { name, start }] of functions.entries()) {
    const parameters = index === 0 ? [{ name: 'ctx', type: addContextPointer(writer, spec.type) }] : []
    const prototype = writer.funcProto(int, parameters)
    const id = writer.func(identifier(name), prototype, index === 0 ? 'global' : 'static')
    funcInfo.push(slots[start] ?? 0, id)
  }

  const lines = new LineWriter(writer, options)
  if (spec.instructions.some((instruction) => instruction.source !== undefined))
    for (const [index, { start }] of functions.entries()) {
      const end = functions[index + 1]?.start ?? spec.instructions.length
      lines.addFunction(spec.instructions.slice(start, end), slots.slice(start, end))
    }
  return {
    btf: writer.finish({ littleEndian }),
    funcInfo: toBytes(funcInfo, littleEndian),
    funcInfoRecordSize: 8,
    lineInfo: toBytes(lines.words, littleEndian),
    lineInfoRecordSize: 16,
  }
}

/** Writes line_info records: one wherever the position changes, and one at the start of every function. */
class LineWriter {
  readonly words: number[] = []
  readonly #writer: BtfWriter
  readonly #options: ProgramBtfOptions

  constructor(writer: BtfWriter, options: ProgramBtfOptions) {
    this.#writer = writer
    this.#options = options
  }

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

/** A name the kernel takes for a function: a C identifier. */
function identifier(name: string): string {
  const clean = name.replaceAll(/[^A-Za-z0-9_]/g, '_').slice(0, maxFunctionName)
  return /^[A-Za-z_]/.test(clean) ? clean : `_${clean}`.slice(0, maxFunctionName)
}

/** By index: the slot of each instruction, counted in units of 8 bytes. */
function slotOffsets(instructions: readonly Instruction[]): number[] {
  let slot = 0
  return instructions.map((instruction) => {
    const at = slot
    slot += instruction.opcode === ldImm64 ? 2 : 1
    return at
  })
}

function inOrder(spec: ProgramSpec): FunctionSpec[] {
  const functions = spec.functions.toSorted((a, b) => a.start - b.start)
  const fail = (reason: string): never => {
    throw new TsbpfError('PROGRAM_FUNCTIONS', `program "${spec.name}": ${reason}`, {
      hint: 'The entry function comes first and starts at instruction 0; every function has a start of its own.',
    })
  }
  if (functions[0]?.start !== 0) fail('no function starts at instruction 0')
  for (const [index, { name, start }] of functions.entries()) {
    if (!Number.isInteger(start) || start >= spec.instructions.length)
      fail(`function "${name}" starts at ${start}, the program has ${spec.instructions.length} instructions`)
    if (index > 0 && start === functions[index - 1]?.start)
      fail(`two functions start at instruction ${start}`)
  }
  return functions
}

function toBytes(words: readonly number[], littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(words.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [index, word] of words.entries()) view.setUint32(index * 4, word, littleEndian)
  return bytes
}
