import { TsbpfError } from '../diagnostics/error.ts'
import { slotCount } from '../isa/encode.ts'
import type { Instruction } from '../isa/instruction.ts'
import type { FunctionSpec, ProgramSpec } from '../program.ts'
import { addFunctionPrototype } from './function-prototype.ts'
import { LayoutTypes } from './layout-types.ts'
import { type LineInfoOptions, LineWriter } from './line-info.ts'
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

/** Where source lines come from, and for which machine the blob is. */
export interface ProgramBtfOptions extends LineInfoOptions {
  /** Byte order of the machine that loads the program; little-endian by default. */
  readonly littleEndian?: boolean
}

/** The kernel's own limit is 511 (KSYM_NAME_LEN), 127 before Linux 6.1. */
const maxFunctionName = 127

/**
 * Describes a program's functions and source lines for the kernel. The verifier then prints
 * `; <line's text> @ lb.ts:42` above instructions, and bpftool shows both.
 *
 * What is said of each function's parameters: see `addFunctionPrototype`.
 *
 * An instruction without a source belongs to the line before it; at the start of a function, to the function's
 * first known line.
 *
 * @throws {TsbpfError} `PROGRAM_FUNCTIONS` when the functions do not start at instructions of the program, the
 *   first at 0
 */
export function programBtf(spec: ProgramSpec, options: ProgramBtfOptions = {}): ProgramBtf {
  const littleEndian = options.littleEndian ?? true
  const functions = functionsInOrder(spec)
  const slots = slotOffsets(spec.instructions)
  const writer = new BtfWriter()

  const layouts = new LayoutTypes(writer)
  const funcInfo: number[] = []
  for (const [index, { name, start, prototype }] of functions.entries()) {
    const described = { type: spec.type, entry: index === 0, prototype }
    const { id, linkage } = addFunctionPrototype(writer, layouts, described)
    funcInfo.push(slots[start] ?? 0, writer.func(functionIdentifier(name), id, linkage))
  }

  const lines = new LineWriter(writer, options)
  if (spec.instructions.some((instruction) => instruction.source !== undefined))
    for (const [index, { start }] of functions.entries()) {
      const end = functions[index + 1]?.start ?? spec.instructions.length
      lines.addFunction(spec.instructions.slice(start, end), slots.slice(start, end))
    }
  return {
    btf: writer.finish({ littleEndian }),
    funcInfo: wordsToBytes(funcInfo, littleEndian),
    funcInfoRecordSize: 8,
    lineInfo: wordsToBytes(lines.words, littleEndian),
    lineInfoRecordSize: 16,
  }
}

/** A name the kernel takes for a function: a C identifier. */
export function functionIdentifier(name: string): string {
  const clean = name.replaceAll(/[^A-Za-z0-9_]/g, '_').slice(0, maxFunctionName)
  return /^[A-Za-z_]/.test(clean) ? clean : `_${clean}`.slice(0, maxFunctionName)
}

/** By index: the slot of each instruction, counted in units of 8 bytes. */
export function slotOffsets(instructions: readonly Instruction[]): number[] {
  let slot = 0
  return instructions.map((instruction) => {
    const at = slot
    slot += slotCount(instruction)
    return at
  })
}

/**
 * A program's functions as they lie in its instructions.
 *
 * @throws {TsbpfError} `PROGRAM_FUNCTIONS`, see {@link programBtf}
 */
export function functionsInOrder(spec: ProgramSpec): FunctionSpec[] {
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

/** 32-bit words as bytes. */
export function wordsToBytes(words: readonly number[], littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(words.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [index, word] of words.entries()) view.setUint32(index * 4, word, littleEndian)
  return bytes
}
