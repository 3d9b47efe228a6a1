import { btfMagic } from '../../btf/wire-format.ts'
import { MalformedElfError } from './error.ts'

/** Records of `.BTF.ext` about one section; offsets in it are bytes from its start. */
export interface SectionInfo {
  /** `struct bpf_func_info`. */
  readonly funcs: readonly { readonly offset: number; readonly typeId: number }[]
  /** `struct bpf_line_info`. Strings are offsets into those of `.BTF`. */
  readonly lines: readonly LineRecord[]
  /** `struct bpf_core_relo`. */
  readonly relocations: readonly CoreRelocation[]
}

export interface LineRecord {
  readonly offset: number
  readonly file: number
  readonly text: number
  /** From 1. */
  readonly line: number
  /** From 1; 0 when not known. */
  readonly column: number
}

/** `struct bpf_core_relo` (include/uapi/linux/bpf.h). */
export interface CoreRelocation {
  readonly offset: number
  readonly typeId: number
  /** Of a string such as `0:2:0`. */
  readonly access: number
  /** `enum bpf_core_relo_kind`. */
  readonly kind: number
}

/** `struct btf_ext_header` up to line_info, and with core_relo (tools/lib/bpf/libbpf_internal.h). */
const shortHeader = 24
const fullHeader = 32

/**
 * Reads the section `.BTF.ext`.
 *
 * @returns records by the offset of their section's name in the strings of `.BTF`
 * @throws {MalformedElfError}
 */
export function readBtfExt(bytes: Uint8Array, littleEndian: boolean): Map<number, SectionInfo> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const u32 = (at: number): number => {
    if (at + 4 > bytes.byteLength) throw malformed(`it ends at ${bytes.byteLength}, before a record at ${at}`)
    return view.getUint32(at, littleEndian)
  }
  if (bytes.byteLength < shortHeader) throw malformed('it has no room for its header')
  if (view.getUint16(0, littleEndian) !== btfMagic) throw malformed('its magic number is wrong')
  const headerSize = u32(4)
  if (headerSize < shortHeader) throw malformed(`its header has ${headerSize} bytes`)
  const result = new Map<number, Mutable>()
  const part = (at: number, width: number, add: (to: Mutable, record: number) => void): void => {
    const start = headerSize + u32(at)
    const end = start + u32(at + 4)
    if (end > bytes.byteLength)
      throw malformed(`a part of it would end at ${end}, it has ${bytes.byteLength} bytes`)
    if (start === end) return
    const size = u32(start)
    if (size < width || size % 4 !== 0) throw malformed(`records of ${size} bytes, ${width} are needed`)
    for (let next = start + 4; next < end; ) {
      const name = u32(next)
      const count = u32(next + 4)
      next += 8
      if (next + count * size > end) throw malformed(`${count} records do not fit in`)
      const info = result.get(name) ?? { funcs: [], lines: [], relocations: [] }
      result.set(name, info)
      for (let i = 0; i < count; i++, next += size) add(info, next)
    }
  }
  part(8, 8, ({ funcs }, at) => funcs.push({ offset: u32(at), typeId: u32(at + 4) }))
  part(16, 16, ({ lines }, at) => lines.push(lineRecord(u32(at), u32(at + 4), u32(at + 8), u32(at + 12))))
  if (headerSize >= fullHeader)
    part(24, 16, ({ relocations }, at) =>
      relocations.push({ offset: u32(at), typeId: u32(at + 4), access: u32(at + 8), kind: u32(at + 12) }),
    )
  return result
}

type Mutable = { funcs: SectionInfo['funcs'][number][]; lines: LineRecord[]; relocations: CoreRelocation[] }

/** A line record from its words; line and column share the last: 22 and 10 bits. */
export function lineRecord(offset: number, file: number, text: number, lineColumn: number): LineRecord {
  return { offset, file, text, line: lineColumn >>> 10, column: lineColumn & 0x3ff }
}

function malformed(reason: string): MalformedElfError {
  return new MalformedElfError(`section .BTF.ext makes no sense: ${reason}`)
}
