import type { Btf } from '../../btf/reader.ts'
import type { SourcePosition } from '../../diagnostics/source-position.ts'
import { decode } from '../../isa/decode.ts'
import { slotCount } from '../../isa/encode.ts'
import { annotate } from '../../isa/fields.ts'
import type { Instruction } from '../../isa/instruction.ts'
import { accessSizeOf, instructionClass, slotSize } from '../../isa/opcodes.ts'
import type { CoreRelocation, LineRecord, SectionInfo } from './btf-ext.ts'
import { accessedMember } from './core-access.ts'
import { MalformedElfError } from './error.ts'
import type { ElfFile, FileRelocation, FileSection } from './file.ts'

/** An instruction with what its object says about it. */
export interface ObjectInstruction {
  /** With source position, and the member of a kernel struct where it accesses one. */
  readonly instruction: Instruction
  /** Slot in the section. */
  readonly slot: number
  readonly relocation: FileRelocation | undefined
}

/** `enum bpf_core_relo_kind` (include/uapi/linux/bpf.h), in words. */
const coreKinds = [
  'offset of',
  'size of',
  'existence of',
  'signedness of',
  'left shift of',
  'right shift of',
  'local id of',
  'target id of',
  'existence of type',
  'size of type',
  'existence of value',
  'value of',
  'match of type',
] as const

/** A section of instructions, decoded. */
export class CodeSection {
  readonly name: string
  readonly instructions: readonly ObjectInstruction[]
  readonly #bySlot: ReadonlyMap<number, number>

  /** @param lineTexts receives the text of lines, by `<line> <file>` */
  constructor(
    file: ElfFile,
    section: FileSection,
    btf: Btf | undefined,
    info: SectionInfo | undefined,
    lineTexts: Map<string, string>,
  ) {
    this.name = section.name
    const relocations = new Map(file.relocations.get(section.index)?.map((it) => [it.offset, it]))
    const core = new Map(info?.relocations.map((it) => [it.offset, it]))
    const position = lineReader(info?.lines ?? [], btf, lineTexts)
    let slot = 0
    this.instructions = decode(section.bytes, file.littleEndian ? 'little' : 'big').map((decoded) => {
      const offset = slot * slotSize
      const source = position(offset)
      const relocation = core.get(offset)
      const typed =
        relocation === undefined || btf === undefined ? decoded : withMember(decoded, relocation, btf)
      const result = {
        instruction: source === undefined ? typed : annotate(typed, { source }),
        slot,
        relocation: relocations.get(offset),
      }
      slot += slotCount(decoded)
      return result
    })
    this.#bySlot = new Map(this.instructions.map((it, index) => [it.slot, index]))
  }

  /** The index of the instruction at a slot. @throws {MalformedElfError} when none begins there */
  indexOf(slot: number): number {
    const index = this.#bySlot.get(slot)
    if (index === undefined)
      throw new MalformedElfError(`no instruction begins at slot ${slot} of section ${this.name}`)
    return index
  }
}

/** Positions by place: a record holds until the next one. */
function lineReader(
  lines: readonly LineRecord[],
  btf: Btf | undefined,
  texts: Map<string, string>,
): (offset: number) => SourcePosition | undefined {
  const sorted = lines.toSorted((a, b) => a.offset - b.offset)
  let last: SourcePosition | undefined
  const positions = sorted.map((record) => {
    // Line 0 is the compiler's own doing, on behalf of the line before.
    if (record.line === 0) return last
    const file = btf?.string(record.file) ?? ''
    const text = btf?.string(record.text) ?? ''
    if (text !== '') texts.set(`${record.line} ${file}`, text)
    last = { file, line: record.line, column: record.column }
    return last
  })
  let current = -1
  return (offset) => {
    while ((sorted[current + 1]?.offset ?? Number.POSITIVE_INFINITY) <= offset) current++
    return positions[current]
  }
}

/**
 * Names the member of a kernel struct that an instruction depends on. Of a memory access the local offset goes: the
 * loader puts the kernel's in its place.
 */
function withMember(
  instruction: Instruction,
  { typeId, access, kind }: CoreRelocation,
  btf: Btf,
): Instruction {
  const member = accessedMember(btf, typeId, btf.string(access) ?? '')
  const what = member === undefined ? nameOf(btf, typeId) : `${member.struct}::${member.path}`
  const family = instruction.opcode & 0x07
  const isAccess =
    family === instructionClass.ldx || family === instructionClass.stx || family === instructionClass.st
  if (kind !== 0 || member === undefined || !isAccess)
    return annotate(instruction, { comment: `${coreKinds[kind] ?? `relocation ${kind} of`} ${what}` })
  const size = accessSizeOf(instruction.opcode)
  return annotate({ ...instruction, offset: 0 }, { symbol: { kind: 'field', ...member, size } })
}

function nameOf(btf: Btf, typeId: number): string {
  const type = btf.type(typeId)
  return 'name' in type && type.name !== '' ? type.name : `type ${typeId}`
}
