/**
 * Numbers of the encoding that reader and writer share. All words of the type section are 32 bits in the byte
 * order that the magic number tells. Source: include/uapi/linux/btf.h.
 */

/** `BTF_MAGIC`, a u16. */
export const btfMagic = 0xeb9f

/** `BTF_VERSION`. */
export const btfVersion = 1

/** Bytes of `struct btf_header` up to Linux 7.0. */
export const btfHeaderSize = 24

/** Bytes of `struct btf_header` with the layout section's offset and length (Linux 7.1). */
export const btfHeaderSizeWithLayout = 32

/** 32-bit words of `struct btf_type`: name_off, info, size or type. */
export const typeWords = 3

/** By kind number: 32-bit words that follow `struct btf_type` once. Index 0 is no kind. */
export const fixedWords: readonly number[] = [0, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0]

/** By kind number: 32-bit words that follow per unit of vlen. FUNC keeps its linkage in vlen. */
export const wordsPerElement: readonly number[] = [0, 0, 0, 0, 3, 3, 2, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0, 0, 0, 3]

/** `BTF_INFO_KIND`: bits 24–28, since Linux 7.1 24–30; the two more had to be zero before. */
export function infoKind(info: number): number {
  return (info >>> 24) & 0x7f
}

/** `BTF_INFO_VLEN`: bits 0–15, since Linux 7.1 0–23; the eight more had to be zero before. */
export function infoVlen(info: number): number {
  return info & 0xffffff
}

/** `BTF_INFO_KFLAG`. */
export function infoFlag(info: number): boolean {
  return info >>> 31 === 1
}

/** `BTF_INT_*` encoding bits. */
export const intEncoding = { signed: 1, char: 2, bool: 4 } as const

/** True where the machine that runs this stores the low byte first. */
export const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
