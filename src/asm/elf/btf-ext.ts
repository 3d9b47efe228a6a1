import { btfMagic, btfVersion } from '../btf/wire-format.ts'

/** Records about one section's instructions; offsets in them are bytes from the start of the section. */
export interface SectionRecords {
  /** Offset of the section's name in the strings of `.BTF`. */
  readonly nameOffset: number
  /** `struct bpf_func_info {insn_off, type_id}`. */
  readonly funcs: number[]
  /** `struct bpf_line_info {insn_off, file_name_off, line_off, line_col}`. */
  readonly lines: number[]
  /** `struct bpf_core_relo {insn_off, type_id, access_str_off, kind}` (include/uapi/linux/bpf.h). */
  readonly relocations: number[]
}

/** Bytes of `struct btf_ext_header` with core_relo (tools/lib/bpf/libbpf_internal.h). */
const headerSize = 32

/** Writes the section `.BTF.ext`, little-endian. */
export function btfExt(sections: readonly SectionRecords[]): Uint8Array {
  const parts = [
    records(sections, (section) => section.funcs, 2),
    records(sections, (section) => section.lines, 4),
    records(sections, (section) => section.relocations, 4),
  ]
  const words: number[] = [headerSize]
  let offset = 0
  for (const part of parts) {
    words.push(offset, part.length * 4)
    offset += part.length * 4
  }
  words.push(...parts.flat())
  const bytes = new Uint8Array(4 + words.length * 4)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, btfMagic, true)
  view.setUint8(2, btfVersion)
  for (const [index, word] of words.entries()) view.setUint32(4 + index * 4, word, true)
  return bytes
}

/** The size of a record, then for each section its name, how many records, and the records; empty without any. */
function records(
  sections: readonly SectionRecords[],
  of: (section: SectionRecords) => readonly number[],
  width: number,
): number[] {
  const filled = sections.filter((section) => of(section).length > 0)
  if (filled.length === 0) return []
  return [
    width * 4,
    ...filled.flatMap((section) => [section.nameOffset, of(section).length / width, ...of(section)]),
  ]
}
