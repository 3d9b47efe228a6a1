import { malformed } from './error.ts'
import {
  btfHeaderSize,
  btfHeaderSizeWithLayout,
  btfMagic,
  btfVersion,
  hostIsLittleEndian,
} from './wire-format.ts'

/** The parts of a BTF blob, bounds checked. */
export interface BtfSections {
  /** Byte order of the blob. */
  readonly littleEndian: boolean
  /** The type section as words in the byte order of this machine; a view of the blob where that is possible. */
  readonly types: Uint32Array
  /** Byte offset of the type section in the blob. */
  readonly typesOffset: number
  /** The string section; a view of the blob. */
  readonly strings: Uint8Array
  /** Of kinds described by the layout section (Linux 7.1): `struct btf_layout`, 4 bytes each, by kind number. */
  readonly layout: Uint8Array
}

/**
 * Reads `struct btf_header` and cuts the blob into its sections.
 *
 * @param split whether the blob continues another one: then its string section need not begin with an empty
 *   string, or may be missing
 * @throws {BtfError} `BTF_MALFORMED`
 */
export function readSections(bytes: Uint8Array, split: boolean): BtfSections {
  if (bytes.byteLength < btfHeaderSize)
    throw malformed(`${bytes.byteLength} bytes, the header alone has ${btfHeaderSize}`, { offset: 0 })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const littleEndian = view.getUint16(0, true) === btfMagic
  if (!littleEndian && view.getUint16(0, false) !== btfMagic)
    throw malformed(`does not begin with the magic number 0x${btfMagic.toString(16)}`, { offset: 0 })
  if (view.getUint8(2) !== btfVersion)
    throw malformed(`version ${view.getUint8(2)}; only ${btfVersion} is known`, { offset: 2 })
  if (view.getUint8(3) !== 0)
    throw malformed(`flags 0x${view.getUint8(3).toString(16)}; none is known`, { offset: 3 })
  const headerSize = view.getUint32(4, littleEndian)
  if (headerSize < btfHeaderSize || headerSize > bytes.byteLength)
    throw malformed(`header of ${headerSize} bytes`, { offset: 4 })

  const section = (name: string, at: number): Uint8Array => {
    const start = headerSize + view.getUint32(at, littleEndian)
    const length = view.getUint32(at + 4, littleEndian)
    if (start + length > bytes.byteLength)
      throw malformed(`the ${name} section would end at ${start + length}, the data at ${bytes.byteLength}`, {
        offset: at,
      })
    return bytes.subarray(start, start + length)
  }
  const types = section('type', 8)
  const strings = section('string', 16)
  const layout = headerSize >= btfHeaderSizeWithLayout ? section('layout', 24) : new Uint8Array()
  const typesOffset = types.byteOffset - bytes.byteOffset
  if (types.byteLength % 4 !== 0)
    throw malformed(`type section of ${types.byteLength} bytes, not a multiple of 4`, { offset: 12 })
  checkStrings(strings, split, strings.byteOffset - bytes.byteOffset)
  return { littleEndian, types: toWords(types, littleEndian), typesOffset, strings, layout }
}

function checkStrings(strings: Uint8Array, split: boolean, offset: number): void {
  if (strings.byteLength === 0) {
    if (!split) throw malformed('empty string section', { offset })
    return
  }
  if (!split && strings[0] !== 0)
    throw malformed('the string section does not begin with an empty string', { offset })
  if (strings[strings.byteLength - 1] !== 0)
    throw malformed('the last string has no end', { offset: offset + strings.byteLength - 1 })
}

/** Words in host order: without a copy for aligned data in host order, which kernel BTF is. */
function toWords(bytes: Uint8Array, littleEndian: boolean): Uint32Array {
  const native = littleEndian === hostIsLittleEndian
  const aligned = native && bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4)
  if (native) return words
  const view = new DataView(aligned.buffer)
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(i * 4, littleEndian)
  return words
}
