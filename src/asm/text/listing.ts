import type { SourcePosition } from '../diagnostics/source-position.ts'
import { type Endianness, encode } from '../isa/encode.ts'
import type { Instruction, SymbolReference } from '../isa/instruction.ts'
import { slotSize } from '../isa/opcodes.ts'
import { pseudoC } from './pseudo-c.ts'
import { nameTargets, slotStarts, type TargetNames, targetSlot } from './target-names.ts'

/** How {@link asmListing} shows a program. */
export interface ListingOptions extends TargetNames {
  /** Whether to show each slot's bytes. */
  readonly bytes?: boolean
  /** Byte order of the bytes shown; little-endian unless told. */
  readonly endianness?: Endianness
  /** Text of a line (from 1) of a TypeScript source file, to be shown with it. */
  readonly sourceLine?: (file: string, line: number) => string | undefined
}

/** One instruction of {@link jsonListing}; safe for JSON.stringify. */
export interface ListedInstruction {
  /** Slot it begins at, counted from 0. */
  readonly slot: number
  readonly opcode: number
  readonly dst: number
  readonly src: number
  readonly offset: number
  readonly imm: number
  /** The whole immediate of an `ld_imm64`, as `0x…`. */
  readonly imm64?: string
  /** Slot a branch goes to. */
  readonly target?: number
  /** Pseudo-C, with distances for targets. */
  readonly text: string
  readonly source?: SourcePosition
  readonly symbol?: SymbolReference
  readonly comment?: string
}

/**
 * @returns a program for people, a line for each instruction:
 *
 *     ; lb.ts:42  b.if(ip.protocol.eq(IPPROTO_TCP), () => {
 *        3: r2 = *(u8 *)(r1 + 23)
 *        4: if w2 != 6 goto L1
 *     L1:
 *        5: exit
 *
 * Numbers count slots. Source lines appear where `instruction.source` moves to another line.
 */
export function asmListing(instructions: readonly Instruction[], options: ListingOptions = {}): string {
  const slots = slotStarts(instructions)
  const names = nameTargets(instructions, slots, options)
  const digits = Math.max(4, String(slots.at(-1) ?? 0).length)
  const lines: string[] = []
  let shown: SourcePosition | undefined
  instructions.forEach((instruction, index) => {
    const slot = slots[index] ?? 0
    lines.push(...(names.get(slot) ?? []).map((name) => `${name}:`))
    const { source } = instruction
    if (source !== undefined && (source.file !== shown?.file || source.line !== shown.line)) {
      lines.push(sourceLine(source, options))
      shown = source
    }
    const target = targetSlot(instruction, slot)
    const text = pseudoC(instruction, target === undefined ? undefined : names.get(target)?.[0])
    const [first = '', second] = options.bytes === true ? hexSlots(instruction, options.endianness) : []
    lines.push(`${slotNumber(slot, digits)}${first === '' ? '' : `${first}  `}${text}${remark(instruction)}`)
    if (second !== undefined) lines.push(`${slotNumber(slot + 1, digits)}${second}`)
  })
  for (const name of names.get(slots.at(-1) ?? 0) ?? []) lines.push(`${name}:`)
  return lines.map((line) => `${line}\n`).join('')
}

/** @returns the program as hexadecimal digits, an instruction a line: 16 digits, or 32 for `ld_imm64`. */
export function hexListing(instructions: readonly Instruction[], endianness: Endianness = 'little'): string {
  return instructions.map((instruction) => `${hex(encode([instruction], endianness), '')}\n`).join('')
}

/** @returns the program as plain objects, one an instruction. */
export function jsonListing(instructions: readonly Instruction[]): ListedInstruction[] {
  const slots = slotStarts(instructions)
  return instructions.map((instruction, index) => {
    const slot = slots[index] ?? 0
    const { opcode, dst, src, offset, imm, imm64, source, symbol, comment } = instruction
    const target = targetSlot(instruction, slot)
    return {
      slot,
      opcode,
      dst,
      src,
      offset,
      imm,
      ...(imm64 === undefined ? undefined : { imm64: `0x${imm64.toString(16)}` }),
      ...(target === undefined ? undefined : { target }),
      text: pseudoC(instruction),
      ...(source === undefined ? undefined : { source }),
      ...(symbol === undefined ? undefined : { symbol }),
      ...(comment === undefined ? undefined : { comment }),
    }
  })
}

function sourceLine({ file, line }: SourcePosition, options: ListingOptions): string {
  const text = options.sourceLine?.(file, line)?.trim()
  const name = file.split(/[\\/]/).at(-1) ?? file
  return text === undefined || text === '' ? `; ${name}:${line}` : `; ${name}:${line}  ${text}`
}

function remark({ symbol, comment }: Instruction): string {
  const parts = symbol?.kind === 'field' ? [`${symbol.struct}::${symbol.path}`] : []
  if (comment !== undefined) parts.push(comment.replaceAll('\n', ' '))
  return parts.length === 0 ? '' : `  ; ${parts.join(', ')}`
}

function slotNumber(slot: number, digits: number): string {
  return `${String(slot).padStart(digits)}: `
}

function hexSlots(instruction: Instruction, endianness: Endianness = 'little'): string[] {
  const bytes = encode([instruction], endianness)
  const slots = []
  for (let at = 0; at < bytes.length; at += slotSize) slots.push(hex(bytes.subarray(at, at + slotSize), ' '))
  return slots
}

function hex(bytes: Uint8Array, separator: string): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(separator)
}
